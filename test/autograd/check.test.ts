import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { checkGradients, exp, memory, mul, relu, sub, sum, type Tensor } from '../../src/index.ts';
import { operation } from '../../src/ops/operation.ts';
import { float64 } from '../support/backends.ts';
import { toTensor } from '../support/values.ts';

const test = suite('autograd: checkGradients');

const vector = (...values: number[]): Tensor => toTensor(float64, { shape: [values.length], values });

/** e^x with a derivative of the caller's choice. */
function exponential(x: Tensor, derivative: (dy: Tensor, y: Tensor) => Tensor): Tensor {
  return operation(
    [x],
    x.shape,
    (backend) => backend.unary('exp', x.operand.buffer),
    (y) => [(dy) => derivative(dy, y)],
  );
}

const errorOf = async (f: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Promise<number> =>
  (await checkGradients(f, inputs)).maxError;

test('a right derivative passes, and nothing is left behind', async () => {
  const x = vector(0.5, -1, 2);
  const before = memory();
  assert.ok((await errorOf((t) => sum(exponential(t, (dy, y) => mul(dy, y))), x)) < 1e-8);
  assert.deepEqual(memory(), before);
  assert.deepEqual(Array.from(x.dataSync()), [0.5, -1, 2]);
});

test('a derivative that is wrong by one percent does not', async () => {
  const x = vector(0.5, -1, 2);
  const wrong = await errorOf((t) => sum(exponential(t, (dy, y) => mul(mul(dy, y), 1.01))), x);
  assert.ok(Math.abs(wrong - 0.01) < 1e-6, `error ${wrong}`);
});

test('one wrong element of one input is found', async () => {
  const f = (a: Tensor, b: Tensor) =>
    sum(
      mul(
        a,
        exponential(b, (dy, y) => mul(mul(dy, y), toTensor(float64, { shape: [3], values: [1, 1, 0] }))),
      ),
    );
  assert.ok((await errorOf(f, vector(1, 2, 3), vector(0, 0, 0))) > 0.9);
});

test('a forgotten term is found', async () => {
  const x = vector(3, 4);
  assert.ok((await errorOf((t) => sum(mul(t, t.detach())), x)) > 0.4);
});

test('NaN is an error, whatever comes after it', async () => {
  const f = (t: Tensor) =>
    sum(exponential(t, (dy, y) => mul(dy, mul(y, toTensor(float64, { shape: [2], values: [Number.NaN, 1] })))));
  assert.ok(Number.isNaN(await errorOf(f, vector(1, 1))));
  assert.ok(Number.isNaN(await errorOf((t) => sum(mul(t, Number.NaN)), vector(1, 1))));
});

test('a kink is not differentiable, and shows', async () => {
  assert.ok((await errorOf((t) => sum(relu(t)), vector(0))) > 0.4);
});

test('epsilon is the step', async () => {
  const cube = (t: Tensor) => sum(mul(t, mul(t, t)));
  const { maxError } = await checkGradients(cube, [vector(1)], { epsilon: 0.3 });
  // ((1 + h)³ - (1 - h)³) / 2h = 3 + h²
  assert.ok(Math.abs(maxError - 0.09 / 3.09) < 1e-9, `error ${maxError}`);
});

test('functions of several inputs are checked by each', async () => {
  assert.ok((await errorOf((a, b) => sum(mul(exp(a), sub(b, a))), vector(1, 2), vector(3, 4))) < 1e-7);
});

test.run();
