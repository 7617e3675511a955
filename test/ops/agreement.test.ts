import { suite } from 'uvu';
import { float64, label, singles } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { gradientOn, productOn } from '../support/objective.ts';
import { operations } from '../support/operations.ts';
import { forAll } from '../support/property.ts';

const test = suite('ops: agreement of backends');

/** float32 against float64, relative to the largest entry; sums of some hundred products. */
const GRADIENT = 2e-5;
const PRODUCT = 1e-4;

for (const [name, { cases, constant }] of Object.entries(operations)) {
  if (constant) continue;
  for (const backend of singles) {
    test(`${name}: ${label(backend)} gives the gradients of float64`, () => {
      forAll(cases('large'), (example) => {
        const expected = gradientOn(float64, example);
        gradientOn(backend, example).forEach((g, i) => {
          assertClose(g, expected[i], GRADIENT, `input ${i}`);
        });
      });
    });

    test(`${name}: ${label(backend)} gives the Hessian-vector products of float64`, () => {
      forAll(cases('large'), (example) => {
        const expected = productOn(float64, example);
        productOn(backend, example).forEach((p, i) => {
          assertClose(p, expected[i], PRODUCT, `input ${i}`);
        });
      });
    });
  }
}

test.run();
