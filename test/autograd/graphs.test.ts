import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  add,
  attention,
  checkGradients,
  gelu,
  hvp,
  layerNorm,
  linear,
  logSoftmax,
  matmul,
  mean,
  mul,
  reshape,
  sigmoid,
  silu,
  softmax,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
} from '../../src/index.ts';
import { float64, label, singles } from '../support/backends.ts';
import type { Case } from '../support/cases/case.ts';
import { assertClose } from '../support/compare.ts';
import { gradientOn, objective, productOn } from '../support/objective.ts';
import { forAll, forAllAsync } from '../support/property.ts';
import { arrays } from '../support/strategies.ts';
import { coefficients, toTensor } from '../support/values.ts';

const test = suite('autograd: random graphs');

/** Functions of square matrices that stay of moderate size. */
const steps: readonly ((a: Tensor, b: Tensor, c: Tensor) => Tensor)[] = [
  (a, b) => mul(add(a, b), 0.5),
  (a, b) => mul(sub(a, b), 0.5),
  (a, b) => mul(tanh(a), b),
  (a, b) => mul(matmul(a, b, { transposeA: true }), 0.25),
  (a, b, c) => linear(tanh(a), mul(b, 0.25), reshape(mean(c, { axis: 0 }), [3])),
  (a) => gelu(a),
  (a) => silu(a),
  (a, b) => mul(softmax(a), b),
  (a, b) => mul(sigmoid(logSoftmax(a, 0)), b),
  (a, b, c) => attention(a, b, c, { scale: 0.5 }),
  (a, b) => layerNorm(a, mean(b, { axis: 1 }), mean(b, { axis: 0 }), 0.5),
  (a) => transpose(a),
];

/** Each step takes three of the tensors so far; the sum of all that nothing else uses is the result. */
const programs: fc.Arbitrary<Case> = fc
  .tuple(
    arrays([
      [3, 3],
      [3, 3],
    ]),
    fc.array(fc.tuple(fc.nat({ max: steps.length - 1 }), fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 7 }),
  )
  .map(([inputs, program]) => ({
    inputs,
    apply: (...leaves) => {
      const tensors = [...leaves];
      const unused = new Set(tensors);
      for (const [step, ...choices] of program) {
        const chosen = choices.map((choice) => tensors[choice % tensors.length]);
        const result = steps[step](chosen[0], chosen[1], chosen[2]);
        for (const tensor of chosen) unused.delete(tensor);
        tensors.push(result);
        unused.add(result);
      }
      return [...unused].reduce((a, b) => add(a, b));
    },
    expected: () => assert.fail('a program has no definition but itself'),
  }));

test('gradients are the limits of differences', async () => {
  await forAllAsync(
    programs,
    async ({ inputs, apply }) => {
      const tensors = inputs.map((x) => toTensor(float64, x));
      const { maxError } = await checkGradients((...xs) => objective(apply(...xs)), tensors);
      assert.ok(maxError < 1e-6, `error ${maxError}`);
    },
    100,
  );
});

test('Hessians are symmetric: u · H v = v · H u', () => {
  forAll(
    programs,
    ({ inputs, apply }) => {
      const leaves = inputs.map((x) => toTensor(float64, x, true));
      const [u, v] = [3, 8].map((seed) => leaves.map((x, i) => toTensor(float64, coefficients(x.shape, seed + i))));
      const form = (left: readonly Tensor[], right: readonly Tensor[]) =>
        hvp(() => objective(apply(...leaves)), leaves, right)
          .map((product, i) => sum(mul(product, left[i])))
          .reduce((a, b) => add(a, b));
      assertClose(form(u, v), form(v, u), 1e-10);
    },
    100,
  );
});

for (const backend of singles) {
  test(`${label(backend)} gives the gradients and Hessian-vector products of float64`, () => {
    forAll(
      programs,
      (program) => {
        const [g, h] = [gradientOn(float64, program), productOn(float64, program)];
        gradientOn(backend, program).forEach((x, i) => {
          assertClose(x, g[i], 1e-4, `gradient of input ${i}`);
        });
        productOn(backend, program).forEach((x, i) => {
          assertClose(x, h[i], 5e-4, `product of input ${i}`);
        });
      },
      100,
    );
  });
}

test.run();
