import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  add,
  type Backend,
  checkpoint,
  crossEntropy,
  grad,
  hvp,
  linear,
  memory,
  mul,
  reshape,
  softmax,
  sum,
  type Tensor,
  tanh,
  tidy,
} from '../../src/index.ts';
import { backends, label } from '../support/backends.ts';
import type { Case } from '../support/cases/case.ts';
import { collectTo, settled } from '../support/collect.ts';
import { objective } from '../support/objective.ts';
import { operations } from '../support/operations.ts';
import { coefficients, toTensor } from '../support/values.ts';

const test = suite('autograd: what passes leave behind');

const dispose = (tensors: readonly Tensor[]): void => {
  for (const tensor of tensors) tensor.dispose();
};

/** A number that depends on every element of all gradients. */
const combined = (gradients: readonly Tensor[]): Tensor =>
  gradients.map((g) => sum(mul(mul(g, g), toTensor(g.backend, coefficients(g.shape, 5))))).reduce((a, b) => add(a, b));

/** How a function is called: as it is, or in a scope. */
type Call = (f: () => Tensor) => Tensor;

/** Passes by name; each returns all tensors that a caller gets to see. */
const passes: Readonly<Record<string, (call: Call, leaves: Tensor[], f: () => Tensor) => Tensor[]>> = {
  'a pass': (call, leaves, f) => {
    const y = call(f);
    return [y, ...grad(y, leaves)];
  },
  'passes with retainGraph, then one without': (call, leaves, f) => {
    const y = call(f);
    const retained = [1, 2].flatMap(() => grad(y, leaves, { retainGraph: true }));
    return [y, ...retained, ...grad(y, leaves)];
  },
  'passes to the third order': (call, leaves, f) => {
    const seen = [call(f)];
    for (let order = 1; order <= 3 && seen[seen.length - 1].requiresGrad; order++) {
      const gradients = grad(seen[seen.length - 1], leaves, { createGraph: order < 3 });
      seen.push(...gradients, ...(order < 3 ? [call(() => combined(gradients))] : []));
    }
    return seen;
  },
  'a Hessian-vector product': (_, leaves, f) => {
    const directions = leaves.map((leaf) => toTensor(leaf.backend, coefficients(leaf.shape, 3)));
    return [...directions, ...hvp(f, leaves, directions)];
  },
  'a pass through a checkpoint': (call, leaves, f) => {
    const y = call(() => checkpoint(f, []));
    return [y, ...grad(y, leaves)];
  },
  'no pass': (call, _, f) => [call(f)],
};

/** One application of each operation that has a derivative. */
const samples: readonly Case[] = Object.values(operations)
  .filter(({ constant }) => !constant)
  .flatMap(({ cases }) => fc.sample(cases('small'), { numRuns: 1, seed: 1 }));

function apply(backend: Backend, { inputs, apply }: Case, pass: (typeof passes)[string], call: Call): void {
  const leaves = inputs.map((x) => toTensor(backend, x, true));
  dispose(pass(call, leaves, () => objective(apply(...leaves))));
  dispose(leaves);
}

for (const backend of backends) {
  const on = label(backend);
  const alive = () => [memory().tensors, backend.bytes()];

  for (const [name, pass] of Object.entries(passes)) {
    test(`${name}: of a function in a scope nothing is left but its result, on ${on}`, () => {
      for (const sample of samples) {
        tidy(() => {
          const before = alive();
          apply(backend, sample, pass, tidy);
          assert.deepEqual(alive(), before, String(sample.apply));
        });
      }
    });
  }

  for (const [name, pass] of Object.entries(passes)) {
    test(`${name}: what a scope frees of its inside is read by no derivative, on ${on}`, () => {
      for (const { inputs, apply } of samples) {
        for (const objectiveOf of [objective, sum]) {
          /** Inputs and result are the scope's own, so nothing else keeps their numbers. */
          const numbers = (call: Call) =>
            tidy(() => {
              const leaves = inputs.map((x) => toTensor(backend, x, true));
              const f = () => objectiveOf(apply(...leaves.map((leaf) => reshape(leaf, leaf.shape))));
              return pass(call, leaves, f).map((t) => [...t.dataSync()]);
            });
          const outside = numbers((f) => f());
          assert.deepEqual(numbers(tidy), outside, String(apply));
        }
      }
    });
  }

  test(`a scope keeps no numbers that derivatives only lead through, on ${on}`, () =>
    tidy(() => {
      const [x, c, w] = [leaf(1, 8, 8), leaf(2, 8, 8), toTensor(backend, coefficients([8, 8], 3))];
      const one = backend.bytes();
      const matrix = toTensor(backend, coefficients([8, 8], 4));
      const bytes = backend.bytes() - one;
      const before = backend.bytes();
      const y = tidy(() => {
        const middle = linear(add(reshape(add(x, c), [8, 8]), matrix), w);
        return linear(
          tidy(() => linear(middle, w)),
          w,
        );
      });
      assert.equal(backend.bytes() - before, bytes, 'the result alone');
      const [dx] = grad(sum(y), [x]);
      assert.deepEqual(dx.shape, [8, 8]);
    }));

  test(`outside of scopes the collector takes all that is left, on ${on}`, async () => {
    const { tensors } = await settled();
    const bytes = backend.bytes();
    for (const pass of Object.values(passes)) for (const sample of samples) apply(backend, sample, pass, (f) => f());
    assert.ok(memory().tensors > tensors);
    assert.ok((await collectTo(tensors)).tensors <= tensors, `${memory().tensors - tensors} tensors`);
    assert.ok(backend.bytes() <= bytes, `${backend.bytes() - bytes} bytes`);
  });

  const leaf = (seed: number, ...shape: number[]) => toTensor(backend, coefficients(shape, seed), true);

  for (const [where, around] of [
    ['in a scope', tidy],
    ['outside of scopes', (f: () => void) => f()],
  ] as const) {
    test(`what a program holds can be read after a pass ${where}, on ${on}`, () =>
      around(() => {
        const [x, w] = [leaf(1, 4, 3), leaf(2, 2, 3)];
        const hidden = tanh(x);
        const logits = linear(hidden, w);
        const entropy = crossEntropy(logits, [0, 1, 1, 0]);
        const loss = add(entropy, mul(sum(mul(w, w)), 0.1));
        const before = [hidden, logits, entropy, loss].map((t) => [...t.dataSync()]);
        const [g] = grad(loss, [w]);
        assert.deepEqual(
          [hidden, logits, entropy, loss].map((t) => [...t.dataSync()]),
          before,
        );
        dispose([x, w, hidden, logits, entropy, loss, g]);
      }));

    test(`a second pass ${where} is an error that names retainGraph, on ${on}`, () =>
      around(() => {
        const x = leaf(1, 4);
        const y = softmax(tanh(x));
        const loss = sum(mul(y, y));
        grad(loss, [x]);
        const message = /graph .* freed, .* a second time, give the first pass retainGraph: true/;
        assert.throws(() => grad(loss, [x]), message);
        assert.throws(() => loss.backward(), message);
        assert.throws(() => grad(sum(y), [x]), message, 'another result of the same body');
        assert.equal(grad(sum(mul(y, 2)), [y])[0].size, 4, 'not so far back');
        assert.equal(grad(sum(tanh(x)), [x])[0].size, 4, 'a graph of its own');
      }));
  }

  test(`what an operation saved for itself goes with the pass, on ${on}`, () => {
    if (!backend.fused.softmax) return;
    const x = leaf(1, 3, 4);
    const scores = crossEntropy(x, [0, 1, 2]);
    const before = memory().tensors;
    grad(scores, [x])[0].dispose();
    assert.ok(memory().tensors < before, 'the log of the sum of each row');
    dispose([x, scores]);
  });

  test(`a result that is freed takes the inside of its function with it, on ${on}`, () =>
    tidy(() => {
      const x = leaf(1, 3, 4);
      const before = alive();
      const y = tidy(() => sum(softmax(tanh(x))));
      assert.ok(memory().tensors > before[0] + 1, 'the derivative may come');
      y.dispose();
      assert.deepEqual(alive(), before);
    }));

  test(`steps in scopes inside of a scope leave nothing to the outer one, on ${on}`, () =>
    tidy(() => {
      const x = leaf(1, 3, 4);
      const before = alive();
      for (let step = 0; step < 3; step++) {
        tidy(() => {
          const loss = sum(softmax(tanh(x)));
          if (step > 0) grad(loss, [x]);
          return step;
        });
        assert.deepEqual(alive(), before);
      }
    }));

  test(`a long chain is freed without a deep stack, on ${on}`, () =>
    tidy(() => {
      const x = leaf(1, 1);
      const before = alive();
      const y = tidy(() => {
        let t: Tensor = x;
        for (let i = 0; i < 20_000; i++) t = tanh(t);
        return t;
      });
      y.dispose();
      assert.deepEqual(alive(), before);
    }));
}

test.run();
