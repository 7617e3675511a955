import { suite } from 'uvu';
import { backends, label } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { valueOn } from '../support/objective.ts';
import { operations } from '../support/operations.ts';
import { forAll } from '../support/property.ts';

const test = suite('ops: values');

for (const [name, spec] of Object.entries(operations)) {
  for (const backend of backends) {
    const tolerance = backend.dtype === 'float64' ? 1e-12 : 5e-6;
    for (const size of ['small', 'large'] as const) {
      test(`${name} is what its definition says, ${size} arrays on ${label(backend)}`, () => {
        forAll(spec.cases(size), (example) => {
          assertClose(valueOn(backend, example), example.expected(...example.inputs), tolerance);
        });
      });
    }
  }
}

test.run();
