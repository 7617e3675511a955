import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { add, type Backend, grad, mul, sum, type Tensor } from '../../src/index.ts';
import { backends, label } from '../support/backends.ts';
import type { Case } from '../support/cases/case.ts';
import { assertClose } from '../support/compare.ts';
import { operations } from '../support/operations.ts';
import { forAll } from '../support/property.ts';
import { coefficients, fromTensor, toTensor } from '../support/values.ts';

const test = suite('ops: fused kernels');

/** A kernel against the plain composition on the same backend, relative to the largest entry. */
const VALUE = 5e-6;
const GRADIENT = 2e-5;
const SECOND = 1e-4;
const THIRD = 5e-4;

/** The results of a kernel and of its composition for copies of its inputs. */
interface Both {
  readonly backend: Backend;
  readonly fast: Tensor;
  readonly inputs: readonly Tensor[];
  readonly slow: Tensor;
  readonly copies: readonly Tensor[];
}

/** The tensors of the graph behind the result of a case that a fused kernel computed. */
function* fusedTensors(backend: Backend, { inputs, apply }: Case): Generator<Both> {
  const seen = new Set([apply(...inputs.map((x) => toTensor(backend, x, true)))]);
  for (const fast of seen) {
    const { node } = fast;
    for (const input of node?.inputs ?? []) seen.add(input);
    if (!node?.fused) continue;
    const copies = node.inputs.map((x) => toTensor(backend, fromTensor(x), true));
    const [slow] = node.fused.composition(...copies);
    assert.ok(slow);
    yield { backend, fast, inputs: node.inputs, slow, copies };
  }
}

/** `holds` for each of them, in random cases. */
function forAllFused(backend: Backend, name: string, holds: (both: Both) => void): void {
  let reached = 0;
  forAll(operations[name].cases('large'), (example) => {
    for (const both of fusedTensors(backend, example)) {
      reached++;
      holds(both);
    }
  });
  assert.ok(reached > 0, 'no kernel ran');
}

/** Derivatives of rising order, each of a weighted sum of those before: of y by x, then by x and dy. */
function* derivatives(y: Tensor, asked: readonly Tensor[], xs: readonly Tensor[], dy: Tensor): Generator<Tensor[]> {
  let gradients = grad(y, asked, { gradOutput: dy, createGraph: true });
  for (let order = 1; ; order++) {
    yield gradients;
    const weighted = gradients.map((g, i) => sum(mul(g, toTensor(g.backend, coefficients(g.shape, order + i)))));
    gradients = grad(
      weighted.reduce((a, b) => add(a, b)),
      [...xs, dy],
      { createGraph: true },
    );
  }
}

function assertDerivativesAgree({ backend, fast, inputs, slow, copies }: Both, asked: readonly number[]): void {
  const dys = [1, 2].map(() => toTensor(backend, coefficients(fast.shape), true));
  const pick = (tensors: readonly Tensor[]) => asked.map((i) => tensors[i]);
  const byKernel = derivatives(fast, pick(inputs), inputs, dys[0]);
  const byComposition = derivatives(slow, pick(copies), copies, dys[1]);
  for (const [order, tolerance] of [GRADIENT, SECOND, THIRD].entries()) {
    const expected = byComposition.next().value;
    byKernel.next().value.forEach((g: Tensor, i: number) => {
      assertClose(g, expected[i], tolerance, `derivative ${i} of order ${order + 1} of the gradients ${asked}`);
    });
  }
}

for (const backend of backends) {
  for (const name of Object.keys(backend.fused)) {
    test(`${name} on ${label(backend)} is its composition, value and gradients`, () => {
      forAllFused(backend, name, ({ fast, inputs, slow, copies }) => {
        assertClose(fast, slow, VALUE);

        const gradOutput = toTensor(backend, coefficients(slow.shape));
        const expected = grad(slow, copies, { gradOutput, retainGraph: true });
        const all = fast.node?.backward(
          [gradOutput],
          inputs.map(() => true),
        );
        all?.forEach((g, i) => {
          assert.ok(g, `no gradient of input ${i}`);
          assertClose(g, expected[i], GRADIENT, `gradient of input ${i}`);
          const alone = fast.node?.backward(
            [gradOutput],
            inputs.map((_, j) => j === i),
          );
          alone?.forEach((h, j) => {
            if (i === j) assert.deepEqual(h && fromTensor(h), fromTensor(g), `gradient of input ${i} alone`);
            else assert.equal(h, null, `gradient of input ${j}, which is not needed`);
          });
        });
      });
    });

    test(`${name} on ${label(backend)} has the derivatives of its composition, up to the third`, () => {
      forAllFused(backend, name, (both) => {
        const all = both.inputs.map((_, i) => i);
        assertDerivativesAgree(both, all);
        if (all.length > 1) for (const i of all) assertDerivativesAgree(both, [i]);
      });
    });
  }
}

test('the reference backend has no kernels: there every operation is its definition', () => {
  for (const backend of backends.filter(({ name }) => name === 'reference')) assert.deepEqual(backend.fused, {});
});

test.run();
