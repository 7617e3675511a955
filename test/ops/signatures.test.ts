import assert from 'node:assert/strict';
import { suite } from 'uvu';
import * as autograd from '../../src/autograd/index.ts';
import * as S from '../../src/index.ts';
import * as ops from '../../src/ops/index.ts';
import * as creation from '../../src/tensor/create.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import { type ArgumentsOf, type Signature, signatures } from '../../src/tensor/signatures.ts';
import { float64, wasm } from '../support/backends.ts';
import '../support/sparse.ts';

const test = suite('ops: signatures');

/** Public functions that are neither operations nor make tensors. */
const LOOK_UPS = ['activation', 'storedTensor'] as const;
type Exported = typeof ops & typeof creation & typeof autograd;
type Functions = {
  [Name in keyof Exported as Exported[Name] extends (...values: never[]) => unknown ? Name : never]: Exported[Name];
};
type Operation = Exclude<keyof Functions, (typeof LOOK_UPS)[number]>;

/** Arguments that are right, of each function that there is. A function without a signature does not compile here. */
const right: { [Name in Operation]: () => ArgumentsOf<Name> } = {
  tensor: () => [[1, 2]],
  full: () => [[2], 1],
  zeros: () => [2],
  ones: () => [[2, 3]],
  eye: () => [2],
  randomNormal: () => [3, new S.Random(1)],
  randomUniform: () => [[3], new S.Random(1), { low: -1 }],
  neg: () => [x()],
  exp: () => [x()],
  log: () => [x()],
  tanh: () => [x()],
  sigmoid: () => [x()],
  relu: () => [x()],
  sqrt: () => [x()],
  rsqrt: () => [x()],
  abs: () => [x()],
  sign: () => [x()],
  erf: () => [x()],
  heaviside: () => [x()],
  gelu: () => [x()],
  geluTanh: () => [x()],
  silu: () => [x()],
  add: () => [x(), x()],
  sub: () => [x(), 1],
  mul: () => [2, x()],
  div: () => [x(), x()],
  pow: () => [x(), 2],
  maximum: () => [x(), 0],
  minimum: () => [x(), x()],
  equal: () => [x(), x()],
  less: () => [x(), x()],
  where: () => [x(), x(), x()],
  maskedFill: () => [x(), x(), -1],
  sum: () => [x(), { axis: -1 }],
  mean: () => [x(), { keepDims: true }],
  max: () => [x()],
  reshape: () => [x(), [-1]],
  broadcastTo: () => [x(), [2, 2]],
  permute: () => [x(), [1, 0]],
  transpose: () => [x()],
  slice: () => [x(), [0, 0], [1, 1]],
  sliceRows: () => [x(), 0, 1],
  pad: () => [x(), [0, 0], [3, 3]],
  concat: () => [[x(), x()]],
  indexSelect: () => [x(), [0, 1]],
  indexAdd: () => [x(), [0, 1], 2],
  matmul: () => [x(), x(), { transposeB: true }],
  toDense: () => [sparse],
  keptValues: () => [onWasm(2, 2), sparse.pattern],
  sampledMatmul: () => [onWasm(2, 2), onWasm(2, 2), sparse.pattern],
  linear: () => [x(), x(), null],
  softmax: () => [x()],
  logSoftmax: () => [x(), 0],
  layerNorm: () => [x(), S.ones(2), S.ones(2)],
  dropout: () => [x(), 0.5, new S.Random(1)],
  attention: () => [x(), x(), x()],
  packedAttention: () => [x(), x(), x(), { heads: 1, ...packed }],
  bottleneck: () => [x(), { down: x(), downBias: S.ones(2), up: x(), upBias: S.ones(2) }, { activation: 'relu' }],
  crossEntropy: () => [x(), [0, 1]],
  binaryCrossEntropyWithLogits: () => [x(), x(), { reduction: 'sum' }],
  mse: () => [x(), x()],
  grad: () => [S.sum(leaf), [leaf], { createGraph: true }],
  backward: () => [S.sum(leaf)],
  valueAndGrad: () => [() => S.sum(S.exp(leaf)), { value: leaf }],
  hvp: () => [() => S.sum(S.exp(leaf)), [leaf], [S.ones(2)]],
  checkpoint: () => [S.exp, [leaf]],
  checkGradients: () => [(y: S.Tensor) => S.sum(y), [leaf], { epsilon: 1e-3 }],
};
/** Made when the suite begins, on the backend that is the current one then. */
let leaf: S.Tensor;
let A: S.Tensor;
let freed: S.Tensor;
let sparse: S.SparseMatrix;
test.before(() => {
  leaf = S.tensor([1, 2], [2], { requiresGrad: true });
  A = S.ones([2, 3]);
  freed = S.ones(2);
  freed.dispose();
  sparse = { pattern: S.SparsePattern.of([1, 0, 1, 1], [2, 2], wasm), values: onWasm(3) };
});
const [rows, counts] = [Int32Array.of(0, 2), Int32Array.of(2)];
const packed = { queryOffsets: rows, keyOffsets: rows, keyCounts: counts, causal: false };
const x = () => S.tensor([[1, 2], [3, 4]]); // biome-ignore format: a matrix
/** Ones there, as a card has no sparse matrices. */
const onWasm = (...shape: number[]) => S.Tensor.fromBuffer(wasm, wasm.fill(sizeOf(shape), 1), shape);

const wrong = () => [
  ...[undefined, null, true, 'abc', '3', 1n, Number.NaN, -1, 1.5, () => 1, new Date(), {}, { axs: [0] }, [], [1, 2]],
  ...[
    ['1'],
    [null],
    [-1],
    [1.5],
    [Number.NaN],
    [[1]],
    new Float32Array(2),
    new BigInt64Array(1),
    freed,
    [freed],
    [x(), 1],
  ],
];

const functions = { ...ops, ...creation, ...autograd } as unknown as Record<string, (...values: unknown[]) => unknown>;

for (const name of Object.keys(signatures) as Operation[]) {
  test(`${name} takes what is right, and names itself and the argument that is not`, () => {
    S.tidy(() => {
      functions[name](...right[name]());
      const signature: Signature = signatures[name];
      signature.forEach(([argument, kind], i) => {
        const refused = wrong().filter((value) => !kind.is(value));
        assert.ok(refused.length > 5, `${argument} takes almost everything`);
        for (const value of refused) {
          const values: unknown[] = right[name]();
          while (values.length <= i) values.push(undefined);
          assert.throws(
            () => functions[name](...values.with(i, value)),
            (error: Error) =>
              error instanceof TypeError && error.message.startsWith(`${name}: `) && !error.message.includes('\n'),
            `${name} with ${String(value)} as ${argument}`,
          );
        }
      });
    });
  });
}

test('the table has no function that there is not', () => {
  const exported = Object.entries(functions).flatMap(([name, f]) => (typeof f === 'function' ? [name] : []));
  assert.deepEqual(
    Object.keys(signatures).sort(),
    exported.filter((name) => !LOOK_UPS.includes(name as 'activation')).sort(),
  );
});

/** As from plain JavaScript. */
const js = { ...S } as unknown as Record<string, (...values: unknown[]) => S.Tensor>;
const mistakes: [string, () => unknown, RegExp][] = [
  [
    'add(A, [1, 2, 3])',
    () => js.add(A, [1, 2, 3]),
    /^add: b must be a tensor or a number, not the array \[1, 2, 3\]\.$/,
  ],
  ['add(A)', () => js.add(A), /^add: b must be a tensor or a number, not undefined\.$/],
  ["mul('2', A)", () => js.mul('2', A), /^mul: a must be a tensor or a number, not "2"\.$/],
  ['add(1, 2)', () => js.add(1, 2), /^add: One operand must be a tensor/],
  ['relu of a freed tensor', () => js.relu(freed), /^relu: x: Tensor \[2\] was freed, by dispose\(\)/],
  ['concat with one', () => js.concat([A, freed]), /^concat: xs\[1\]: Tensor \[2\] was freed/],
  ['concat(A, A)', () => js.concat(A, A), /^concat: xs must be an array of tensors, not a tensor \[2, 3\]\.$/],
  ["tensor('abc')", () => js.tensor('abc'), /^tensor: values must be a number, nested arrays .*, not "abc"\.$/],
  [
    "tensor(['1', '2'])",
    () => js.tensor(['1', '2']),
    /^tensor: values must be numbers in nested arrays; "1" is among them\.$/,
  ],
  ['tensor([1n])', () => js.tensor([1n]), /^tensor: values .* 1n is among them\.$/],
  [
    'tensor of 64-bit integers',
    () => js.tensor(new BigInt64Array(2)),
    /^tensor: values must be .*, not a BigInt64Array\.$/,
  ],
  ['tensor([1, undefined])', () => js.tensor([1, undefined]), /^tensor: values .* undefined is among them\.$/],
  ['tensor with a hole', () => js.tensor(Array(2)), /^tensor: values .* undefined is among them\.$/],
  ['tensor([true])', () => js.tensor([true]), /^tensor: values .* true is among them\.$/],
  ['tensor({ length: 1 })', () => js.tensor({ length: 1 }), /^tensor: values\[0\] must be a number, not undefined\.$/],
  [
    'ragged arrays',
    () => js.tensor([[1, 2], [3]]),
    /^tensor: Nested arrays must have the same lengths .* \[2\] beside \[1\]\.$/,
  ],
  [
    'tensor([1, 2, 3], [2, 2])',
    () => js.tensor([1, 2, 3], [2, 2]),
    /^tensor: 3 values do not fit the shape \[2, 2\]\.$/,
  ],
  [
    'tensor(values, [-2, -3])',
    () => js.tensor([1, 2, 3, 4, 5, 6], [-2, -3]),
    /^tensor: shape must be an array of whole numbers from 0, not the array \[-2, -3\]/,
  ],
  [
    'tensor(values, unknown options)',
    () => js.tensor([1], { requiresGrd: true }),
    /^tensor: unknown option "requiresGrd"; there are: requiresGrad\.$/,
  ],
  [
    'tensor(values, 2)',
    () => js.tensor([1, 2], 2),
    /^tensor: shape must be an array of whole numbers from 0, or an object with requiresGrad, not 2\.$/,
  ],
  [
    'tensor(values, options, options)',
    () => js.tensor([1], { requiresGrad: true }, { requiresGrad: true }),
    /^tensor: the options are given twice\.$/,
  ],
  [
    'zeros()',
    () => js.zeros(),
    /^zeros: shape must be an array of whole numbers from 0, or one such number, not undefined\.$/,
  ],
  ['zeros(-1)', () => js.zeros(-1), /^zeros: shape must be .*, not -1\.$/],
  ['zeros([1.5])', () => js.zeros([1.5]), /^zeros: shape must be .*, not the array \[1.5\]\.$/],
  ['zeros([NaN])', () => js.zeros([Number.NaN]), /^zeros: shape must be .* \[NaN\]\.$/],
  ["zeros(['3'])", () => js.zeros(['3']), /^zeros: shape must be .* \["3"\]\.$/],
  ['zeros(2, 3)', () => js.zeros(2, 3), /^zeros: options must be an object with requiresGrad, not 3\.$/],
  ['eye(-2)', () => js.eye(-2), /^eye: n must be a whole number from 0, not -2\.$/],
  ["full([2], '3')", () => js.full([2], '3'), /^full: value must be a number, not "3"\.$/],
  [
    'randomNormal without a generator',
    () => js.randomNormal([2], 7),
    /^randomNormal: random must be a generator \(new Random\(seed\)\), not 7\.$/,
  ],
  [
    'randomNormal with a negative deviation',
    () => js.randomNormal([2], new S.Random(1), { std: -1 }),
    /^randomNormal: std must be a number that is not negative, not -1\.$/,
  ],
  [
    'randomUniform of nothing',
    () => js.randomUniform([2], new S.Random(1), { low: 1, high: 0 }),
    /^randomUniform: high 0 is below low 1\.$/,
  ],
  ['sum(A, 0)', () => js.sum(A, 0), /^sum: options must be an object with axis, keepDims, not 0\.$/],
  ['sum(A, [0])', () => js.sum(A, [0]), /^sum: options must be an object with axis, keepDims, not the array \[0\]\.$/],
  ['sum(A, null)', () => js.sum(A, null), /^sum: options must be an object with axis, keepDims, not null\.$/],
  [
    'sum(A, { axes: [0] })',
    () => js.sum(A, { axes: [0] }),
    /^sum: unknown option "axes"; there are: axis, keepDims\.$/,
  ],
  [
    "sum(A, { axis: '0' })",
    () => js.sum(A, { axis: '0' }),
    /^sum: axis must be a whole number or an array of them, not "0"\.$/,
  ],
  [
    'sum(A, { axis: [0.5] })',
    () => js.sum(A, { axis: [0.5] }),
    /^sum: axis must be a whole number or an array of them, not the array \[0.5\]\.$/,
  ],
  ['sum(A, { axis: 2 })', () => js.sum(A, { axis: 2 }), /^sum: Axis 2 is outside a tensor of rank 2\.$/],
  ['mean(A, { axis: 2 })', () => js.mean(A, { axis: 2 }), /^mean: Axis 2 is outside a tensor of rank 2\.$/],
  [
    'sum(A, { axis: [0, -2] })',
    () => js.sum(A, { axis: [0, -2] }),
    /^sum: axis \[0, -2\] names an axis of \[2, 3\] twice\.$/,
  ],
  [
    "sum(A, { keepDims: 'yes' })",
    () => js.sum(A, { keepDims: 'yes' }),
    /^sum: keepDims must be true or false, not "yes"\.$/,
  ],
  [
    'max of nothing',
    () => S.max(S.zeros([0, 3]), { axis: 0 }),
    /^max: the largest of no numbers: x has the shape \[0, 3\]\.$/,
  ],
  ['softmax(A, 2)', () => js.softmax(A, 2), /^softmax: Axis 2 is outside a tensor of rank 2\.$/],
  ["softmax(A, '1')", () => js.softmax(A, '1'), /^softmax: axis must be a whole number, not "1"\.$/],
  [
    'softmax(A, { axis: 1 })',
    () => js.softmax(A, { axis: 1 }),
    /^softmax: axis must be a whole number, not an object\.$/,
  ],
  ['reshape(A, [-2, -3])', () => js.reshape(A, [-2, -3]), /^reshape: shape must be an array of whole numbers from -1/],
  ['reshape(A, [4])', () => js.reshape(A, [4]), /^reshape: Shape \[2, 3\] cannot be read as \[4\]\.$/],
  [
    'broadcastTo(A, [-3])',
    () => js.broadcastTo(A, [-3]),
    /^broadcastTo: shape must be an array of whole numbers from 0/,
  ],
  ['broadcastTo(A, [3])', () => js.broadcastTo(A, [3]), /^broadcastTo: Shape \[2, 3\] does not broadcast to \[3\]\.$/],
  [
    'pad(A, [[-1, 0]])',
    () => js.pad(A, [[-1, 0]]),
    /^pad: starts must be an array of whole numbers from 0, not the array \[\[\.\.\.\]\]\.$/,
  ],
  ['slice(A, 0, 1)', () => js.slice(A, 0, 1), /^slice: starts must be an array of whole numbers, not 0\.$/],
  [
    'indexSelect(A, 1)',
    () => js.indexSelect(A, 1),
    /^indexSelect: ids must be an Int32Array or an array of whole numbers, not 1\.$/,
  ],
  [
    "indexSelect(A, ['1'])",
    () => js.indexSelect(A, ['1']),
    /^indexSelect: ids\[0\]: Row "1" is outside a table of shape \[2, 3\]\.$/,
  ],
  ['indexSelect(A, [0, null])', () => js.indexSelect(A, [0, null]), /^indexSelect: ids\[1\]: Row null is outside/],
  ['indexSelect(A, [1n])', () => js.indexSelect(A, [1n]), /^indexSelect: ids\[0\]: Row 1n is outside/],
  ['indexSelect(A, [0.5])', () => js.indexSelect(A, [0.5]), /^indexSelect: ids\[0\]: Row 0.5 is outside/],
  [
    'indexSelect(A, [2 ** 32])',
    () => js.indexSelect(A, [2 ** 32]),
    /^indexSelect: ids\[0\]: Row 4294967296 is outside/,
  ],
  [
    'indexSelect(A, [1 - 2 ** 32])',
    () => js.indexSelect(A, [1 - 2 ** 32]),
    /^indexSelect: ids\[0\]: Row -4294967295 is outside/,
  ],
  [
    'indexSelect of 64-bit integers',
    () => js.indexSelect(A, new BigInt64Array(1)),
    /^indexSelect: ids must be .*, not a BigInt64Array\.$/,
  ],
  ['indexSelect of a scalar', () => js.indexSelect(S.tensor(1), [0]), /^indexSelect: table must have rows/],
  [
    'a frozen row that is none',
    () => js.indexSelect(A, [0], { paddingIdx: 5 }),
    /^indexSelect: paddingIdx 5 is outside/,
  ],
  [
    'crossEntropy(A, [0, 1.5])',
    () => js.crossEntropy(A, [0, 1.5]),
    /^crossEntropy: target 1.5 is not one of the 3 classes\.$/,
  ],
  [
    "crossEntropy(A, ['0', '1'])",
    () => js.crossEntropy(A, ['0', '1']),
    /^crossEntropy: target "0" is not one of the 3 classes\.$/,
  ],
  [
    "crossEntropy(A, t, { reduction: 'none' })",
    () => js.crossEntropy(A, [0, 1], { reduction: 'none' }),
    /^crossEntropy: reduction must be one of 'mean', 'sum', not "none"\.$/,
  ],
  [
    'crossEntropy(A, t, { weight: [1, -1, 1] })',
    () => js.crossEntropy(A, [0, 1], { weight: [1, -1, 1] }),
    /^crossEntropy: weight must be an array of finite numbers that are not negative, not /,
  ],
  [
    'crossEntropy(A, t, { labelSmoothing: 1.5 })',
    () => js.crossEntropy(A, [0, 1], { labelSmoothing: 1.5 }),
    /^crossEntropy: labelSmoothing must be a number from 0 to 1, not 1\.5\.$/,
  ],
  [
    'dropout(A, 1.5)',
    () => js.dropout(A, 1.5, new S.Random(1)),
    /^dropout: p: the probability 1.5 is outside \[0, 1\)\.$/,
  ],
  [
    'dropout(A, 0.5)',
    () => js.dropout(A, 0.5),
    /^dropout: random must be a generator \(new Random\(seed\)\), not undefined\.$/,
  ],
  [
    'matmul(A, A, { transposeb: true })',
    () => js.matmul(A, A, { transposeb: true }),
    /^matmul: unknown option "transposeb"; there are: transposeA, transposeB\.$/,
  ],
  [
    'layerNorm with a negative eps',
    () => js.layerNorm(A, S.ones(3), S.ones(3), -1),
    /^layerNorm: eps must be a number that is not negative, not -1\.$/,
  ],
  [
    'attention with an unknown option',
    () => js.attention(A, A, A, { Scale: 1 }),
    /^attention: unknown option "Scale"; there are: scale, mask, bias, dropMask\.$/,
  ],
  [
    'attention with an infinite scale',
    () => js.attention(A, A, A, { scale: Infinity }),
    /^attention: scale must be a finite number, not Infinity\.$/,
  ],
  [
    'packedAttention without heads',
    () => js.packedAttention(x(), x(), x(), packed),
    /^packedAttention: heads is missing/,
  ],
  [
    'packedAttention with 0 heads',
    () => js.packedAttention(x(), x(), x(), { ...packed, heads: 0 }),
    /^packedAttention: heads must be a whole number from 1, not 0\.$/,
  ],
  [
    'packedAttention with offsets that go down',
    () =>
      js.packedAttention(x(), x(), x(), {
        ...packed,
        heads: 1,
        queryOffsets: Int32Array.of(0, 3, 2),
        keyOffsets: Int32Array.of(0, 1, 2),
        keyCounts: Int32Array.of(1, 1),
      }),
    /^packedAttention: the query offsets must begin with 0 and not go down, not \[0, 3, 2\]\.$/,
  ],
  [
    'bottleneck with another activation',
    () => js.bottleneck(x(), right.bottleneck()[1], { activation: 'elu' }),
    /^bottleneck: activation must be one of 'gelu', .*, not "elu"\.$/,
  ],
  [
    'bottleneck without a weight',
    () => js.bottleneck(x(), { down: x() }, { activation: 'relu' }),
    /^bottleneck: downBias is missing/,
  ],
  [
    'a mask of more queries than there are',
    () => js.attention(x(), x(), x(), { mask: S.ones([3, 1, 2]) }),
    /^attention: mask \[3, 1, 2\] does not broadcast to the scores \[2, 2\]\.$/,
  ],
  ['grad(y, 2)', () => js.grad(S.sum(leaf), 2), /^grad: inputs must be a tensor or a parameter, not 2\.$/],
  [
    'grad(y, [x, undefined])',
    () => js.grad(S.sum(leaf), [leaf, undefined]),
    /^grad: inputs\[1\] must be a tensor or a parameter, not undefined\.$/,
  ],
  [
    'grad(y, { value: freed })',
    () => js.grad(S.sum(leaf), { value: freed }),
    /^grad: inputs: Tensor \[2\] was freed, by dispose\(\)/,
  ],
  [
    'valueAndGrad of a promise',
    () => js.valueAndGrad(async () => S.sum(leaf), leaf),
    /^valueAndGrad: f must return a tensor, not a promise\.$/,
  ],
  [
    'valueAndGrad of several numbers',
    () => S.valueAndGrad(() => leaf.mul(2), leaf),
    /^valueAndGrad: f must return one number, not a tensor \[2\]; take its sum or mean\.$/,
  ],
  [
    'valueAndGrad of other shapes',
    () => S.valueAndGrad(() => leaf.mul(S.ones(3)).sum(), leaf),
    /^mul: Shapes \[2\] and \[3\] do not broadcast\.$/,
  ],
  [
    'grad with an unknown option',
    () => js.grad(S.sum(leaf), [leaf], { createGrph: true }),
    /^grad: unknown option "createGrph"; there are: gradOutput, createGraph, retainGraph\.$/,
  ],
  ['hvp of a tensor', () => js.hvp(S.sum(leaf), [leaf], [A]), /^hvp: f must be a function, not a tensor \[\]\.$/],
  [
    'an operation inside a function for hvp',
    () => S.hvp(() => S.sum(S.add(leaf, S.ones(3))), [leaf], [S.ones(2)]),
    /^add: Shapes \[2\] and \[3\] do not broadcast\.$/,
  ],
  ['mse of other shapes', () => S.mse(S.ones(2), S.ones(3)), /^mse: Shapes \[2\] and \[3\] do not broadcast\.$/],
];
for (const [what, make, message] of mistakes) {
  test(`${what} is an error that names the function and the argument`, () => {
    assert.throws(
      () => S.tidy(() => make()),
      (error: Error) => {
        assert.match(error.message, message);
        return error instanceof TypeError || error instanceof RangeError;
      },
    );
  });
}

const settings: [name: unknown, options: unknown, message: RegExp][] = [
  ['reference', { dtyp: 'float64' }, /^setBackend: unknown option "dtyp"; there are: dtype, threads\.$/],
  ['reference', { dtype: 'float16' }, /^setBackend: dtype must be one of 'float32', 'float64', not "float16"\.$/],
  ['reference', null, /^setBackend: options must be an object with dtype, threads, not null\.$/],
  ['wasm', { threads: 0 }, /^setBackend: threads must be a whole number from 1, not 0\.$/],
  ['cuda', undefined, /^setBackend: name must be one of 'wasm', 'reference', 'gpu', not "cuda"\.$/],
  ['toString', {}, /^setBackend: name must be one of /],
];
for (const [name, options, message] of settings) {
  test(`the backend ${name} with ${JSON.stringify(options)} is refused`, async () => {
    const before = S.getBackend();
    const isExpected = (error: Error) => error instanceof TypeError && message.test(error.message);
    await assert.rejects(S.setBackend(name as S.BackendName, options as S.BackendOptions), isExpected);
    assert.equal(S.getBackend(), before);
  });
}

test('tensors of two backends are an error of the function that was called', async () => {
  const on = (backend: S.Backend) => S.Tensor.fromBuffer(backend, backend.fill(4, 1), [2, 2]);
  const [a, b] = [on(wasm), on(float64)];
  for (const make of [() => S.mse(a, b), () => S.attention(a, a, a, { mask: b }), () => S.concat([a, b])]) {
    assert.throws(
      make,
      /^RangeError: (mse|attention|concat): Tensors of two backends meet: \[.*wasm\) and \[.*reference\)/,
    );
  }
});

test('functions of one argument can be given to Array.map', () => {
  assert.deepEqual([A, A].map(S.relu as (x: S.Tensor) => S.Tensor).map((y) => y.shape), [[2, 3], [2, 3]]); // biome-ignore format: one line
});

test('what stands after the last argument is refused by name, but for the index that Array.map and reduce give', () => {
  const surplus: { [Name in 'gelu' | 'add' | 'where' | 'layerNorm']: unknown[] } = {
    gelu: [A, { approximate: 'tanh' }],
    add: [A, A, { alpha: 2 }],
    where: [A, A, A, A],
    layerNorm: [A, x(), x(), 1e-5, 'extra'],
  };
  for (const [name, values] of Object.entries(surplus)) {
    const isExpected = new RegExp(`^TypeError: ${name}: .*after them stands`);
    assert.throws(
      () => (S as unknown as Record<string, (...values: unknown[]) => unknown>)[name](...values),
      isExpected,
    );
  }
  const method = A.relu as unknown as (this: S.Tensor, options: unknown) => S.Tensor;
  assert.throws(() => method.call(A, { inplace: true }), /^TypeError: relu: .* x; after them stands an object/);
  assert.deepEqual([A, A, A].reduce(S.add as (a: S.Tensor, b: S.Tensor) => S.Tensor).shape, A.shape);
});

test('functions of functions name what is no function, and what a function must return', () => {
  const wrong: [RegExp, () => unknown][] = [
    [/^TypeError: tidy: fn must be a function, not undefined/, () => S.tidy(undefined as never)],
    [/^TypeError: noGrad: fn must be a function, not number/, () => S.noGrad(3 as never)],
    [
      /^TypeError: checkpoint: fn must return a tensor, not a promise/,
      () => S.checkpoint((async () => A) as never, [A]),
    ],
  ];
  for (const [message, make] of wrong) assert.throws(make, message);
  const none = {};
  assert.throws(() => S.keep(none as never), /^TypeError: keep: tensor must be a tensor/);
  assert.deepEqual(none, {});
});

test('no method reads beyond the numbers of a tensor', () => {
  assert.ok(!('view' in A), 'a view outside the graph must not have the name that PyTorch has for reshape');
  assert.throws(() => A.leafView([50, 50]), /^RangeError: Shape \[2, 3\] cannot be read as \[50, 50\]/);
});

test('what others change later is not the shape of a tensor', () => {
  const shape = [2, 3];
  const made = [
    S.zeros(shape),
    S.tensor([1, 2, 3, 4, 5, 6], shape),
    S.reshape(A, shape),
    S.broadcastTo(S.ones(1), shape),
  ];
  shape[0] = 5;
  for (const y of made) assert.deepEqual(y.shape, [2, 3]);
});

test('defaults are those of PyTorch', () => {
  assert.deepEqual([S.zeros(3).shape, S.ones(0).shape, S.full(2, 7).shape], [[3], [0], [2]]);
  const [q, k, v] = [1, 2, 3].map((seed) => S.randomNormal([4, 16], new S.Random(seed)));
  const scale = 1 / 4;
  assert.deepEqual(S.attention(q, k, v).dataSync(), S.attention(q, k, v, { scale }).dataSync());
  const spec = {
    heads: 2,
    queryOffsets: Int32Array.of(0, 4),
    keyOffsets: Int32Array.of(0, 4),
    keyCounts: Int32Array.of(4),
    causal: true,
  };
  assert.deepEqual(
    S.packedAttention(q, k, v, spec).dataSync(),
    S.packedAttention(q, k, v, { ...spec, scale: 1 / Math.sqrt(8) }).dataSync(),
  );
  const [one, zero] = [S.ones(16), S.zeros(16)];
  assert.deepEqual(S.layerNorm(q, one, zero).dataSync(), S.layerNorm(q, one, zero, 1e-5).dataSync());
});

test('rows of typed arrays make a matrix', () => {
  const y = S.tensor([Float32Array.of(1, 2), Float64Array.of(3, 4)]);
  assert.deepEqual([y.shape, Array.from(y.dataSync())], [[2, 2], [1, 2, 3, 4]]); // biome-ignore format: one line
});

test('lists of lengths with anything but whole numbers are refused in the same words, whatever reading them would throw', () => {
  const items = [
    1.5,
    Number.NaN,
    -2,
    Number.POSITIVE_INFINITY,
    '3',
    null,
    undefined,
    true,
    3n,
    Symbol('3'),
    [3],
    {},
    A,
  ];
  for (const item of items) {
    for (const shape of [[item, 2], [2, item], [-1, item], [item]]) {
      assert.throws(
        () => js.reshape(A, shape),
        /^TypeError: reshape: shape must be an array of whole numbers from -1, not the array /,
      );
      assert.throws(() => js.zeros(shape), /^TypeError: zeros: shape must be an array of whole numbers from 0, or one/);
    }
  }
  for (const shape of [
    [-1, -1],
    [0, -1],
    [4, -1],
    [6, 0],
    [2 ** 32, -1],
  ])
    assert.throws(() => js.reshape(A, shape), /^RangeError: reshape: Shape \[2, 3\] cannot be read as \[/);
  assert.deepEqual(js.reshape(A, [-1, 2]).shape, [3, 2]);
  assert.deepEqual(js.reshape(js.zeros([0, 3]), [-1, 2]).shape, [0, 2]);
});

test('an empty array is no object of options', () => {
  for (const options of [[], [0], new Int32Array(1), A])
    assert.throws(
      () => js.sum(A, options),
      /^TypeError: sum: (options must be an object with axis, keepDims|unknown option)/,
    );
});

test.run();
