import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { ReferenceBackend } from '../../src/backends/reference/index.ts';
import {
  dequantizeWeights,
  int8Backward,
  int8Forward,
  quantizeRows,
  quantizeWeights,
} from '../../src/backends/reference/int8.ts';
import { readFloats } from '../../src/backends/stored.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { int8KindsHere } from '../../src/backends/wasm/int8-kind.ts';
import { Random } from '../../src/index.ts';
import { int8Of } from '../support/int8.ts';
import { halfBits, storedNumbers } from '../support/stored.ts';
import { AlwaysShared, CountedShared, startWorkers } from '../support/threads.ts';

const test = suite('matrices of 8 bits');

/** Ways to compute that must not change a bit. */
const variants = int8KindsHere().flatMap((int8Kind) =>
  (['4x8', '6x16'] as const).flatMap((tile) =>
    [1, 2, 4].map((threads) => ({ int8Kind, tile, threads, sharing: new AlwaysShared() })),
  ),
);
const backends = variants.map((options) => ({
  what: `${options.int8Kind}, tiles of ${options.tile}, ${options.threads} threads`,
  backend: new WasmBackend(options),
}));

/** Bits, with one NaN for all. */
const bits = (values: Float32Array): Uint32Array => {
  const words = new Uint32Array(values.slice().buffer);
  values.forEach((x, i) => {
    if (Number.isNaN(x)) words[i] = 0x7fc00000;
  });
  return words;
};

/** Forward and backward of every variant, against the definition. */
function check(
  m: number,
  w: Float32Array,
  n: number,
  k: number,
  x: Float32Array,
  dy: Float32Array,
  b: Float32Array,
): void {
  const weights = quantizeWeights(w, n, k);
  for (const bias of [b, null]) {
    const expected = [int8Forward(x, m, weights, bias), int8Backward(dy, m, weights)].map(bits);
    for (const { what, backend } of backends) {
      const view = (values: Float32Array, ...shape: number[]) => ({ buffer: backend.upload(values), shape });
      const [xs, dys, ws] = [view(x, m, k), view(dy, m, n), view(w, n, k)];
      const biases = bias && view(bias, n);
      const packed = int8Of(backend).pack(ws);
      const results = [
        int8Of(backend).linear(xs, packed, biases),
        int8Of(backend).backward(dys, packed),
        // The rounded rows of x are known from before.
        int8Of(backend).linear(xs, packed, biases),
      ];
      results.forEach((buffer, i) => {
        assert.deepEqual(bits(backend.readSync(buffer)), expected[i % 2], `${what}: ${['y', 'dx', 'y again'][i]}`);
      });
      for (const buffer of [...results, packed, xs.buffer, dys.buffer, ws.buffer, ...(biases ? [biases.buffer] : [])])
        backend.free(buffer);
      assert.equal(backend.bytes(), 0);
    }
  }
}

const normal = (length: number, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
};

/** What a row may be: noise, one number, 0, the largest sums, numbers near the ends of what floats can be, and none at all. */
const rowKinds = [
  'noise',
  'constant',
  'zero',
  'tiny',
  'huge',
  'extremes',
  'positive',
  'nan',
  'infinity',
  'ties',
] as const;
type RowKind = (typeof rowKinds)[number];
/** Replaces each number of a row. */
const each = (row: Float32Array, numberAt: (i: number) => number): void =>
  row.set(Array.from(row, (_, i) => numberAt(i)));
const fillRow: { readonly [Kind in RowKind]: (row: Float32Array, random: Random) => void } = {
  noise: (row, random) => each(row, () => random.normal()),
  constant: (row, random) => void row.fill(random.normal()),
  zero: (row) => void row.fill(0),
  tiny: (row, random) => each(row, () => random.normal() * 1e-38),
  huge: (row, random) => each(row, () => random.normal() * 1e38),
  extremes: (row, random) => each(row, () => (random.integer(2) === 0 ? -1 : 1)),
  positive: (row, random) => each(row, () => 1 + random.uniform()),
  nan: (row, random) => void row.fill(Number.NaN, random.integer(row.length)),
  infinity: (row, random) => {
    row[random.integer(row.length)] = random.integer(2) === 0 ? -Infinity : Infinity;
  },
  // Steps of 1 and halves between them.
  ties: (row, random) => each(row, (i) => (i === 0 ? -63 : i === 1 ? 64 : (random.integer(250) - 125) / 2)),
};
function rows(kinds: readonly RowKind[], count: number, width: number, seed: number): Float32Array {
  const random = new Random(seed);
  const values = new Float32Array(count * width);
  for (let i = 0; i < count; i++) fillRow[kinds[i % kinds.length]](values.subarray(i * width, (i + 1) * width), random);
  return values;
}

const size = (max: number) => fc.integer({ min: 1, max });
const someKinds = fc.array(fc.constantFrom(...rowKinds), { minLength: 1, maxLength: 4 });

test('every kernel computes the bits of the definition: random shapes', () => {
  fc.assert(
    fc.property(size(20), size(70), size(90), fc.nat(), (m, n, k, seed) =>
      check(m, normal(n * k, seed), n, k, normal(m * k, seed + 1), normal(m * n, seed + 2), normal(n, seed + 3)),
    ),
    { seed: 1, numRuns: 25 },
  );
});

test('every kernel computes the bits of the definition: extreme rows of each operand', () => {
  fc.assert(
    fc.property(size(9), size(40), size(40), someKinds, someKinds, fc.nat(), (m, n, k, xs, ws, seed) =>
      check(m, rows(ws, n, k, seed), n, k, rows(xs, m, k, seed + 1), rows(xs, m, n, seed + 2), normal(n, seed + 3)),
    ),
    { seed: 1, numRuns: 40 },
  );
});

test('every kernel computes the bits of the definition: shapes beyond its blocks', () => {
  for (const [m, n, k] of [
    [3, 40, 3072],
    [9, 800, 520],
    [140, 33, 1050],
    [1, 700, 64],
  ])
    check(m, normal(n * k, 1), n, k, normal(m * k, 2), normal(m * n, 3), normal(n, 4));
});

test('threads share a product that is large enough, with the same bits', () => {
  const sharing = new CountedShared();
  const backend = new WasmBackend({ threads: 2, sharing });
  startWorkers(backend);
  const [m, n, k] = [130, 400, 300];
  const [w, x, dy] = [normal(n * k, 1), normal(m * k, 2), normal(m * n, 3)];
  const weights = quantizeWeights(w, n, k);
  const packed = int8Of(backend).pack({ buffer: backend.upload(w), shape: [n, k] });
  const [xs, dys] = [backend.upload(x), backend.upload(dy)];
  const forward = bits(int8Forward(x, m, weights, null));
  const backward = bits(int8Backward(dy, m, weights));
  sharing.others = 0;
  const until = performance.now() + 60_000;
  // The worker learns these kernels while it is at work.
  do {
    assert.ok(performance.now() < until, 'the worker computed nothing');
    assert.equal(backend.readyThreads(), 2);
    const y = int8Of(backend).linear({ buffer: xs, shape: [m, k] }, packed, null);
    const dx = int8Of(backend).backward({ buffer: dys, shape: [m, n] }, packed);
    assert.deepEqual(bits(backend.readSync(y)), forward);
    assert.deepEqual(bits(backend.readSync(dx)), backward);
    backend.free(y);
    backend.free(dx);
  } while (sharing.others === 0);
});

test('workers that start after the kernels of 8 bits were added know them, and those that were there know all others still', async () => {
  for (const addsFirst of [true, false]) {
    // Those of earlier tests are announced in this turn.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const started: unknown[] = [];
    const note = (worker: unknown) => started.push(worker);
    process.on('worker', note);
    const sharing = new CountedShared();
    const backend = new WasmBackend({ threads: 3, sharing });
    const floats = backend.upload(normal(1 << 17, 1));
    const w = { buffer: floats, shape: [256, 512] };
    if (!addsFirst) startWorkers(backend);
    const packed = int8Of(backend).pack(w);
    const kernels = [
      () => backend.unary('neg', floats),
      () => int8Of(backend).linear(w, int8Of(backend).pack({ buffer: floats, shape: [256, 512] }), null),
      () => int8Of(backend).backward({ buffer: floats, shape: [512, 256] }, packed),
    ];
    if (addsFirst) startWorkers(backend);
    for (const kernel of [...kernels, ...kernels]) {
      const until = performance.now() + 60_000;
      sharing.others = 0;
      while (sharing.others === 0) {
        assert.ok(performance.now() < until, 'the workers computed nothing');
        kernel();
      }
    }
    assert.equal(backend.readyThreads(), 3);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('worker', note);
    assert.equal(started.length, 2);
  }
});

test('no sum saturates: all numbers at their bounds', () => {
  const [m, n, k] = [6, 32, 3072];
  for (const sign of [1, -1]) {
    const w = new Float32Array(n * k).fill(sign);
    const x = new Float32Array(m * k).fill(1);
    const y = int8Forward(x, m, quantizeWeights(w, n, k), null);
    for (const value of y) assert.ok(Math.abs(value - sign * k) < 1e-3 * k, `${value}`);
    check(m, w, n, k, x, new Float32Array(m * n).fill(1), new Float32Array(n));
  }
});

test('a weight of float16 is packed to the same bits as its floats', () => {
  const [m, n, k] = [5, 37, 43];
  const numbers = storedNumbers('F16', halfBits(n * k, 3));
  const x = normal(m * k, 1);
  for (const { backend, what } of backends) {
    const stored = backend.uploadStored(numbers, [n, k]);
    const packed = int8Of(backend).pack({ buffer: stored, shape: [n, k] });
    assert.ok(stored.isF16, 'it stays float16');
    const y = int8Of(backend).linear({ buffer: backend.upload(x), shape: [m, k] }, packed, null);
    const expected = int8Forward(x, m, quantizeWeights(readFloats(numbers), n, k), null);
    assert.deepEqual(bits(backend.readSync(y)), bits(expected), what);
  }
});

test('8 bits of a weight take a byte each, its scales and sums not a tenth of that', () => {
  const [n, k] = [384, 1536];
  const backend = new WasmBackend();
  const w = backend.upload(normal(n * k, 1));
  const packed = int8Of(backend).pack({ buffer: w, shape: [n, k] });
  backend.free(w);
  assert.ok(backend.bytes() >= n * k && backend.bytes() < 1.1 * n * k);
  backend.free(packed);
  assert.equal(backend.bytes(), 0);
});

test('what is rounded is within half a step of what was there, and 0 stays 0', () => {
  fc.assert(
    fc.property(size(5), size(60), fc.nat(), (m, k, seed) => {
      const x = rows(['noise', 'positive', 'zero', 'constant'], m, k, seed);
      const { q, scales, zeros } = quantizeRows(x, m, k, null);
      x.forEach((value, i) => {
        const row = Math.floor(i / k);
        const back = scales[row] * (q[i] - zeros[row]);
        // The zero point is rounded too.
        assert.ok(Math.abs(back - value) <= 1.001 * scales[row]);
        if (value === 0) assert.equal(back, 0);
      });
      const weights = quantizeWeights(x, m, k);
      dequantizeWeights(weights).forEach((back, i) => {
        assert.ok(Math.abs(back - x[i]) <= 0.501 * weights.scales[Math.floor(i / k)]);
      });
    }),
    { seed: 1 },
  );
});

test('NaN and infinity make their row NaN, and no other', () => {
  const [m, n, k] = [4, 3, 20];
  for (const special of [Number.NaN, Infinity, -Infinity]) {
    const x = normal(m * k, 1);
    x[k + 7] = special;
    const y = int8Forward(x, m, quantizeWeights(normal(n * k, 2), n, k), null);
    y.forEach((value, i) => {
      assert.equal(Number.isNaN(value), Math.floor(i / n) === 1);
    });
    const w = normal(n * k, 2);
    w[2 * k + 3] = special;
    const weights = quantizeWeights(w, n, k);
    int8Forward(normal(m * k, 1), m, weights, null).forEach((value, i) => {
      assert.equal(Number.isNaN(value), i % n === 2);
    });
    assert.ok(int8Backward(normal(m * n, 3), m, weights).every(Number.isNaN));
  }
});

test('the reference backend has the definition, in float64 too, and counts a byte for a weight', () => {
  const [m, n, k] = [3, 4, 5];
  const [w, x, dy, b] = [normal(n * k, 1), normal(m * k, 2), normal(m * n, 3), normal(n, 4)];
  const weights = quantizeWeights(w, n, k);
  for (const dtype of ['float32', 'float64'] as const) {
    const backend = new ReferenceBackend(dtype);
    const ws = backend.upload(w);
    const packed = int8Of(backend).pack({ buffer: ws, shape: [n, k] });
    backend.free(ws);
    assert.equal(backend.bytes(), n * k);
    const view = (values: Float32Array, ...shape: number[]) => ({ buffer: backend.upload(values), shape });
    const y = int8Of(backend).linear(view(x, m, k), packed, view(b, n));
    assert.deepEqual(Array.from(y), Array.from(int8Forward(x, m, weights, b)));
    const dx = int8Of(backend).backward(view(dy, m, n), packed);
    assert.deepEqual(Array.from(dx), Array.from(int8Backward(dy, m, weights)));
  }
});

test.run();
