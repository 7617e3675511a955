import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { checkGradients } from '../../src/index.ts';
import { backends, float64, label } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { directions, gradientOn, objective, productOn } from '../support/objective.ts';
import { operations } from '../support/operations.ts';
import { forAll, forAllAsync } from '../support/property.ts';
import { toTensor, type Values } from '../support/values.ts';

const test = suite('ops: derivatives');

/** The error of a central difference with steps of 1e-5 in float64. */
const FINITE_DIFFERENCE = 2e-6;

const moved = ({ shape, values }: Values, u: Values, step: number): Values => ({
  shape,
  values: Array.from(values, (x, i) => x + step * u.values[i]),
});

for (const [name, { cases, constant }] of Object.entries(operations)) {
  if (constant) {
    test(`${name} has no derivative`, () => {
      forAll(cases('small'), ({ inputs, apply }) => {
        for (const backend of backends) {
          assert.equal(apply(...inputs.map((x) => toTensor(backend, x, true))).requiresGrad, false, label(backend));
        }
      });
    });
    continue;
  }

  test(`${name}: the gradient is the limit of differences of values`, async () => {
    await forAllAsync(cases('small'), async ({ inputs, apply }) => {
      const tensors = inputs.map((x) => toTensor(float64, x));
      const { maxError } = await checkGradients((...xs) => objective(apply(...xs)), tensors);
      assert.ok(maxError <= FINITE_DIFFERENCE, `error ${maxError}`);
    });
  });

  test(`${name}: the Hessian-vector product is the limit of differences of gradients`, () => {
    forAll(cases('small'), ({ inputs, apply, expected }) => {
      const us = directions(inputs);
      const step = 1e-5;
      const at = (h: number) =>
        gradientOn(float64, { inputs: inputs.map((x, i) => moved(x, us[i], h)), apply, expected });
      const [ahead, behind] = [at(step), at(-step)];
      productOn(float64, { inputs, apply, expected }).forEach((product, i) => {
        const values = Array.from(ahead[i].values, (g, j) => (g - behind[i].values[j]) / (2 * step));
        assertClose(product, { shape: inputs[i].shape, values }, FINITE_DIFFERENCE, `input ${i}`);
      });
    });
  });
}

test.run();
