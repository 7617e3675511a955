import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { grad, hvp, memory, mul, setBackend, sum, type Tensor, tensor, tidy, valueAndGrad } from '../../src/index.ts';
import { Parameter } from '../../src/nn/parameter.ts';
import { backends, label } from '../support/backends.ts';

const test = suite('autograd: one input or many, value and gradients');

const values = (x: Tensor) => Array.from(x.dataSync());

for (const backend of backends) {
  const onBackend = (name: string, run: () => void) =>
    test(`${name} on ${label(backend)}`, async () => {
      await setBackend(backend.name as 'wasm', { dtype: backend.dtype });
      tidy(run);
    });

  onBackend('grad by one input is one tensor, by a list a list', () => {
    const [x, y] = [tensor([1, 2], { requiresGrad: true }), tensor([3, 4], { requiresGrad: true })];
    const loss = () => sum(mul(mul(x, x), y)); // Σ x² y
    const one: Tensor = grad(loss(), x);
    assert.deepEqual(values(one), [6, 16]);
    const [dx, dy]: [Tensor, Tensor] = grad(loss(), [x, y]);
    assert.deepEqual(
      [values(dx), values(dy)],
      [
        [6, 16],
        [1, 4],
      ],
    );
    const list: readonly Tensor[] = [y, x];
    const all: Tensor[] = grad(loss(), list);
    assert.deepEqual(all.map(values), [
      [1, 4],
      [6, 16],
    ]);
    assert.deepEqual(grad(loss(), []), []);
    // @ts-expect-error: two inputs have two gradients
    const three: [Tensor, Tensor, Tensor] = grad(loss(), [x, y]);
    assert.equal(three.length, 2);
  });

  onBackend('gradients by parameters are those by their values, the mask included', () => {
    const w = new Parameter('w', [1, 2, 3], [3]);
    w.setMask([1, 0, 1]);
    const loss = () => sum(mul(w.tensor(), w.tensor()));
    const one: Tensor = grad(loss(), w);
    assert.deepEqual(values(one), [2, 0, 6]);
    const { value, gradients } = valueAndGrad(loss, [w, w.value]);
    assert.equal(value.item(), 10);
    assert.deepEqual(gradients.map(values), [
      [2, 0, 6],
      [2, 0, 6],
    ]);
    w.dispose();
  });

  onBackend('valueAndGrad gives the bits of f and grad, and keeps nothing else', () => {
    const w = tensor([0.3, -0.7], { requiresGrad: true });
    const f = () => w.mul(w).tanh().add(w).sum();
    const [expected, slope] = [f(), grad(f(), w)];
    const before = memory().tensors;
    const { value, gradients } = valueAndGrad(f, w);
    assert.equal(memory().tensors - before, 2);
    assert.equal(value.requiresGrad, false);
    assert.equal(gradients.requiresGrad, false);
    assert.equal(value.item(), expected.item());
    assert.deepEqual(values(gradients), values(slope));
  });

  onBackend('valueAndGrad leaves a graph alone that f has not made', () => {
    const w = tensor([2], { requiresGrad: true });
    const square = mul(w, w);
    const { value, gradients } = valueAndGrad(() => sum(w.mul(3)), w);
    assert.deepEqual([value.item(), ...values(gradients)], [6, 3]);
    assert.deepEqual(values(grad(sum(square), w)), [4]);
  });

  onBackend('hvp by one input is one tensor', () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const cubes = () => sum(mul(mul(w, w), w)); // H = diag(6 w)
    const one: Tensor = hvp(cubes, w, tensor([1, 10]));
    assert.deepEqual(values(one), [6, 120]);
    const [same] = hvp(cubes, [w], [tensor([1, 10])]);
    assert.deepEqual(values(same), [6, 120]);
    assert.throws(() => hvp(cubes, w, [tensor([1, 1]), tensor([1, 1])]), /hvp: 2 vectors for 1 inputs/);
  });
}

test('what requires no gradient is an error that names the function', () => {
  const w = tensor([1]);
  assert.throws(
    () => valueAndGrad(() => sum(w), w),
    /^Error: valueAndGrad: the input \[1\] does not require a gradient/,
  );
  assert.throws(() => hvp(() => sum(w), w, w), /^Error: hvp: the input \[1\] does not require a gradient/);
  const frozen = new Parameter('w', [1], [1]);
  frozen.trainable = false;
  assert.throws(() => grad(sum(w), [frozen]), /^Error: grad: the input \[1\] does not require a gradient/);
});

test.run();
