import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { Mask } from '../../src/experiments/masks.ts';
import { differencePng, jaccard, type KnownMask, overlapsOf } from '../../src/experiments/overlap.ts';
import { indexedPng } from '../../src/experiments/pictures.ts';
import { Random } from '../../src/index.ts';

const test = suite('experiments: overlap of masks');

const maskOf = (bits: readonly number[], name = 'm'): Mask => ({
  ...{ name, shape: [2, bits.length / 2], total: bits.length, width: bits.length / 2, height: 2 },
  ...{ bits: Uint8Array.from(bits), kept: bits.filter((bit) => bit === 1).length },
});

test('the index is the part that both keep of what one keeps', () => {
  const one = [maskOf([1, 1, 0, 0]), maskOf([1, 0, 1, 0], 'n')];
  assert.equal(jaccard(one, one), 1);
  assert.equal(jaccard(one, [maskOf([0, 0, 1, 1]), maskOf([0, 1, 0, 1], 'n')]), 0);
  assert.equal(jaccard(one, [maskOf([1, 0, 1, 0]), maskOf([1, 0, 1, 0], 'n')]), 3 / 5);
  assert.throws(() => jaccard(one, one.slice(1)), /different matrices/);
  assert.throws(() => jaccard([maskOf([0, 0])], [maskOf([0, 0])]), /keeps a weight/);
  const draw = (seed: string) => {
    const random = new Random(seed);
    return [maskOf(Array.from({ length: 40_000 }, () => (random.uniform() < 0.6 ? 1 : 0)))];
  };
  assert.ok(Math.abs(jaccard(draw('a'), draw('b')) - 0.6 / 1.4) < 0.01);
});

test('methods are compared with the same seed, and with themselves over seeds', () => {
  const known = (method: string, seed: number, bits: number[]): KnownMask => ({
    ...{ method, task: 'rte', seed, masks: [maskOf(bits)] },
  });
  const overlaps = overlapsOf([
    ...[known('a', 1, [1, 1, 0, 0]), known('a', 2, [1, 0, 1, 0])],
    ...[known('b', 1, [1, 1, 0, 0]), known('b', 3, [0, 0, 1, 1])],
  ]);
  assert.deepEqual(overlaps, [
    { first: 'a', second: 'a', index: 1 / 3 },
    { first: 'a', second: 'b', index: 1 },
    { first: 'b', second: 'b', index: 0 },
  ]);
});

test('a picture of two masks has a colour for each case, and other pictures are unchanged', () => {
  const png = differencePng(maskOf([0, 1, 0, 1, 0, 1]), maskOf([0, 0, 1, 1, 0, 1]));
  const own = indexedPng([0, 1, 2, 3, 0, 3], 3, 2, ['#222222', '#4c78a8', '#f58518', '#ffffff']);
  assert.deepEqual(png, own);
  const bytes = Buffer.from(png);
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20), bytes[24], bytes[25]], [3, 2, 2, 3]);
  assert.equal(bytes.toString('latin1', 37, 41), 'PLTE');
  assert.equal(bytes.subarray(41, 53).toString('hex'), '2222224c78a8f58518ffffff');
});

test.run();
