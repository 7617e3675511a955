import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  abs,
  add,
  type Backend,
  concat,
  crossEntropy,
  div,
  dropout,
  grad,
  hvp,
  indexSelect,
  linear,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  type Operand,
  pow,
  Random,
  relu,
  reshape,
  slice,
  softmax,
  sub,
  sum,
  type Tensor,
  tidy,
} from '../../src/index.ts';
import { backends, label } from '../support/backends.ts';
import { assertClose } from '../support/compare.ts';
import { coefficients, range, toTensor } from '../support/values.ts';

const test = suite('ops: conventions');

/** One test on every backend. */
function onEveryBackend(name: string, body: (vector: (...values: number[]) => Tensor, backend: Backend) => void): void {
  for (const backend of backends) {
    const vector = (...values: number[]) => toTensor(backend, { shape: [values.length], values }, true);
    test(`${name} on ${label(backend)}`, () => tidy(() => body(vector, backend)));
  }
}

const numbers = (x: Tensor): number[] => Array.from(x.dataSync(), (v) => v + 0);
const gradient = (y: Tensor, ...xs: Tensor[]): number[][] => grad(sum(y), xs).map(numbers);

onEveryBackend('at a kink the derivatives of relu and abs are 0', (vector) => {
  const x = vector(0, -0, 1, -1);
  assert.deepEqual(gradient(relu(x), x), [[0, 0, 1, 0]]);
  assert.deepEqual(gradient(abs(x), x), [[0, 0, 1, -1]]);
});

onEveryBackend('equal largest elements share the gradient', (vector) => {
  const x = vector(3, 1, 3);
  assert.deepEqual(gradient(max(x), x), [[0.5, 0, 0.5]]);
  const [a, b] = [vector(1, 2, 3), vector(1, 3, 2)];
  assert.deepEqual(gradient(maximum(a, b), a, b), [
    [0.5, 0, 1],
    [0.5, 1, 0],
  ]);
  assert.deepEqual(gradient(minimum(a, b), a, b), [
    [0.5, 1, 0],
    [0.5, 0, 1],
  ]);
});

const scalarOperations: [string, (a: Operand, b: Operand) => Tensor, (a: number, b: number) => number][] = [
  ['add', add, (a, b) => a + b],
  ['sub', sub, (a, b) => a - b],
  ['mul', mul, (a, b) => a * b],
  ['div', div, (a, b) => a / b],
  ['pow', pow, (a, b) => a ** b],
  ['maximum', maximum, Math.max],
  ['minimum', minimum, Math.min],
];
for (const [name, apply, f] of scalarOperations) {
  onEveryBackend(`${name} takes a number on either side`, (vector) => {
    const values = [0.5, 1.5, 3];
    const [x, scalar] = [vector(...values), 1.25];
    for (const [y, expected] of [
      [apply(x, scalar), values.map((v) => f(v, scalar))],
      [apply(scalar, x), values.map((v) => f(scalar, v))],
    ] as const) {
      assertClose(y, { shape: [3], values: expected }, 1e-6);
      assert.ok(y.requiresGrad);
    }
  });
}

test('an operation of two numbers has no backend', () => {
  assert.throws(() => add(1, 2), /operand must be a tensor/);
});

onEveryBackend('powers of 0 have finite derivatives', (vector) => {
  const x = vector(0, 2);
  const one = vector(1, 1).detach();
  assert.deepEqual(gradient(pow(x, 2), x), [[0, 4]]);
  assert.deepEqual(gradient(pow(x, 1), x), [[1, 1]]);
  assert.deepEqual(hvp(() => sum(pow(x, 2)), [x], [one]).map(numbers), [[2, 2]]);
  assert.deepEqual(hvp(() => sum(pow(x, 1)), [x], [one]).map(numbers), [[0, 0]]);
});

onEveryBackend('a frozen row gets no gradient, of first or second order', (vector) => {
  const x = vector(...range(6));
  const rows = () => indexSelect(reshape(x, [3, 2]), [0, 1, 1, 2], { paddingIdx: 1 });
  assert.deepEqual(numbers(rows()), [0, 1, 2, 3, 2, 3, 4, 5]);
  assert.deepEqual(gradient(rows(), x), [[1, 1, 0, 0, 1, 1]]);
  const u = vector(1, 1, 1, 1, 1, 1);
  assert.deepEqual(hvp(() => sum(mul(rows(), rows())), [x], [u]).map(numbers), [[2, 2, 0, 0, 2, 2]]);
});

onEveryBackend('class weights and label smoothing are those of torch.nn.CrossEntropyLoss', (vector) => {
  const logits = vector(...[1, 2, 0.5], ...[0, 5, 1], ...[-1, 0.25, 2], ...[3, 3, 3]);
  const weight = [0.5, 2, 1.25];
  // torch 2.13, float64: the loss, and its gradient by the first row.
  const golden = [
    [{ labelSmoothing: 0.1 }, 2.6070197654160707, [0.06596352142960522, 0.19839946195947636, -0.26436298338908165]],
    [{ weight }, 1.9106821340108164, [0.07707463254071634, 0.20951057307058746, -0.28658520561130385]],
    [
      { weight, labelSmoothing: 0.1 },
      1.8603158971513418,
      [0.0726301880962719, 0.19173279529280973, -0.26436298338908165],
    ],
    [
      { weight, labelSmoothing: 0.1, reduction: 'sum' },
      6.976184614317532,
      [0.27236320536101966, 0.7189979823480364, -0.9913611877090561],
    ],
  ] as const;
  for (const [options, loss, slopes] of golden) {
    const y = crossEntropy(reshape(logits, [4, 3]), [2, 0, -100, 1], options);
    assertClose(y, { shape: [], values: [loss] }, 1e-6);
    const [all] = gradient(y, logits);
    assertClose({ shape: [3], values: all.slice(0, 3) }, { shape: [3], values: slopes }, 1e-6);
    assert.deepEqual(all.slice(6, 9), [0, 0, 0], 'a row that counts for nothing');
  }
});

onEveryBackend('crossEntropy leaves ignored rows out, and has no mean over none', (vector) => {
  const logits = vector(1, 2, 3, 0, 5, 1);
  const of = (targets: number[], options = {}) => crossEntropy(reshape(logits, [2, 3]), targets, options);
  assertClose(of([2, -100]), of([2, -1], { ignoreIndex: -1, reduction: 'sum' }), 1e-6);
  assert.deepEqual(gradient(of([2, -100]), logits)[0].slice(3), [0, 0, 0]);
  assert.ok(Number.isNaN(of([-100, -100]).item()));
  assert.equal(of([-100, -100], { reduction: 'sum' }).item() + 0, 0);
  assert.deepEqual(gradient(of([-100, -100], { reduction: 'sum' }), logits)[0], [0, 0, 0, 0, 0, 0]);
});

onEveryBackend('arrays without elements', (vector, backend) => {
  const empty = (...shape: number[]) => toTensor(backend, { shape, values: [] }, true);
  assert.deepEqual(add(empty(0, 3), vector(1, 2, 3)).shape, [0, 3]);
  assert.deepEqual(numbers(sum(empty(0, 3), { axis: 0 })), [0, 0, 0]);
  assert.equal(sum(empty(0)).item(), 0);
  assert.ok(Number.isNaN(mean(empty(0)).item()));
  assert.deepEqual(softmax(empty(0, 3)).shape, [0, 3]);
  const x = vector(1, 2, 3);
  assert.deepEqual(numbers(concat([x, empty(0)])), [1, 2, 3]);
  assert.deepEqual(slice(x, [1], [1]).shape, [0]);
  assert.deepEqual(gradient(slice(x, [1], [1]), x), [[0, 0, 0]]);
  const [a, b] = [empty(2, 0), empty(0, 3)];
  assert.deepEqual(numbers(matmul(a, b)), [0, 0, 0, 0, 0, 0]);
  assert.deepEqual(
    grad(sum(matmul(a, b)), [a, b]).map((g) => g.shape),
    [
      [2, 0],
      [0, 3],
    ],
  );
  const weight = toTensor(backend, coefficients([2, 3]), true);
  assert.deepEqual(linear(empty(0, 3), weight, vector(1, 2)).shape, [0, 2]);
  assert.deepEqual(gradient(linear(empty(0, 3), weight), weight), [[0, 0, 0, 0, 0, 0]]);
  assert.deepEqual(indexSelect(weight, []).shape, [0, 3]);
});

onEveryBackend(
  'dropout keeps the mean, draws a new mask each call and repeats itself for the same seed',
  (_, backend) => {
    const ones = toTensor(backend, { shape: [40, 50], values: range(2000).map(() => 1) });
    const random = new Random('masks');
    const [first, second] = [dropout(ones, 0.25, random), dropout(ones, 0.25, random)].map(numbers);
    assert.notDeepEqual(first, second);
    assert.deepEqual(numbers(dropout(ones, 0.25, new Random('masks'))), first);
    const kept = first.filter((x) => x !== 0);
    for (const x of kept) assert.ok(Math.abs(x - 4 / 3) < 1e-6);
    assert.ok(Math.abs(kept.length / 2000 - 0.75) < 0.05, `${kept.length} of 2000 kept`);
    assert.equal(dropout(ones, 0, random), ones);
  },
);

test('every backend drops the same elements', () => {
  const dropped = backends.map((backend) => {
    const ones = toTensor(backend, { shape: [301], values: range(301).map(() => 1) });
    return numbers(dropout(ones, 0.5, new Random(7))).flatMap((x, i) => (x === 0 ? [i] : []));
  });
  for (const other of dropped.slice(1)) assert.deepEqual(other, dropped[0]);
});

test.run();
