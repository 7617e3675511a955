import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { grad, type Tensor } from '../../src/index.ts';
import { backends, label } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { operations } from '../support/operations.ts';
import { forAll } from '../support/property.ts';
import { coefficients, fromTensor, toTensor } from '../support/values.ts';

const test = suite('ops: fused kernels');

/** A kernel against the plain composition on the same backend, relative to the largest entry. */
const VALUE = 5e-6;
const GRADIENT = 2e-5;

/** The tensors of the graph behind `output` that a fused kernel computed. */
function fusedTensors(output: Tensor): Tensor[] {
  const seen = new Set([output]);
  for (const tensor of seen) for (const input of tensor.node?.inputs ?? []) seen.add(input);
  return [...seen].filter((tensor) => tensor.node?.composition);
}

for (const backend of backends) {
  for (const name of Object.keys(backend.fused)) {
    test(`${name} on ${label(backend)} is its composition, value and gradients`, () => {
      let reached = 0;
      forAll(operations[name].cases('large'), ({ inputs, apply }) => {
        for (const fast of fusedTensors(apply(...inputs.map((x) => toTensor(backend, x, true))))) {
          reached++;
          const { node } = fast;
          assert.ok(node?.composition);
          const leaves = node.inputs.map((x) => toTensor(backend, fromTensor(x), true));
          const slow = node.composition(...leaves);
          assertClose(fast, slow, VALUE);

          const gradOutput = toTensor(backend, coefficients(slow.shape));
          const expected = grad(slow, leaves, { gradOutput, createGraph: true });
          const all = node.backward(
            fast,
            gradOutput,
            leaves.map(() => true),
          );
          all.forEach((g, i) => {
            assert.ok(g, `no gradient of input ${i}`);
            assertClose(g, expected[i], GRADIENT, `gradient of input ${i}`);
            const alone = node.backward(
              fast,
              gradOutput,
              leaves.map((_, j) => j === i),
            );
            alone.forEach((h, j) => {
              if (i === j) assert.deepEqual(h && fromTensor(h), fromTensor(g), `gradient of input ${i} alone`);
              else assert.equal(h, null, `gradient of input ${j}, which is not needed`);
            });
          });
        }
      });
      assert.ok(reached > 0, 'no kernel ran');
    });
  }
}

test('the reference backend has no kernels: there every operation is its definition', () => {
  for (const backend of backends.filter(({ name }) => name === 'reference')) assert.deepEqual(backend.fused, {});
});

test.run();
