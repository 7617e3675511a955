import type { Memory } from './memory.ts';

/** Byte addresses of u8 [16, 16]: for each four bits, which byte of four floats `i8x16.swizzle` puts where. */
export interface MovePatterns {
  /** The first float goes to the place of the first bit that is 1, the next to that of the next; 0 to the others. */
  readonly toPlaces: number;
  /** The other way: the floats at the places of bits that are 1 move to the front. */
  readonly fromPlaces: number;
}

const FLOATS = 4;
/** A byte that is 0 in the result. */
const ZERO = 0x80;

function patternsOf(place: (target: number, kept: readonly number[]) => number): Uint8Array {
  const patterns = new Uint8Array(2 ** FLOATS * 16).fill(ZERO);
  for (let bits = 0; bits < 2 ** FLOATS; bits++) {
    const kept = Array.from({ length: FLOATS }, (_, lane) => lane).filter((lane) => (bits >> lane) & 1);
    for (let target = 0; target < FLOATS; target++) {
      const source = place(target, kept);
      for (let byte = 0; source >= 0 && byte < 4; byte++) patterns[16 * bits + 4 * target + byte] = 4 * source + byte;
    }
  }
  return patterns;
}

/** Writes the patterns by which kept values are moved into a dense row and out of it; they stay in the memory. */
export function movePatterns(memory: Memory): MovePatterns {
  const write = (patterns: Uint8Array): number => {
    const { start } = memory.allocate(patterns.length);
    new Uint8Array(memory.wasm.buffer, start, patterns.length).set(patterns);
    return start;
  };
  return {
    toPlaces: write(patternsOf((target, kept) => kept.indexOf(target))),
    fromPlaces: write(patternsOf((target, kept) => kept[target] ?? -1)),
  };
}
