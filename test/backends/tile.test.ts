import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { preferredTile } from '../../src/backends/wasm/simd256.ts';
import { fastest, tiles, timeTiles } from '../../src/backends/wasm/tile.ts';
import { Random } from '../../src/random/index.ts';

const test = suite('wasm: tiles of a product');

test('every tile computes right numbers, and its time is measured', () => {
  const times = timeTiles(tiles);
  assert.deepEqual([...times.keys()], [...tiles]);
  for (const [tile, time] of times) assert.ok(time > 0 && time < 1000, `${tile}: ${time} ms`);
});

test('the fastest one is taken, the first of equals, and a wrong one never', () => {
  const times = new Map([
    ['4x8', 2],
    ['6x8', 2],
    ['6x16', Number.POSITIVE_INFINITY],
  ] as const);
  assert.equal(fastest(times, tiles), '4x8');
  assert.equal(fastest(times, ['6x8', '4x8']), '6x8');
  assert.equal(fastest(new Map([...times, ['6x8', 1]]), tiles), '6x8');
});

test('a process keeps its choice', () => {
  assert.equal(preferredTile(), preferredTile());
});

test('no bit of a product depends on the tile', () => {
  const backends = tiles.map((tile) => new WasmBackend({ threads: 1, tile }));
  const side = fc.integer({ min: 1, max: 60 });
  const depth = fc.oneof(side, fc.integer({ min: 380, max: 400 }));
  fc.assert(
    fc.property(side, side, depth, fc.boolean(), fc.boolean(), (m, n, k, transposeA, transposeB) => {
      const random = new Random(m + n + k);
      const [a, b] = [m * k, n * k].map((length) => Float32Array.from({ length }, () => random.normal()));
      const [first, ...others] = backends.map((backend) => {
        const spec = { batch: 1, m, n, k, transposeA, transposeB };
        const [x, y] = [backend.upload(a), backend.upload(b)];
        const product = backend.matmul(x, y, spec);
        const values = backend.readSync(product);
        for (const buffer of [x, y, product]) backend.free(buffer);
        return values;
      });
      for (const other of others) assert.deepEqual(other, first);
    }),
    { numRuns: 60 },
  );
});

test.run();
