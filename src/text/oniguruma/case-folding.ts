import { escaped } from './syntax.ts';

/** Where letters that have another case are: scripts that have none are left out. */
const casedRanges = [
  [0x41, 0x587],
  [0x10a0, 0x10ff],
  [0x13a0, 0x13ff],
  [0x1c80, 0x24ff],
  [0x2c00, 0x2d2f],
  [0xa640, 0xabbf],
  [0xfb00, 0xfb17],
  [0xff21, 0xff5a],
  [0x10400, 0x10d8f],
  [0x118a0, 0x118df],
  [0x16e40, 0x16edf],
  [0x1e900, 0x1e943],
] as const;

interface Foldings {
  /** The characters that differ in case only from one that folds to a character. */
  readonly single: ReadonlyMap<string, readonly string[]>;
  /** The characters that fold to several, by these. */
  readonly several: ReadonlyMap<string, readonly string[]>;
}

const eachOf = (text: string, change: (character: string) => string): string => [...text].map(change).join('');

/** The form in which characters that differ in case only are the same; several characters for `ß` and its like. */
export function folded(character: string): string {
  // The dotless i is no small I, save in Turkish.
  if (character === 'ı') return character;
  const upper = eachOf(character.toLowerCase(), (letter) => letter.toUpperCase());
  return eachOf(upper, (letter) => letter.toLowerCase());
}

let known: Foldings | null = null;

function foldings(): Foldings {
  if (known !== null) return known;
  const [single, several] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const [first, last] of casedRanges) {
    for (let code = first; code <= last; code++) {
      const character = String.fromCodePoint(code);
      const form = folded(character);
      const isSingle = [...form].length === 1;
      if (isSingle && form === character && character.toUpperCase() === character) continue;
      const forms = isSingle ? single : several;
      const same = forms.get(form);
      if (same === undefined) forms.set(form, isSingle && form !== character ? [form, character] : [character]);
      else if (!same.includes(character)) same.push(character);
    }
  }
  known = { single, several };
  return known;
}

/** Returns the class of the characters that fold to one. */
function caseClass(form: string): string {
  const same = foldings().single.get(form) ?? [form];
  return same.length === 1 ? escaped(same[0]) : `[${same.map(escaped).join('')}]`;
}

const classOf = (characters: readonly string[]): string => `[${characters.map(escaped).join('')}]`;

/**
 * Writes a string that matches in any case, also by characters that fold to several of its own, such as `ß` for `ss`.
 *
 * @param isLong whether these may match too; not behind a place, where a match has one length
 */
export function anyCase(text: string, isLong: boolean): string {
  if (!isLong) return [...text].map((character) => caseSet(escaped(character))).join('');
  const forms = [...eachOf(text, folded)];
  let source = '';
  for (let at = 0; at < forms.length; ) {
    const length = [3, 2].find(
      (n) => at + n <= forms.length && foldings().several.has(forms.slice(at, at + n).join('')),
    );
    const chunk = forms.slice(at, at + (length ?? 1));
    const letters = chunk.map(caseClass).join('');
    const joined = length === undefined ? undefined : foldings().several.get(chunk.join(''));
    source += joined === undefined ? letters : `(?:${classOf(joined)}|${letters})`;
    at += chunk.length;
  }
  return source;
}

/** Returns a set with all the characters that differ in case only from its own. */
export function caseSet(set: string): string {
  const isIn = new RegExp(`^${set}$`, 'v');
  const { single, several } = foldings();
  const added: string[] = [];
  for (const same of [...single.values(), ...several.values()]) {
    if (same.some((character) => isIn.test(character))) added.push(...same.filter((c) => !isIn.test(c)));
  }
  return added.length === 0 ? set : `[${set}${added.map(escaped).join('')}]`;
}

/** Returns the strings, in any case, to which characters of a set fold. */
export function longCases(set: string): readonly string[] {
  const isIn = new RegExp(`^${set}$`, 'v');
  const forms = [...foldings().several].filter(([, same]) => same.some((character) => isIn.test(character)));
  return forms.map(([form]) => [...form].map(caseClass).join(''));
}
