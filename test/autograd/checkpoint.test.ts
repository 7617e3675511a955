import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  checkpoint,
  grad,
  hvp,
  matmul,
  memory,
  mul,
  noGrad,
  sum,
  type Tensor,
  tanh,
  tensor,
  tidy,
} from '../../src/index.ts';

const test = suite('autograd: recomputing');

const w = tensor([1, -2, 0.5, 3], [2, 2], { requiresGrad: true });
const v = tensor([0.3, 0.7, -1, 2], [2, 2], { requiresGrad: true });
const x = tensor([1, 2, 3, 4], [2, 2], { requiresGrad: true });
const all = [x, w, v];

/** Two layers that share w and a value made before, on the way kept or computed again. */
function loss(run: (fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]) => Tensor): Tensor {
  const shared = mul(v, 0.5);
  const layer = (input: Tensor) => matmul(tanh(matmul(input, w)), shared);
  const first = run(layer, [x]);
  const second = run((a, b) => mul(layer(a), b), [first, x]);
  return sum(mul(second, first));
}

const keeping = (fn: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]) => fn(...inputs);

test('values and gradients are those without it, and nothing is left behind', () => {
  const before = memory();
  const results = [keeping, checkpoint].map((run) =>
    tidy(() => {
      const value = loss(run);
      return [value.item(), ...grad(value, all).map((g) => [...g.dataSync()])];
    }),
  );
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(memory(), before);
});

test('the inside is not kept, with or without a derivative to come', () => {
  const inside = (run: typeof keeping) =>
    tidy(() => {
      const before = memory().tensors;
      run((a) => tanh(tanh(tanh(a))), [x]);
      return memory().tensors - before;
    });
  assert.equal(inside(checkpoint), 1);
  assert.equal(
    noGrad(() => inside(checkpoint)),
    1,
  );
  assert.equal(inside(keeping), 3);
});

test('what depends on no variable is a constant', () => {
  tidy(() => {
    const constant = tensor([1, 2]);
    assert.equal(checkpoint((a) => tanh(a), [constant]).requiresGrad, false);
  });
});

test('a second derivative is refused with a remedy', () => {
  tidy(() => {
    assert.throws(() => hvp(() => loss(checkpoint), [w], [tensor([1, 0, 0, 0], [2, 2])]), /lower the batch size/);
  });
});

test.run();
