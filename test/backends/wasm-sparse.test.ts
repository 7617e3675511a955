import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { linear, placesOf, sampledMatmul } from '../../src/backends/reference/sparse.ts';
import { WasmBackend, type WasmBuffer } from '../../src/backends/wasm/index.ts';
import type { WasmSparseProducts } from '../../src/backends/wasm/sparse.ts';
import { Random } from '../../src/index.ts';
import { type Mask, masks } from '../support/cases/sparse.ts';
import { assertClose } from '../support/compare.ts';
import { sparseOf } from '../support/sparse.ts';
import { AlwaysShared, whenReady } from '../support/threads.ts';

const test = suite('backends: sparse products of wasm');

const width = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 120, max: 300 }));
interface Example {
  readonly rows: number;
  readonly mask: Mask;
  readonly tiles: readonly [boolean, boolean];
  readonly seed: number;
}
const examples: fc.Arbitrary<Example> = fc.record({
  rows: fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 120, max: 700 })),
  mask: fc.tuple(width, width).chain(([n, k]) => masks(n, k)),
  tiles: fc.tuple(fc.boolean(), fc.boolean()),
  seed: fc.nat({ max: 1000 }),
});

const normal = (length: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
};

/** Rows as tiles of 64 tokens, feature by feature; those that there are not are 0. */
function tilesOf(rows: Float32Array, tokens: number, features: number): Float32Array {
  const tiles = new Float32Array(Math.ceil(tokens / 64) * 64 * features);
  rows.forEach((x, i) => {
    const [t, j] = [Math.floor(i / features), i % features];
    tiles[(Math.floor(t / 64) * features + j) * 64 + (t % 64)] = x;
  });
  return tiles;
}

const backends: WasmBackend[] = [
  new WasmBackend({ threads: 1, tile: '6x8' }),
  new WasmBackend({ threads: 1, tile: '6x16' }),
  new WasmBackend({ threads: 2, tile: '6x16', sharing: new AlwaysShared() }),
  new WasmBackend({ threads: 4, tile: '6x8', sharing: new AlwaysShared() }),
];
test.before(async () => {
  for (const backend of backends.slice(2)) await whenReady(backend);
});

/** The numbers that each backend gives; they are the same bits. */
function results(compute: (backend: WasmBackend) => WasmBuffer): Float32Array {
  const [first, ...others] = backends.map((backend) => {
    const before = backend.bytes();
    const out = compute(backend);
    const numbers = backend.readSync(out);
    backend.free(out);
    assert.equal(backend.bytes(), before, 'memory was left behind');
    return numbers;
  });
  for (const numbers of others) assert.deepEqual(numbers, first);
  return first;
}

function uploaded(backend: WasmBackend, use: (upload: (values: Float32Array) => WasmBuffer) => WasmBuffer): WasmBuffer {
  const made: WasmBuffer[] = [];
  const out = use((values) => {
    made.push(backend.upload(values));
    return made[made.length - 1];
  });
  for (const buffer of made) backend.free(buffer);
  return out;
}

const run = (holds: (example: Example) => void): void => {
  fc.assert(fc.property(examples, holds), { seed: 1, numRuns: 60 });
};

const shaped = (values: ArrayLike<number>) => ({ shape: [values.length], values });

for (const transposed of [false, true]) {
  test(`products with the ${transposed ? 'transposed ' : ''}matrix are the sums, the same bits for every number of threads and width of registers`, () => {
    run(({ rows, mask: { bits, rows: n, columns: k }, tiles: [ofTiles, toTiles], seed }) => {
      const [outs, ins] = transposed ? [k, n] : [n, k];
      const bitsOf = (r: number, c: number) => bits[transposed ? c * k + r : r * k + c];
      const x = normal(rows * ins, seed);
      const values = normal(bits.filter((bit) => bit).length, seed + 1);
      const bias = normal(outs, seed + 2);
      const init = normal(rows * outs, seed + 3);
      const got = results((backend) =>
        uploaded(backend, (upload) => {
          const places = sparseOf(backend).places(bits, n, k);
          const matrix = { values: upload(values), places };
          const out = backend.allocate(toTiles ? sparseOf(backend).tiledLength(rows, outs) : rows * outs);
          const from = { buffer: upload(ofTiles ? tilesOf(x, rows, ins) : x), ofTiles };
          const added = { bias: upload(bias), init: toTiles ? null : upload(init) };
          const multiply = (operand: ReturnType<WasmSparseProducts['direct']>) =>
            sparseOf(backend).product(from, operand, added, { buffer: out, ofTiles: toTiles }, rows);
          if (transposed) sparseOf(backend).withTransposed(matrix, multiply);
          else multiply(sparseOf(backend).direct(matrix));
          backend.free(places);
          return out;
        }),
      );
      // The same matrix, row by row, in the order of its transposed form.
      const order = bits.flatMap((bit, i) => (bit ? [i] : []));
      const inOrder = transposed
        ? order
            .map((i, e) => [(i % k) * n + Math.floor(i / k), e])
            .sort(([a], [b]) => a - b)
            .map(([, e]) => values[e])
        : values;
      const places = placesOf(
        Array.from({ length: outs * ins }, (_, i) => bitsOf(Math.floor(i / ins), i % ins)),
        outs,
        ins,
      );
      const sums = linear(x, rows, { values: Float32Array.from(inOrder), places }, bias);
      const expected = Float32Array.from(sums, (sum, i) => sum + (toTiles ? 0 : init[i]));
      assertClose(shaped(toTiles ? rowsIn(got, rows, outs) : got), shaped(expected), 1e-5);
    });
  });
}

/** The rows that tiles hold. */
function rowsIn(tiles: Float32Array, tokens: number, features: number): Float32Array {
  return Float32Array.from({ length: tokens * features }, (_, i) => {
    const [t, j] = [Math.floor(i / features), i % features];
    return tiles[(Math.floor(t / 64) * features + j) * 64 + (t % 64)];
  });
}

test('a row has the same bits however many others are in its tile', () => {
  run(({ mask: { bits, rows: n, columns: k }, seed }) => {
    const x = normal(64 * k, seed);
    const values = normal(bits.filter((bit) => bit).length, seed + 1);
    const productOf = (rows: number): Float32Array =>
      results((backend) =>
        uploaded(backend, (upload) => {
          const places = sparseOf(backend).places(bits, n, k);
          const out = backend.allocate(rows * n);
          const operand = sparseOf(backend).direct({ values: upload(values), places });
          sparseOf(backend).product({ buffer: upload(x.subarray(0, rows * k)) }, operand, {}, { buffer: out }, rows);
          backend.free(places);
          return out;
        }),
      );
    const all = productOf(64);
    for (const rows of [1, 16, 17, 32, 33]) assert.deepEqual(productOf(rows), all.subarray(0, rows * n));
  });
});

test('kept values move into a dense matrix and out of it unchanged, whatever they are', () => {
  run(({ mask: { bits, rows: n, columns: k }, seed }) => {
    const extremes = [Number.NaN, Number.POSITIVE_INFINITY, -0, 1e-45, -3.4e38];
    const matrix = normal(n * k, seed).map((x, i) => ((i + seed) % 7 === 0 ? extremes[i % extremes.length] : x));
    const values = matrix.filter((_, i) => bits[i]);
    const spread = results((backend) =>
      uploaded(backend, (upload) => {
        const places = sparseOf(backend).places(bits, n, k);
        const out = sparseOf(backend).toDense({ values: upload(values), places });
        backend.free(places);
        return out;
      }),
    );
    assert.deepEqual(
      spread,
      matrix.map((x, i) => (bits[i] ? x : 0)),
    );
    const kept = results((backend) =>
      uploaded(backend, (upload) => {
        const places = sparseOf(backend).places(bits, n, k);
        const out = sparseOf(backend).keptValues(upload(matrix), places);
        backend.free(places);
        return out;
      }),
    );
    assert.deepEqual(kept, values);
  });
});

test('products at the places are the sums over all rows, the same bits for every number of threads and width of registers', () => {
  run(({ rows, mask: { bits, rows: n, columns: k }, tiles: [yOfTiles, xOfTiles], seed }) => {
    const [y, x] = [normal(rows * n, seed), normal(rows * k, seed + 1)];
    const got = results((backend) =>
      uploaded(backend, (upload) => {
        const places = sparseOf(backend).places(bits, n, k);
        const out = sparseOf(backend).sample(
          { buffer: upload(yOfTiles ? tilesOf(y, rows, n) : y), ofTiles: yOfTiles },
          { buffer: upload(xOfTiles ? tilesOf(x, rows, k) : x), ofTiles: xOfTiles },
          places,
          rows,
          0.5,
        );
        backend.free(places);
        return out;
      }),
    );
    const sums = sampledMatmul(y, x, rows, placesOf(bits, n, k));
    assertClose(shaped(got), shaped(sums.map((sum) => sum / 2)), 1e-5);
  });
});

test('dropout of tiles is that of rows', () => {
  const [tokens, features] = [131, 37];
  const x = normal(tokens * features, 3);
  const rows = backends[0].readSync(backends[0].dropout(backends[0].upload(x), 0.3, 12345));
  const tiles = results((backend) => {
    const buffer = backend.upload(tilesOf(x, tokens, features));
    backend.kernels.dropTiles(buffer, 0.3, 1 / 0.7, 12345, features, Math.ceil(tokens / 64));
    return buffer;
  });
  assert.deepEqual(rowsIn(tiles, tokens, features), rows);
});

test.run();
