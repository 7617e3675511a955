import { codePoints, escapedCharacter } from './escapes.ts';
import type { Options } from './options.ts';
import { posixSet, propertySet, wordSet } from './properties.ts';
import type { Reader } from './reader.ts';
import { escaped, type Refuse } from './syntax.ts';

/** What stands between brackets: a set of characters, or all that are not in it. */
export interface CharacterClass {
  readonly set: string;
  readonly isNegative: boolean;
}

const shorthand: Readonly<Record<string, string>> = { w: 'word', d: 'digit', s: 'space', h: 'xdigit' };

/** Reads a set that is written with a backslash: `\w`, `\S`, `\p{Han}`; undefined, and nothing read, if it is none. */
export function readSet(reader: Reader, options: Options, isInClass: boolean, refuse: Refuse): string | undefined {
  const letter = reader.peek();
  const name = shorthand[letter.toLowerCase()];
  if (name !== undefined) {
    reader.next();
    const set = name === 'word' && !isInClass ? wordSet(options) : posixSet(name, options)!;
    return letter === letter.toLowerCase() ? set : `[^${set}]`;
  }
  const property = reader.match(/^([pP])\{(\^?)([^{}]*)\}/);
  if (property === null) return undefined;
  const set = propertySet(property[3], options, isInClass);
  if (set === undefined) return refuse(`the property \\p{${property[3]}}`);
  return (property[1] === 'P') === (property[2] === '') ? `[^${set}]` : set;
}

const UNCLOSED = 'a [ without its ]';

/** Reads a class behind its `[`. */
export function readClass(reader: Reader, options: Options, refuse: Refuse): CharacterClass {
  const isNegative = reader.take('^');
  const operands: string[] = [];
  let items = '';
  let isFirst = true;
  for (; ; isFirst = false) {
    if (reader.isAtEnd) return refuse(UNCLOSED);
    if (reader.peek() === ']' && !isFirst) break;
    if (reader.peek() === ']' && !closesLater(reader)) return refuse('an empty class []');
    if (reader.take('&&')) {
      operands.push(`[${items}]`);
      items = '';
    } else {
      items += readItem(reader, options, refuse);
    }
  }
  reader.next();
  const set = [...operands, `[${items}]`];
  return { set: set.length === 1 ? set[0] : `[${set.join('&&')}]`, isNegative };
}

/** Returns whether a `]` that is next can be a sign, as another one follows. */
function closesLater(reader: Reader): boolean {
  for (let ahead = 1; reader.peek(ahead) !== ''; ahead++) {
    if (reader.peek(ahead) === '\\') ahead++;
    else if (reader.peek(ahead) === ']') return true;
  }
  return false;
}

/** Reads a set, a character, or the range that begins with it, as JavaScript writes it. */
function readItem(reader: Reader, options: Options, refuse: Refuse): string {
  const posix = reader.match(/^\[:(\^?)([^:[\]]*):\]/);
  if (posix !== null) {
    const set = posixSet(posix[2], options) ?? refuse(`[:${posix[2]}:]`);
    return withoutRange(posix[1] === '' ? set : `[^${set}]`, reader, refuse);
  }
  if (reader.take('[')) {
    const { set, isNegative } = readClass(reader, options, refuse);
    return isNegative ? `[^${set}]` : set;
  }
  const first = readMember(reader, options, refuse);
  if (first.length > 1) return withoutRange(first.join(''), reader, refuse);
  if (!isRange(reader)) return first[0];
  reader.next();
  if (reader.peek() === '[') return refuse('a range that ends in a class');
  const last = readMember(reader, options, refuse);
  if (last.length > 1 || !isCharacter(last[0]) || !isCharacter(first[0])) return refuse('a range that ends in a set');
  if (Number.parseInt(first[0].slice(3), 16) > Number.parseInt(last[0].slice(3), 16)) return refuse('an empty range');
  return `${first[0]}-${last[0]}`;
}

const isCharacter = (item: string): boolean => item.startsWith('\\u{');

/** Returns whether a `-` is next that stands between two others. */
const isRange = (reader: Reader): boolean =>
  reader.peek() === '-' && reader.peek(1) !== ']' && !(reader.peek(1) === '&' && reader.peek(2) === '&');

function withoutRange(set: string, reader: Reader, refuse: Refuse): string {
  return isRange(reader) ? refuse('a range that begins with a set') : set;
}

/** Reads a character, or a set, or several characters in one escape, each as JavaScript writes it. */
function readMember(reader: Reader, options: Options, refuse: Refuse): readonly string[] {
  if (reader.isAtEnd) return refuse(UNCLOSED);
  if (!reader.take('\\')) return [escaped(reader.next())];
  const set = readSet(reader, options, true, refuse);
  if (set !== undefined) return [withoutRange(set, reader, refuse)];
  if (reader.take('b')) return [escaped('\b')];
  const points = codePoints(reader, refuse);
  if (points === undefined) return [escaped(escapedCharacter(reader, refuse))];
  return points.map(([first, last]) => (first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`));
}
