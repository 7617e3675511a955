import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { add, type Backend, exp, grad, hvp, log, matmul, mul, sum, type Tensor, tidy } from '../../src/index.ts';
import { backends, label } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { coefficients, toTensor } from '../support/values.ts';

const test = suite('autograd: hvp');

const numbers = (x: Tensor): number[] => Array.from(x.dataSync(), (v) => v + 0);

/** One test on every backend, in a scope; `leaf` makes a vector that gradients are asked for. */
function onEveryBackend(name: string, body: (leaf: (...values: number[]) => Tensor, backend: Backend) => void): void {
  for (const backend of backends) {
    const leaf = (...values: number[]) => toTensor(backend, { shape: [values.length], values }, true);
    test(`${name} on ${label(backend)}`, () => tidy(() => body(leaf, backend)));
  }
}

onEveryBackend('the Hessian of a quadratic form is its matrix', (_, backend) => {
  const [a, x, v] = [
    toTensor(backend, coefficients([5, 5])),
    toTensor(backend, coefficients([5, 1], 1), true),
    toTensor(backend, coefficients([5, 1], 2)),
  ];
  const form = () => mul(sum(mul(x, matmul(a, x))), 0.5);
  const [product] = hvp(form, [x], [v]);
  const symmetric = mul(add(matmul(a, v), matmul(a, v, { transposeA: true })), 0.5);
  assertClose(product, symmetric, 1e-6);
});

onEveryBackend('the Hessian is that of all inputs together', (leaf) => {
  const [a, b] = [leaf(1, 2), leaf(3, 4)];
  const [u, v] = [leaf(5, 6).detach(), leaf(7, 8).detach()];
  // H of a·b is [[0, I], [I, 0]].
  const products = hvp(() => sum(mul(a, b)), [a, b], [u, v]);
  assert.deepEqual(products.map(numbers), [
    [7, 8],
    [5, 6],
  ]);
});

onEveryBackend('the product of a linear function is 0, also for an input that is not used', (leaf) => {
  const [a, b, u] = [leaf(1, 2), leaf(3, 4), leaf(5, 6).detach()];
  assert.deepEqual(hvp(() => sum(mul(a, 3)), [a, b], [u, u]).map(numbers), [
    [0, 0],
    [0, 0],
  ]);
});

onEveryBackend('the vectors are constants, also when they are gradients', (leaf) => {
  const x = leaf(1, 2);
  const f = () => sum(mul(x, mul(x, x)));
  const [g] = grad(f(), [x], { createGraph: true });
  // H g = 6x · 3x², without the derivative of g.
  assert.deepEqual(hvp(f, [x], [g]).map(numbers), [[18, 144]]);
});

onEveryBackend('a vector that does not fit is an error that names the shapes', (leaf) => {
  const x = leaf(1, 2);
  const f = () => sum(mul(x, x));
  assert.throws(() => hvp(f, [x], []), /hvp: 0 vectors for 1 inputs/);
  assert.throws(() => hvp(f, [x], [leaf(1)]), /hvp: vector 0 has shape \[1\], its input \[2\]/);
});

onEveryBackend('derivatives of third and fourth order', (leaf) => {
  const values = [0.5, 2];
  const x = leaf(...values);
  let y = mul(mul(x, x), log(x));
  const expected: ((v: number) => number)[] = [
    (v) => 2 * v * Math.log(v) + v,
    (v) => 2 * Math.log(v) + 3,
    (v) => 2 / v,
    (v) => -2 / v ** 2,
  ];
  for (const derivative of expected) {
    [y] = grad(sum(y), [x], { createGraph: true });
    assertClose(y, { shape: [2], values: values.map(derivative) }, 2e-6);
  }
});

onEveryBackend('a Hessian-vector product can be differentiated again', (leaf) => {
  const [x, v] = [leaf(0.5, -1), leaf(2, 3).detach()];
  const [g] = grad(sum(exp(x)), [x], { createGraph: true });
  const [product] = grad(sum(mul(g, v)), [x], { createGraph: true });
  const [third] = grad(sum(mul(product, v)), [x]);
  assertClose(third, { shape: [2], values: [4 * Math.exp(0.5), 9 * Math.exp(-1)] }, 1e-6);
});

test.run();
