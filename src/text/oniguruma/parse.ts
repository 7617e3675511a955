import { caseSet, longCases } from './case-folding.ts';
import { readClass, readSet } from './character-class.ts';
import { codePoints, escapedCharacter } from './escapes.ts';
import { NO_OPTIONS, OPTION_LETTERS, type Options } from './options.ts';
import { wordSet } from './properties.ts';
import { Reader } from './reader.ts';
import type { Part, Refuse, Way } from './syntax.ts';

/**
 * Reads a regular expression in Oniguruma's syntax for Ruby, which is what the Rust library takes.
 *
 * Source: doc/RE and src/regparse.c of https://github.com/kkos/oniguruma.
 */
export function parseExpression(source: string, refuse: Refuse): Part {
  const plain = new Parser(source, refuse, false);
  const part = plain.parse();
  return plain.hasNames ? new Parser(source, refuse, true).parse() : part;
}

const place = (source: string): Part => ({ kind: 'javascript', source, isPlace: true, mayBeEmpty: true });
const setOf = (set: string): Part => ({ kind: 'set', set });

/** Places that do not depend on options. The end of a text is no new line. */
const places: Readonly<Record<string, string>> = { A: '^', z: '$', Z: '(?=\\n?$)' };
const LINE_START = '(?:^|(?<=\\n)(?!$))';
const LINE_END = '(?=\\n|$)';
const LINE_BREAK = '(?:\\r\\n|(?!\\r\\n)[\\n-\\r\\x85\\u2028\\u2029])';

/** What stands behind a backslash and has no counterpart in JavaScript. */
const strange: Readonly<Record<string, string>> = {
  G: 'the start of the search \\G',
  K: '\\K, which leaves out what is before it',
  X: 'the grapheme \\X',
  y: 'the border of a grapheme \\y',
  Y: 'the inside of a grapheme \\Y',
  g: 'a call of a group \\g',
};

class Parser {
  readonly #reader: Reader;
  readonly #refuse: Refuse;
  /** Where groups have names, those without one are no captures. */
  readonly #capturesNamesOnly: boolean;
  readonly #names = new Map<string, number[]>();
  #captures = 0;

  constructor(source: string, refuse: Refuse, capturesNamesOnly: boolean) {
    this.#reader = new Reader(source);
    this.#refuse = refuse;
    this.#capturesNamesOnly = capturesNamesOnly;
  }

  get hasNames(): boolean {
    return this.#names.size > 0;
  }

  parse(): Part {
    const part = this.#branches(NO_OPTIONS);
    return this.#reader.isAtEnd ? part : this.#refuse('a ) without its (');
  }

  #branches(options: Options): Part {
    const branches = [this.#sequence(options)];
    while (this.#reader.take('|')) branches.push(this.#sequence(options));
    return branches.length === 1 ? branches[0] : { kind: 'branches', branches };
  }

  #sequence(options: Options): Part {
    const parts: Part[] = [];
    const reader = this.#reader;
    for (;;) {
      this.#skip(options);
      if (reader.isAtEnd || reader.peek() === '|' || reader.peek() === ')') break;
      const part = this.#repeated(this.#atom(options), options);
      if (part.kind === 'sequence') parts.push(...part.parts);
      else parts.push(part);
    }
    return parts.length === 1 ? parts[0] : { kind: 'sequence', parts };
  }

  /** Moves behind comments, and behind white space where it counts for nothing. */
  #skip({ isExtended }: Options): void {
    const reader = this.#reader;
    for (;;) {
      if (reader.take('(?#')) {
        while (reader.peek() !== ')') {
          if (reader.isAtEnd) this.#refuse('a comment without its )');
          if (reader.next() === '\\') reader.next();
        }
        reader.next();
      } else if (isExtended && reader.peek() === '#') {
        while (!reader.isAtEnd && reader.next() !== '\n');
      } else if (isExtended && /^[ \t\n\r\f]/.test(reader.peek())) {
        reader.next();
      } else {
        return;
      }
    }
  }

  #repeated(part: Part, options: Options): Part {
    let result = part;
    for (;;) {
      this.#skip(options);
      const quantifier = this.#quantifier();
      if (quantifier === null) return result;
      if (result.kind === 'look' || (result.kind === 'javascript' && result.isPlace)) {
        return this.#refuse('a place that is repeated');
      }
      for (const { least, most, way } of quantifier) result = repeat(result, least, most, way, this.#refuse);
    }
  }

  /** Reads a quantifier, which may stand for two, one upon the other; null if there is none. */
  #quantifier(): readonly { least: number; most: number; way: Way }[] | null {
    const reader = this.#reader;
    const sign = reader.match(/^[?*+]/);
    if (sign !== null) {
      const way = reader.take('?') ? 'lazy' : reader.take('+') ? 'possessive' : 'greedy';
      const most = sign[0] === '?' ? 1 : Number.POSITIVE_INFINITY;
      return [{ least: sign[0] === '+' ? 1 : 0, most, way }];
    }
    const counts = reader.match(/^\{(?:(\d+)(?:(,)(\d*))?|,(\d+))\}/);
    if (counts === null) return null;
    const least = Number(counts[1] ?? 0);
    const most = counts[4] !== undefined ? Number(counts[4]) : counts[2] ? Number(counts[3] || Infinity) : least;
    if (least > 100000 || (most > 100000 && most !== Infinity)) return this.#refuse('a count above 100000');
    if (most < least) return [{ least: most, most: least, way: 'possessive' }];
    if (!reader.take('?')) return [{ least, most, way: 'greedy' }];
    if (least < most) return [{ least, most, way: 'lazy' }];
    return [
      { least, most, way: 'greedy' },
      { least: 0, most: 1, way: 'greedy' },
    ];
  }

  #atom(options: Options): Part {
    const reader = this.#reader;
    if (reader.match(/^(?:[?*+]|\{(?:\d+(?:,\d*)?|,\d+)\})/))
      return this.#refuse('a quantifier without what it repeats');
    const sign = reader.next();
    if (sign === '(') return this.#group(options);
    if (sign === '[') return this.#class(options);
    if (sign === '.') return setOf(options.isMultiLine ? '[^]' : '[^\\n]');
    if (sign === '^') return place(LINE_START);
    if (sign === '$') return place(LINE_END);
    if (sign === '\\') return this.#escape(options);
    return this.#character(sign, options);
  }

  #character(character: string, { ignoresCase }: Options): Part {
    return { kind: 'character', character, ignoresCase };
  }

  #class(options: Options): Part {
    const { set, isNegative } = readClass(this.#reader, options, this.#refuse);
    const whole = options.ignoresCase ? caseSet(set) : set;
    if (isNegative) return setOf(`[^${whole}]`);
    const long = options.ignoresCase ? longCases(set) : [];
    if (long.length === 0) return setOf(whole);
    const branches = long.map((source): Part => ({ kind: 'javascript', source, isPlace: false, mayBeEmpty: false }));
    return { kind: 'branches', branches: [setOf(whole), ...branches] };
  }

  #escape(options: Options): Part {
    const reader = this.#reader;
    const set = readSet(reader, options, false, this.#refuse);
    if (set !== undefined) return setOf(set);
    const letter = reader.peek();
    if (strange[letter] !== undefined) return this.#refuse(strange[letter]);
    const reference = this.#reference(options);
    if (reference !== null) return reference;
    const points = codePoints(reader, this.#refuse);
    if (points !== undefined) {
      if (points.some(([first, last]) => first !== last)) return this.#refuse('a range in \\x{…} outside of a class');
      return { kind: 'sequence', parts: points.map(([first]) => this.#character(first, options)) };
    }
    if (places[letter] !== undefined) return place(places[reader.next()]);
    if (reader.take('N')) return setOf('[^\\n]');
    if (reader.take('O')) return setOf('[^]');
    if (reader.take('R')) return { kind: 'javascript', source: LINE_BREAK, isPlace: false, mayBeEmpty: false };
    const word = wordSet(options);
    if (reader.take('b')) return place(`(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`);
    if (reader.take('B')) return place(`(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`);
    return this.#character(escapedCharacter(reader, this.#refuse), options);
  }

  #reference({ ignoresCase }: Options): Part | null {
    const reader = this.#reader;
    const numbers = this.#referredNumbers();
    if (numbers === null) return reader.match(/^k[<']/) ? this.#refuse('a reference that is no group before it') : null;
    return { kind: 'reference', numbers, ignoresCase };
  }

  #referredNumbers(): readonly number[] | null {
    const named = this.#reader.match(/^k(?:<(-?[\p{L}\p{N}_]+)>|'(-?[\p{L}\p{N}_]+)')/u);
    if (named === null) {
      const digits = /^[1-9]\d*/.exec(this.#reader.peek() + this.#reader.peek(1) + this.#reader.peek(2))?.[0];
      if (digits === undefined || (Number(digits) > 9 && Number(digits) > this.#captures)) return null;
      if (this.#capturesNamesOnly) return this.#refuse('a reference by number, though its groups have names');
      for (let i = 0; i < digits.length; i++) this.#reader.next();
      return [Number(digits)];
    }
    const name = named[1] ?? named[2];
    const numbers = this.#names.get(name);
    if (numbers !== undefined) return [...numbers];
    if (!/^-?\d+$/.test(name)) return this.#refuse(`a reference to the group ${name}, which is not before it`);
    return [Number(name) < 0 ? this.#captures + 1 + Number(name) : Number(name)];
  }

  #group(options: Options): Part {
    const reader = this.#reader;
    if (reader.peek() === '*') return this.#refuse('a callout (*…)');
    if (!reader.take('?')) {
      return this.#capturesNamesOnly ? this.#rest(options) : this.#capture(options);
    }
    if (reader.take(':')) return this.#rest(options);
    if (reader.take('>')) return { kind: 'atomic', part: this.#rest(options) };
    const look = reader.match(/^(<?)([=!])/);
    if (look !== null) {
      return { kind: 'look', isBehind: look[1] === '<', isNegative: look[2] === '!', part: this.#rest(options) };
    }
    const name = reader.match(/^(?:<([^>]*)>|'([^']*)')/);
    if (name !== null) return this.#capture(options, name[1] ?? name[2]);
    if (reader.peek() === '~') return this.#refuse('an absent group (?~…)');
    if (reader.peek() === '(') return this.#refuse('a condition (?(…)…)');
    if (reader.peek() === '{') return this.#refuse('a callout (?{…})');
    return this.#withOptions(options);
  }

  /** Reads a group up to its end. */
  #rest(options: Options): Part {
    const part = this.#branches(options);
    return this.#reader.take(')') ? part : this.#refuse('a ( without its )');
  }

  #capture(options: Options, name?: string): Part {
    const number = ++this.#captures;
    if (name !== undefined) {
      if (!/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) return this.#refuse(`the name <${name}> of a group`);
      this.#names.set(name, [...(this.#names.get(name) ?? []), number]);
    }
    return { kind: 'capture', part: this.#rest(options), number };
  }

  /** Reads `(?i:…)`, or `(?i)`, which holds up to the end of the group around it, over all its branches. */
  #withOptions(options: Options): Part {
    const reader = this.#reader;
    let changed = options;
    let isOn = true;
    for (;;) {
      const letter = reader.next();
      const option = Object.hasOwn(OPTION_LETTERS, letter) ? OPTION_LETTERS[letter] : undefined;
      if (letter === '-') isOn = false;
      else if (option !== undefined) changed = { ...changed, [option[0]]: isOn };
      else if (letter === ':') return { kind: 'closed', part: this.#rest(changed) };
      else if (letter === ')' && reader.peek(-2) !== '?') return { kind: 'closed', part: this.#branches(changed) };
      else return this.#refuse(`a group (?${letter}`);
    }
  }
}

/** A part with a quantifier. Simple ones upon each other are one, as in Oniguruma. */
function repeat(part: Part, least: number, most: number, way: Way, refuse: Refuse): Part {
  if (part.kind !== 'repeat') return { kind: 'repeat', part, least, most, way };
  if (part.way === 'lazy' || way === 'lazy') return refuse('a lazy quantifier upon another quantifier');
  if (way !== 'greedy' || part.way !== 'greedy' || !isSimple(least, most) || !isSimple(part.least, part.most)) {
    return { kind: 'repeat', part, least, most, way };
  }
  return { ...part, least: least * part.least, most: Math.max(most, part.most) };
}

const isSimple = (least: number, most: number): boolean => least < 2 && (most === 1 ? least === 0 : most === Infinity);
