import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  add,
  type Backend,
  exp,
  gelu,
  grad,
  layerNorm,
  linear,
  matmul,
  memory,
  mul,
  noGrad,
  packedAttention,
  reshape,
  softmax,
  sub,
  sum,
  type Tensor,
  tanh,
  tidy,
} from '../../src/index.ts';
import { operation } from '../../src/ops/operation.ts';
import { selfAttention } from '../support/attention.ts';
import { backends, label } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { coefficients, range, toTensor } from '../support/values.ts';

const test = suite('autograd: grad');

const numbers = (x: Tensor): number[] => Array.from(x.dataSync(), (v) => v + 0);

/** One test on every backend, in a scope; `leaf` makes a vector that gradients are asked for. */
function onEveryBackend(name: string, body: (leaf: (...values: number[]) => Tensor, backend: Backend) => void): void {
  for (const backend of backends) {
    const leaf = (...values: number[]) => toTensor(backend, { shape: [values.length], values }, true);
    test(`${name} on ${label(backend)}`, () => tidy(() => body(leaf, backend)));
  }
}

onEveryBackend('a tensor used several times gets the sum of its gradients', (leaf) => {
  const x = leaf(2, 3);
  assert.deepEqual(numbers(grad(sum(add(x, x)), [x])[0]), [2, 2]);
  assert.deepEqual(numbers(grad(sum(sub(x, x)), [x])[0]), [0, 0]);
  assert.deepEqual(numbers(grad(sum(add(mul(x, x), x)), [x])[0]), [5, 7]);
  const square = mul(x, x);
  assert.deepEqual(numbers(grad(sum(mul(square, square)), [x])[0]), [32, 108]);
});

onEveryBackend('one tensor as several inputs of an operation is like copies of it', (leaf) => {
  const values = range(8).map((i) => ((i * 5) % 7) / 4 - 0.5);
  const spec = selfAttention({ heads: 2, scale: 0.5, offsets: [0, 2], keyCounts: [2] });
  const functions: ((a: Tensor, b: Tensor, c: Tensor) => Tensor)[] = [
    (a, b, c) => mul(mul(a, b), c),
    (a, b) => matmul(reshape(a, [2, 4]), reshape(b, [2, 4]), { transposeB: true }),
    (a, b) => linear(reshape(a, [2, 4]), reshape(b, [2, 4])),
    (a, b, c) => layerNorm(a, b, c, 1e-5),
    (a, b, c) => packedAttention(reshape(a, [2, 4]), reshape(b, [2, 4]), reshape(c, [2, 4]), spec),
  ];
  for (const f of functions) {
    const weighted = (y: Tensor) => sum(mul(y, toTensor(y.backend, coefficients(y.shape))));
    const x = leaf(...values);
    const [a, b, c] = [leaf(...values), leaf(...values), leaf(...values)];
    for (const createGraph of [false, true]) {
      const [together] = grad(weighted(f(x, x, x)), [x], { createGraph });
      const [ga, gb, gc] = grad(weighted(f(a, b, c)), [a, b, c], { createGraph });
      assertClose(together, add(add(ga, gb), gc), 1e-6);
    }
  }
});

onEveryBackend('inputs may be intermediate, repeated, unused or the output itself', (leaf) => {
  const [x, unused] = [leaf(1, 2), leaf(1, 2, 3)];
  const middle = mul(x, x);
  const output = sum(mul(middle, 3));
  const gradients = grad(output, [middle, x, unused, x, output], { retainGraph: true });
  assert.deepEqual(gradients.map(numbers), [[3, 3], [6, 12], [0, 0, 0], [6, 12], [1]]);
  assert.deepEqual(
    gradients.map((g) => g.shape),
    [[2], [2], [3], [2], []],
  );
  assert.deepEqual(grad(sum(middle.detach()), [x]).map(numbers), [[0, 0]]);
});

onEveryBackend('gradOutput weights the elements of the output', (leaf) => {
  const x = leaf(1, 2, 3);
  const gradOutput = leaf(1, 10, 100).detach();
  assert.deepEqual(numbers(grad(mul(x, x), [x], { gradOutput })[0]), [2, 40, 600]);
  assert.deepEqual(numbers(gradOutput), [1, 10, 100]);
});

onEveryBackend('the derivative by gradOutput is the product with the Jacobian', (leaf) => {
  const [x, v] = [leaf(1, 2, 3), leaf(0, 0, 0)];
  const [transposed] = grad(exp(x), [x], { gradOutput: v, createGraph: true });
  const direction = leaf(1, -1, 2).detach();
  const [product] = grad(transposed, [v], { gradOutput: direction });
  assertClose(product, { shape: [3], values: [Math.exp(1), -Math.exp(2), 2 * Math.exp(3)] }, 1e-6);
});

onEveryBackend('what cannot be differentiated is an error that names it', (leaf) => {
  const [x, constant] = [leaf(1, 2), leaf(1, 2).detach()];
  assert.throws(() => grad(mul(x, x), [x]), /the output has shape \[2\]; give gradOutput/);
  assert.throws(() => grad(mul(x, x), [x], { gradOutput: leaf(1) }), /gradOutput has shape \[1\], the output \[2\]/);
  assert.throws(() => grad(sum(x), [constant]), /grad: the input \[2\] does not require a gradient/);
});

onEveryBackend('gradients are constants, unless createGraph is given', (leaf) => {
  const x = leaf(1, 2);
  const cube = () => sum(mul(x, mul(x, x)));
  assert.equal(grad(cube(), [x])[0].requiresGrad, false);
  const [first] = grad(cube(), [x], { createGraph: true });
  const [second] = grad(sum(first), [x], { createGraph: true });
  const [third] = grad(sum(second), [x], { retainGraph: true });
  assert.deepEqual([first, second, third].map(numbers), [
    [3, 12],
    [6, 12],
    [6, 6],
  ]);
});

onEveryBackend('a long chain needs no stack', (leaf) => {
  const x = leaf(1);
  let y: Tensor = x;
  for (let i = 0; i < 20_000; i++) y = add(y, x);
  assert.deepEqual(numbers(grad(y, [x])[0]), [20_001]);
});

onEveryBackend('a pass frees the inside of a scope, but not what was returned or asked for', (leaf) => {
  const x = leaf(1, 2);
  const before = memory().tensors;
  const middle = tanh(x);
  const output = tidy(() => sum(tanh(exp(middle))));
  const [dx, dMiddle] = grad(output, [x, middle]);
  assert.ok(!output.isDisposed && !middle.isDisposed && !dx.isDisposed && !dMiddle.isDisposed);
  assert.equal(memory().tensors - before, 4);
});

onEveryBackend('gradients and activations are freed as the pass goes backwards', (leaf) => {
  const x = leaf(1, 2);
  const seen: number[] = [];
  const probe = operation(
    [x],
    x.shape,
    (backend) => backend.unary('neg', x.operand.buffer),
    () => [
      (dy) => {
        seen.push(memory().tensors);
        return mul(dy, -1);
      },
    ],
  );
  const output = tidy(() => range(100).reduce((t) => tanh(t), probe));
  const before = memory().tensors;
  grad(sum(output), [x]);
  assert.ok(seen[0] < before - 90, `${before} tensors before the pass, ${seen[0]} near its end`);
});

onEveryBackend('what a kernel kept for its backward pass is freed with its activation', (leaf, backend) => {
  if (!backend.fused.layerNorm) return;
  const [x, weight, bias] = [leaf(1, 2, 4), leaf(1, 1, 1), leaf(0, 0, 0)];
  const before = memory().tensors;
  const output = range(20).reduce((t) => layerNorm(t, weight, bias, 1e-5), x);
  grad(output, [x], { gradOutput: weight });
  assert.equal(memory().tensors - before, 20 + 1, 'the outputs and the gradient');
});

onEveryBackend('a second pass through a freed graph is an error that says what to do', (leaf) => {
  const x = leaf(1, 2);
  const functions: ((t: Tensor) => Tensor)[] = [exp, gelu, (t) => add(add(t, 1), 2), (t) => mul(reshape(t, [2, 1]), 3)];
  for (const f of functions) {
    const output = sum(f(x));
    grad(output, [x]);
    assert.throws(() => grad(output, [x]), /was freed, .* by a backward pass.*retainGraph: true/);
    assert.throws(() => output.backward(), /was freed/);
  }
});

onEveryBackend('a graph can be used again with retainGraph, whatever the scope of the passes', (leaf) => {
  const x = leaf(0.5, 2);
  const output = sum(softmax(gelu(exp(x))));
  const first = numbers(grad(output, [x], { retainGraph: true })[0]);
  const second = tidy(() => numbers(grad(output, [x], { retainGraph: true })[0]));
  const third = tidy(() => numbers(grad(output, [x])[0]));
  assert.deepEqual(second, first);
  assert.deepEqual(third, first);
  assert.throws(() => grad(output, [x]), /a second time, give the first pass retainGraph: true/);
});

onEveryBackend('two losses of one body: the first pass retains what the second needs', (leaf) => {
  const x = leaf(1, 2);
  const body = exp(x);
  const [one, other] = [sum(mul(body, 2)), sum(mul(body, body))];
  const [a] = grad(one, [x], { retainGraph: true });
  const [b] = grad(other, [x]);
  assertClose(a, { shape: [2], values: [2 * Math.exp(1), 2 * Math.exp(2)] }, 1e-6);
  assertClose(b, { shape: [2], values: [2 * Math.exp(2), 2 * Math.exp(4)] }, 1e-6);
});

onEveryBackend('inside noGrad results are constants; recording comes back after it, also after an error', (leaf) => {
  const x = leaf(1, 2);
  assert.equal(noGrad(() => mul(x, x)).requiresGrad, false);
  assert.throws(() =>
    noGrad(() => {
      throw new Error('inside');
    }),
  );
  noGrad(() => {
    noGrad(() => mul(x, x));
    assert.equal(mul(x, x).requiresGrad, false);
  });
  const y = sum(mul(x, x));
  assert.ok(y.requiresGrad);
  assert.deepEqual(
    noGrad(() => numbers(grad(y, [x], { createGraph: true })[0])),
    [2, 4],
  );
  assert.ok(sum(mul(x, x)).requiresGrad);
});

test('noGrad needs a synchronous function', () => {
  assert.throws(() => noGrad(async () => {}), /noGrad\(\) needs a synchronous function/);
});

test.run();
