import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { Backend, FloatArray, MatmulSpec } from '../../src/backends/backend.ts';
import { Random } from '../../src/index.ts';
import { label, singles } from '../support/backends.ts';

const test = suite('ops: products of matrices');

/** Sums are of numbers that float32 holds, and so small that no order of adding rounds them. */
const integers = (length: number, random: Random): Float32Array =>
  Float32Array.from({ length }, () => Math.floor(17 * random.uniform()) - 8);

/** Rows, columns and length of the sums: with odd ends, and narrow and wide ones, which may be computed otherwise. */
const SHAPES = [
  [33, 47, 29],
  [16, 16, 8],
  [64, 9, 31],
  [9, 64, 1],
  [1, 40, 12],
  [40, 1, 12],
  [5, 3, 2],
  [2, 13, 7],
  [7, 2101, 6],
] as const;

async function multiply(backend: Backend, a: Float32Array, b: Float32Array, spec: MatmulSpec): Promise<FloatArray> {
  const [x, y] = [backend.upload(a), backend.upload(b)];
  const product = backend.matmul(x, y, spec);
  const values = await backend.read(product);
  for (const buffer of [x, y, product]) backend.free(buffer);
  return values;
}

for (const backend of singles) {
  test(`${label(backend)}: every element of every kind of product`, async () => {
    const random = new Random(1);
    for (const [batch, m, n, k] of [1, 2].flatMap((batch) => SHAPES.map((shape) => [batch, ...shape] as const))) {
      const [a, b] = [integers(batch * m * k, random), integers(batch * k * n, random)];
      for (const [transposeA, transposeB] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ]) {
        const expected = Float32Array.from({ length: batch * m * n }, (_, at) => {
          const [i, row, column] = [Math.floor(at / (m * n)), Math.floor(at / n) % m, at % n];
          let total = 0;
          for (let l = 0; l < k; l++) {
            const left = transposeA ? l * m + row : row * k + l;
            const right = transposeB ? column * k + l : l * n + column;
            total += a[i * m * k + left] * b[i * k * n + right];
          }
          return total;
        });
        const got = await multiply(backend, a, b, { batch, m, n, k, transposeA, transposeB });
        assert.deepEqual(got, expected, `${batch} of ${m} x ${n} x ${k}, ${transposeA}, ${transposeB}`);
      }
    }
  });

  test(`${label(backend)}: an infinity reaches its row and no other number`, async () => {
    const [m, n, k] = [17, 19, 7];
    const a = new Float32Array(m * k).fill(1);
    a[3 * k + k - 1] = Infinity;
    const spec = { batch: 1, m, n, k, transposeA: false, transposeB: false };
    const got = await multiply(backend, a, new Float32Array(k * n).fill(1), spec);
    assert.deepEqual(
      got,
      Float32Array.from({ length: m * n }, (_, at) => (Math.floor(at / n) === 3 ? Infinity : k)),
    );
  });

  test(`${label(backend)}: a linear layer adds its bias to every row`, async () => {
    const random = new Random(2);
    for (const [m, n, k] of SHAPES) {
      const [x, weight, bias] = [m * k, n * k, n].map((length) => integers(length, random));
      const buffers = [x, weight, bias].map((values) => backend.upload(values));
      const y = backend.linear(
        { buffer: buffers[0], shape: [m, k] },
        { buffer: buffers[1], shape: [n, k] },
        { buffer: buffers[2], shape: [n] },
      );
      const product = await multiply(backend, x, weight, { batch: 1, m, n, k, transposeA: false, transposeB: true });
      assert.deepEqual(
        await backend.read(y),
        product.map((value, at) => value + bias[at % n]),
        `${m} x ${n} x ${k}`,
      );
      for (const buffer of [...buffers, y]) backend.free(buffer);
    }
  });
}

test.run();
