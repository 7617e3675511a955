const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Reads whole numbers that are written in base-64 digits of five bits, lowest first; all but a number's last have 32 added. */
export function readNumbers(written: string): number[] {
  const numbers: number[] = [];
  let number = 0;
  let shift = 0;
  for (const letter of written) {
    const digit = DIGITS.indexOf(letter);
    number += (digit & 31) << shift;
    shift += 5;
    if (digit >= 32) continue;
    numbers.push(number);
    number = shift = 0;
  }
  return numbers;
}

/** The number after the last code point. */
export const CODE_POINTS = 0x110000;

/** A set of code points, made of ranges from its first code point up to the one after its last. */
export class CodePointSet {
  readonly ranges: readonly (readonly [from: number, to: number])[];
  #bits: Uint8Array | undefined;

  /** @param ranges in any order; they may overlap */
  constructor(ranges: Iterable<readonly [from: number, to: number]>) {
    const merged: [number, number][] = [];
    for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
      const last = merged.at(-1);
      if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
      else merged.push([from, to]);
    }
    this.ranges = merged;
  }

  /** Reads a set that is written as the lengths of what is out of it and in it, in turns. */
  static read(written: string): CodePointSet {
    const lengths = readNumbers(written);
    const ranges: [number, number][] = [];
    let at = 0;
    for (let i = 0; i < lengths.length; i += 2) {
      const from = at + lengths[i];
      at = from + lengths[i + 1];
      ranges.push([from, at]);
    }
    return new CodePointSet(ranges);
  }

  /** The set of some code points. */
  static of(...codePoints: number[]): CodePointSet {
    return new CodePointSet(codePoints.map((codePoint) => [codePoint, codePoint + 1]));
  }

  union(...others: readonly CodePointSet[]): CodePointSet {
    return new CodePointSet([this, ...others].flatMap(({ ranges }) => ranges));
  }

  has(codePoint: number): boolean {
    this.#bits ??= this.#makeBits();
    return (this.#bits[codePoint >> 3] & (1 << (codePoint & 7))) !== 0;
  }

  #makeBits(): Uint8Array {
    const bits = new Uint8Array(CODE_POINTS >> 3);
    for (const [from, to] of this.ranges) {
      for (let codePoint = from; codePoint < to; codePoint++) bits[codePoint >> 3] |= 1 << (codePoint & 7);
    }
    return bits;
  }

  /** The set as it is written between the brackets of a regular expression with the flag `u` or `v`. */
  get source(): string {
    const written = (codePoint: number) => `\\u{${codePoint.toString(16)}}`;
    return this.ranges
      .map(([from, to]) => (to === from + 1 ? written(from) : `${written(from)}-${written(to - 1)}`))
      .join('');
  }
}
