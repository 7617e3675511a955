import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type Backend,
  bottleneck,
  crossEntropy,
  dropout,
  exp,
  indexSelect,
  keep,
  layerNorm,
  linear,
  memory,
  mul,
  noGrad,
  packedAttention,
  Random,
  setBackend,
  sub,
  sum,
  type Tensor,
  tensor,
  tidy,
} from '../../src/index.ts';
import { selfAttention } from '../support/attention.ts';
import { backends, label } from '../support/backends.ts';
import { backendNames } from '../support/gpu.ts';
import { coefficients, fromTensor, toTensor } from '../support/values.ts';

const test = suite('autograd: backward');

const numbers = (x: Tensor | null): number[] => Array.from(x?.dataSync() ?? []);

/** One test on every backend, in a scope; `leaf` makes a vector that gradients are asked for. */
function onEveryBackend(name: string, body: (leaf: (...values: number[]) => Tensor, backend: Backend) => void): void {
  for (const backend of backends) {
    const leaf = (...values: number[]) => toTensor(backend, { shape: [values.length], values }, true);
    test(`${name} on ${label(backend)}`, () => tidy(() => body(leaf, backend)));
  }
}

onEveryBackend('adds to the gradient of every leaf, and of leaves only', (leaf) => {
  const [x, y, constant] = [leaf(1, 2), leaf(3, 4), leaf(5, 6).detach()];
  const loss = () => {
    const middle = mul(x, y);
    const output = sum(mul(middle, constant));
    output.backward();
    assert.equal(middle.grad, null);
    assert.equal(output.grad, null);
  };
  loss();
  assert.deepEqual(
    [x, y].map((t) => numbers(t.grad)),
    [
      [15, 24],
      [5, 12],
    ],
  );
  loss();
  assert.deepEqual(
    [x, y].map((t) => numbers(t.grad)),
    [
      [30, 48],
      [10, 24],
    ],
  );
  assert.equal(constant.grad, null);
  assert.equal(x.grad?.requiresGrad, false);
});

onEveryBackend('a leaf may be the output itself', (leaf) => {
  const x = leaf(3);
  x.backward();
  assert.deepEqual(numbers(x.grad), [1]);
});

onEveryBackend('takes gradOutput for an output of several elements', (leaf) => {
  const x = leaf(1, 2);
  assert.throws(() => mul(x, x).backward(), /the output has shape \[2\]; give gradOutput/);
  assert.throws(() => mul(x, x).backward(leaf(1)), /gradOutput has shape \[1\], the output \[2\]/);
  mul(x, x).backward(leaf(1, 10).detach());
  assert.deepEqual(numbers(x.grad), [2, 40]);
});

onEveryBackend('an output that depends on no leaf is an error', (leaf) => {
  const constant = leaf(1).detach();
  assert.throws(() => exp(constant).backward(), /depends on no tensor with requiresGrad: true/);
  assert.throws(() => noGrad(() => exp(leaf(1))).backward(), /depends on no tensor with requiresGrad: true/);
});

onEveryBackend('gradients outlive the scope of the pass', (leaf) => {
  const x = leaf(1, 2);
  tidy(() => sum(mul(x, x)).backward());
  tidy(() => sum(mul(x, x)).backward());
  assert.deepEqual(numbers(x.grad), [4, 8]);
});

/** A small model with every kind of layer that a real one has; returns its loss. */
function modelLoss(backend: Backend, parameters: readonly Tensor[], random: Random): Tensor {
  const [table, gain, shift, down, downBias, up, upBias, head] = parameters;
  const x = indexSelect(table, [0, 3, 1, 2, 2]);
  const spec = selfAttention({ heads: 2, scale: 0.5, offsets: [0, 3, 5], keyCounts: [3, 1] });
  const attended = layerNorm(packedAttention(x, x, x, spec), gain, shift, 1e-5);
  const adapted = dropout(bottleneck(attended, { down, downBias, up, upBias }, { activation: 'gelu' }), 0.1, random);
  const mask = toTensor(backend, { shape: [4], values: [1, 1, 0, 1] });
  return crossEntropy(linear(mul(adapted, mask), head), [0, 2, 1, -100, 2]);
}
const SHAPES = [[4, 4], [4], [4], [3, 4], [3], [4, 3], [4], [3, 4]];

for (const backend of backends) {
  test(`training steps leave the memory as it was on ${label(backend)}`, () => {
    const before = [memory().tensors, backend.bytes()];
    const random = new Random(1);
    let parameters = SHAPES.map((shape, i) => toTensor(backend, coefficients(shape, i), true));
    const losses: number[] = [];
    let during: number[] | undefined;
    for (let step = 0; step < 4; step++) {
      losses.push(
        tidy(() => {
          const loss = modelLoss(backend, parameters, random);
          loss.backward();
          return loss.item();
        }),
      );
      parameters = parameters.map((parameter) =>
        tidy(() => {
          const { grad } = parameter;
          assert.ok(grad);
          const updated = keep(noGrad(() => sub(parameter, mul(grad, 0.5))).leafView(parameter.shape, true));
          grad.dispose();
          parameter.dispose();
          return updated;
        }),
      );
      during ??= [memory().tensors, backend.bytes()];
      assert.deepEqual([memory().tensors, backend.bytes()], during, `after step ${step}`);
    }
    assert.ok(losses[3] < losses[0], `the loss went from ${losses[0]} to ${losses[3]}`);
    for (const parameter of parameters) parameter.dispose();
    assert.deepEqual([memory().tensors, backend.bytes()], before);
  });
}

test('memory() counts the bytes of the current backend', async () => {
  for (const name of backendNames) {
    await setBackend(name);
    const before = memory();
    const x = tensor([1, 2, 3, 4]);
    assert.equal(memory().tensors - before.tensors, 1);
    assert.ok(memory().bytes - before.bytes >= 16);
    const y = x.detach();
    x.dispose();
    assert.ok(memory().bytes > before.bytes, 'a view holds the memory');
    assert.deepEqual(fromTensor(y).shape, [4]);
    y.dispose();
    assert.deepEqual(memory(), before);
  }
});

test.run();
