import assert from 'node:assert/strict';
import { InputError } from '../../../src/errors.ts';
import { parseSafetensors } from '../../../src/io/index.ts';
import type { Random } from '../../../src/random/index.ts';
import type { Target } from '../target.ts';

/** Tensors of bytes whose places overlap, leave holes, lie inside each other or behind the end, or are as they should be. */

interface Range {
  readonly name: string;
  readonly begin: number;
  readonly end: number;
}

const BYTES = 48;
const below = (random: Random, n: number): number => Math.floor(random.uniform() * n);

/** The places of some tensors, mostly one after the other, in any order. */
function rangesOf(random: Random): Range[] {
  const count = 1 + below(random, 5);
  const cuts = Array.from({ length: count - 1 }, () => below(random, BYTES + 1)).sort((a, b) => a - b);
  const ranges = [0, ...cuts].map((begin, i) => ({ name: `t${i}`, begin, end: cuts[i] ?? BYTES }));
  if (random.uniform() < 0.7) {
    const at = below(random, count);
    const { name, begin, end } = ranges[at];
    const other = ranges[below(random, count)];
    const changes: Range[] = [
      { name, begin: Math.max(0, begin - 1), end },
      { name, begin, end: end + 1 },
      { name, begin: Math.min(begin + 1, end), end },
      { name, begin: begin + 3, end: end + 3 },
      { name, begin: other.begin, end: other.end },
      { name, begin: 0, end: BYTES },
      { name, begin, end: begin },
      { name, begin: 2 ** 53 - 1 - (end - begin), end: 2 ** 53 - 1 },
    ];
    ranges[at] = changes[below(random, changes.length)];
  }
  return ranges.sort(() => random.uniform() - 0.5);
}

/** Whether each byte belongs to one tensor, and none without bytes lies inside another: looked up byte by byte. */
function isCovered(ranges: readonly Range[], bytes: number): boolean {
  const owners = new Uint8Array(bytes);
  for (const { begin, end } of ranges) {
    if (end > bytes) return false;
    for (let i = begin; i < end; i++) owners[i]++;
  }
  const isInside = (place: number) => ranges.some(({ begin, end }) => begin < place && place < end);
  return owners.every((count) => count === 1) && !ranges.some(({ begin, end }) => begin === end && isInside(begin));
}

const data = Uint8Array.from({ length: BYTES }, (_, i) => 7 * i);

export const target: Target = {
  make(random) {
    const ranges = rangesOf(random);
    const header = Object.fromEntries(
      ranges.map(({ name, begin, end }) => [name, { dtype: 'U8', shape: [end - begin], data_offsets: [begin, end] }]),
    );
    const json = new TextEncoder().encode(JSON.stringify(header));
    const file = new Uint8Array(8 + json.length + BYTES);
    new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
    file.set(json, 8);
    file.set(data, 8 + json.length);
    return random.uniform() < 0.1 ? file.subarray(0, file.length - 1 - below(random, BYTES)) : file;
  },
  read(input) {
    const length = Number(new DataView(input.buffer, input.byteOffset).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(input.subarray(8, 8 + length))) as Record<
      string,
      { readonly data_offsets: readonly [number, number] }
    >;
    const ranges = Object.entries(header).map(
      ([
        name,
        {
          data_offsets: [begin, end],
        },
      ]) => ({ name, begin, end }),
    );
    const isRight = isCovered(ranges, input.length - 8 - length);
    try {
      const file = parseSafetensors(input, 'x.safetensors');
      assert.ok(isRight, 'tensors that overlap or leave holes were accepted');
      for (const { name, begin, end } of ranges) {
        assert.deepEqual([...file.readRaw(name)], [...input.subarray(8 + length + begin, 8 + length + end)]);
      }
    } catch (error) {
      if (error instanceof InputError) assert.ok(!isRight, `right tensors were refused: ${error.message}`);
      throw error;
    }
  },
};
