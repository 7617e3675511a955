import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import { isAscii } from '../ascii.ts';
import { unassigned } from '../unicode/character-classes.ts';
import { CodePointSet } from '../unicode/code-points.ts';
import { lowercaseLetter, lowercasePairs } from '../unicode/lowercase.ts';

let differing: RegExp | undefined;

/** Finds the letters of which this engine may know another small letter than the library. */
function differingLetters(): RegExp {
  if (differing !== undefined) return differing;
  const spelled = (codePoint: number) => String.fromCodePoint(codePoint);
  const pairs = [...lowercasePairs()].filter(([letter, small]) => spelled(letter).toLowerCase() !== spelled(small));
  const letters = CodePointSet.of(...pairs.map(([letter]) => letter)).union(unassigned);
  differing = new RegExp(`[${letters.source}]`, 'gu');
  return differing;
}

/** Makes each letter small by itself, whatever its neighbours are: a sigma stays σ at the end of a word. */
export function lowerCase(text: AlignedText): AlignedText {
  const original = text.text;
  const lower = isAscii(original) ? original.toLowerCase() : loweredLetters(original);
  if (lower === original) return text;
  return lower.length === original.length ? text.respelled(lower) : withDottedI(text).respelled(lower);
}

function loweredLetters(text: string): string {
  const withoutSigma = text.replaceAll('Σ', 'σ');
  const pattern = differingLetters();
  if (withoutSigma.search(pattern) < 0) return withoutSigma.toLowerCase();
  let lower = '';
  let last = 0;
  for (const { index, 0: letter } of withoutSigma.matchAll(pattern)) {
    lower += withoutSigma.slice(last, index).toLowerCase() + lowercaseLetter(letter);
    last = index + letter.length;
  }
  return lower + withoutSigma.slice(last).toLowerCase();
}

/** Doubles each capital I with a dot, the only letter that becomes two characters. */
function withDottedI(text: AlignedText): AlignedText {
  const builder = new AlignedTextBuilder(text);
  let last = 0;
  for (let at = text.text.indexOf('İ'); at >= 0; at = text.text.indexOf('İ', last)) {
    builder.keep(last, at).add('İİ', at, at + 1);
    last = at + 1;
  }
  return builder.keep(last, text.length).build();
}
