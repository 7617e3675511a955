import { suite } from 'uvu';
import {
  abs,
  add,
  binaryCrossEntropyWithLogits,
  crossEntropy,
  div,
  equal,
  erf,
  exp,
  gelu,
  geluTanh,
  grad,
  heaviside,
  layerNorm,
  less,
  log,
  logSoftmax,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  rsqrt,
  sigmoid,
  sign,
  silu,
  softmax,
  sqrt,
  sub,
  sum,
  type Tensor,
  tanh,
  tidy,
} from '../../src/index.ts';
import { backends, fast, float32, float64, label } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { fromTensor, range, toTensor, type Values } from '../support/values.ts';

const test = suite('ops: extreme numbers');

const FINITE = [0, -0, 1e-30, 1e-8, 1e-3, 0.5, 1, 2, 2.9, 3, 3.1, 6, 9, 20, 87, 89, 104, 1000, 1e10, 1e30].flatMap(
  (x) => [x, -x],
);
const ALL = [...FINITE, Infinity, -Infinity, NaN];

/** A vector of one number, long enough for a vectorised loop and its remainder. */
const repeated = (value: number): Values => ({ shape: [7], values: range(7).map(() => value) });

const unary = { abs, erf, exp, log, neg, relu, rsqrt, sigmoid, sign, sqrt, heaviside, tanh };
for (const [name, f] of Object.entries(unary)) {
  test(`${name} of any number is the same on ${fast.name} and on the reference`, () => {
    tidy(() => {
      for (const x of ALL) {
        const [got, expected] = [fast, float32].map((backend) => f(toTensor(backend, repeated(x))));
        assertClose(got, expected, 2e-6, `${name}(${x})`);
      }
    });
  });
}

const activations = { gelu, geluTanh, silu };
for (const [name, f] of Object.entries(activations)) {
  test(`${name} and its gradient are finite and right for any finite number`, () => {
    tidy(() => {
      // Beyond 1e10 the cube in geluTanh's derivative is not a float32.
      for (const value of FINITE.filter((x) => Math.abs(x) <= 1e10)) {
        const [[y, dx], [expectedY, expectedDx]] = [fast, float64].map((backend) => {
          const x = toTensor(backend, repeated(value), true);
          const result = f(x);
          return [fromTensor(result), fromTensor(grad(sum(result), [x])[0])];
        });
        assertClose(y, expectedY, 2e-6, `${name}(${value})`);
        assertClose(dx, expectedDx, 5e-6, `${name}'(${value})`);
      }
    });
  });
}

const binary = { add, sub, mul, div, maximum, minimum, equal, less };
for (const [name, f] of Object.entries(binary)) {
  test(`${name} of any two numbers is the same on ${fast.name} and on the reference`, () => {
    tidy(() => {
      for (const a of ALL) {
        const [got, expected] = [fast, float32].map((backend) =>
          f(toTensor(backend, { shape: [1], values: [a] }), toTensor(backend, { shape: [ALL.length], values: ALL })),
        );
        assertEach(got, expected, `${name}(${a}, ...)`);
      }
    });
  });
}

/** Element by element, so that a large one does not hide an error in a small one. */
function assertEach(got: Tensor, expected: Tensor, what: string): void {
  const [a, b] = [got.dataSync(), expected.dataSync()];
  a.forEach((x, i) => {
    assertClose({ shape: [], values: [x] }, { shape: [], values: [b[i]] }, 1e-6, `${what}[${i}]`);
  });
}

test(`pow of negative numbers and of 0 is the same on ${fast.name} and on the reference`, () => {
  tidy(() => {
    const bases = [0, -0.5, -1, -2, -3, 0.5, 3];
    for (const exponent of [-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 2.5]) {
      const [got, expected] = [fast, float32].map((backend) =>
        pow(toTensor(backend, { shape: [bases.length], values: bases }), exponent),
      );
      assertEach(got, expected, `(...) ** ${exponent}`);
    }
  });
});

for (const backend of backends) {
  test(`softmax and logSoftmax of large numbers stay finite on ${label(backend)}`, () => {
    tidy(() => {
      const x = toTensor(backend, {
        shape: [4, 3],
        values: [1000, 0, 1000, -1e30, 1, 0, -Infinity, 0, 0, 1e4, -1e4, 0],
      });
      const e = Math.E;
      const p = [0.5, 0, 0.5, 0, e / (1 + e), 1 / (1 + e), 0, 0.5, 0.5, 1, 0, 0];
      assertClose(softmax(x), { shape: [4, 3], values: p }, 1e-6);
      const rows = { shape: [2, 3], values: [1000, 0, 1000, 1e4, -1e4, 0] };
      const [half, l] = [-Math.LN2, toTensor(backend, rows)];
      assertClose(logSoftmax(l), { shape: [2, 3], values: [half, -1000 + half, half, 0, -2e4, -1e4] }, 1e-6);
      assertClose(crossEntropy(l, [0, 0]), { shape: [], values: [Math.LN2 / 2] }, 1e-6);
    });
  });

  test(`binaryCrossEntropyWithLogits of large logits, and of 0, is finite with its derivatives on ${label(backend)}`, () => {
    tidy(() => {
      const values = [1000, -1000, 1000, -1000, 0, 0];
      const x = toTensor(backend, { shape: [6], values }, true);
      const y = toTensor(backend, { shape: [6], values: [1, 0, 0, 1, 1, 0] });
      const loss = binaryCrossEntropyWithLogits(x, y, { reduction: 'sum' });
      assertClose(loss, { shape: [], values: [2000 + 2 * Math.LN2] }, 1e-6);
      const [gradient] = grad(loss, [x], { createGraph: true });
      assertClose(gradient, { shape: [6], values: [0, 0, 1, -1, -0.5, 0.5] }, 1e-6);
      const [second] = grad(sum(gradient), [x]);
      assertClose(second, { shape: [6], values: [0, 0, 0, 0, 0.25, 0.25] }, 1e-6);
    });
  });

  test(`layerNorm of a small signal on a large mean keeps its digits on ${label(backend)}`, () => {
    tidy(() => {
      const signal = range(19).map((i) => ((i * 7) % 19) / 8 - 1);
      const make = (offset: number) => {
        const shape = [1, 19];
        const x = toTensor(backend, { shape, values: signal.map((s) => s + offset) });
        const [one, zero] = [1, 0].map((v) => toTensor(backend, { shape: [19], values: range(19).map(() => v) }));
        return layerNorm(x, one, zero, 1e-5);
      };
      assertClose(make(4096), make(0), 2e-4);
    });
  });
}

test.run();
