import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { UnaryOp } from '../../src/backends/backend.ts';
import { erf } from '../../src/backends/reference/erf.ts';
import { WasmBackend } from '../../src/backends/wasm/index.ts';

const test = suite('wasm: elementary functions');
const wasm = new WasmBackend();

/** The values of an operation at the given points, which are rounded to float32 first. */
function evaluate(op: UnaryOp, points: Float32Array): Float32Array {
  const x = wasm.upload(points);
  const y = wasm.unary(op, x);
  const values = wasm.readSync(y);
  wasm.free(x);
  wasm.free(y);
  return values;
}

/** Evenly spaced points and, close to zero, points of every magnitude. */
function points(from: number, to: number): Float32Array {
  const even = Array.from({ length: 100_003 }, (_, i) => from + ((to - from) * i) / 100_002);
  const magnitudes = Array.from({ length: 2_000 }, (_, i) => 2 ** (-i / 16));
  return Float32Array.from([...even, ...magnitudes, ...magnitudes.map((m) => -m)].filter((x) => x >= from && x <= to));
}

interface Accuracy {
  readonly from: number;
  readonly to: number;
  readonly exact: (x: number) => number;
  readonly relative?: number;
  readonly absolute?: number;
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

const accuracies: { [Op in UnaryOp]?: Accuracy } = {
  exp: { from: -86, to: 88.7, exact: Math.exp, relative: 2e-7 },
  log: { from: 1e-30, to: 1e4, exact: Math.log, relative: 3e-7 },
  tanh: { from: -12, to: 12, exact: Math.tanh, relative: 3e-7 },
  sigmoid: { from: -86, to: 30, exact: sigmoid, relative: 3e-7 },
  erf: { from: -6, to: 6, exact: erf, absolute: 2e-7 },
  sqrt: { from: 0, to: 1e6, exact: Math.sqrt, relative: 6e-8 },
  rsqrt: { from: 1e-30, to: 1e6, exact: (x) => 1 / Math.sqrt(x), relative: 1.2e-7 },
};

for (const [op, { from, to, exact, relative, absolute }] of Object.entries(accuracies)) {
  test(`${op} on [${from}, ${to}] has at most the stated error`, () => {
    const xs = points(from, to);
    const ys = evaluate(op as UnaryOp, xs);
    let worst = { x: 0, error: 0 };
    xs.forEach((x, i) => {
      const expected = exact(x);
      const distance = Math.abs(ys[i] - expected);
      const error = absolute || expected === 0 ? distance : distance / Math.abs(expected);
      if (!(error <= worst.error)) worst = { x, error };
    });
    assert.ok(worst.error <= (relative ?? absolute ?? 0), `error ${worst.error} at ${worst.x}`);
    assert.ok(worst.error > 0, 'float32 cannot be exact everywhere: nothing was compared');
  });
}

const special: { [Op in UnaryOp]: readonly [number, number][] } = {
  neg: [
    [0, -0],
    [1.5, -1.5],
    [-Infinity, Infinity],
    [NaN, NaN],
  ],
  exp: [
    [0, 1],
    [-0, 1],
    [-86.5, 0],
    [-200, 0],
    [-Infinity, 0],
    [89, Infinity],
    [1e30, Infinity],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  log: [
    [1, 0],
    [0, -Infinity],
    [-0, -Infinity],
    [-1, NaN],
    [-Infinity, NaN],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  tanh: [
    [0, 0],
    [20, 1],
    [-20, -1],
    [1e30, 1],
    [Infinity, 1],
    [-Infinity, -1],
    [NaN, NaN],
  ],
  sigmoid: [
    [0, 0.5],
    [40, 1],
    [-200, 0],
    [Infinity, 1],
    [-Infinity, 0],
    [NaN, NaN],
  ],
  relu: [
    [2, 2],
    [-2, 0],
    [Infinity, Infinity],
    [-Infinity, 0],
    [NaN, NaN],
  ],
  sqrt: [
    [0, 0],
    [4, 2],
    [-1, NaN],
    [Infinity, Infinity],
    [NaN, NaN],
  ],
  rsqrt: [
    [4, 0.5],
    [0, Infinity],
    [Infinity, 0],
    [-1, NaN],
    [NaN, NaN],
  ],
  abs: [
    [-2, 2],
    [-0, 0],
    [-Infinity, Infinity],
    [NaN, NaN],
  ],
  sign: [
    [3, 1],
    [-3, -1],
    [0, 0],
    [-0, -0],
    [1e-40, 1],
    [-Infinity, -1],
    [NaN, NaN],
  ],
  erf: [
    [0, 0],
    [6, 1],
    [-6, -1],
    [Infinity, 1],
    [-Infinity, -1],
    [NaN, NaN],
  ],
  heaviside: [
    [2, 1],
    [0, 0],
    [-2, 0],
    [Infinity, 1],
    [NaN, 0],
  ],
};

for (const [op, cases] of Object.entries(special)) {
  test(`${op} at its special values`, () => {
    const got = evaluate(
      op as UnaryOp,
      Float32Array.from(cases, ([x]) => x),
    );
    cases.forEach(([x, expected], i) => {
      assert.ok(Object.is(got[i], expected), `${op}(${x}) is ${got[i]}, not ${expected}`);
    });
  });
}

test('log of numbers below the normal range', () => {
  const xs = Float32Array.from([1e-39, 3e-42, 2 ** -149]);
  evaluate('log', xs).forEach((y, i) => {
    assert.ok(Math.abs(y / Math.log(xs[i]) - 1) < 3e-7, `log ${xs[i]} is ${y}`);
  });
});

test.run();
