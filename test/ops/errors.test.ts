import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type AttentionSpec,
  add,
  type BottleneckWeights,
  binaryCrossEntropyWithLogits,
  bottleneck,
  broadcastTo,
  concat,
  crossEntropy,
  dropout,
  equal,
  indexAdd,
  indexSelect,
  layerNorm,
  less,
  linear,
  maskedFill,
  matmul,
  maximum,
  mse,
  packedAttention,
  pad,
  permute,
  Random,
  reshape,
  type Shape,
  slice,
  softmax,
  sum,
  type Tensor,
  tidy,
  transpose,
  where,
} from '../../src/index.ts';
import { selfAttention } from '../support/attention.ts';
import { backends, float32, float64, label, wasm } from '../support/backends.ts';
import { coefficients, toTensor } from '../support/values.ts';

const test = suite('ops: errors');

type Make = (...shape: number[]) => Tensor;

const attend = (x: Tensor, heads: number, offsets: number[], keyCounts: number[]) =>
  packedAttention(x, x, x, selfAttention({ heads, scale: 1, offsets, keyCounts }));
const attendTo = (query: Tensor, memory: Tensor, own: Partial<AttentionSpec> = {}) => {
  const queryOffsets = Int32Array.of(0, 2);
  const keyOffsets = Int32Array.of(0, 3);
  const spec = { heads: 2, scale: 1, queryOffsets, keyOffsets, keyCounts: Int32Array.of(3), causal: true };
  return packedAttention(query, memory, memory, { ...spec, ...own });
};

/** A bottleneck whose inputs have the right shapes but for some. */
function adapt(make: Make, shapes: { readonly [name: string]: number[] }, p = 0): Tensor {
  const right = { x: [2, 4], down: [3, 4], downBias: [3], up: [4, 3], upBias: [4] };
  const all = Object.entries({ ...right, ...shapes }).map(([name, shape]) => [name, make(...shape)]);
  const { x, residual, ...weights } = Object.fromEntries(all) as BottleneckWeights & { x: Tensor; residual?: Tensor };
  return bottleneck(x, weights, { activation: 'relu', residual, dropout: { p, random: new Random(1) } });
}

const wrong: [string, (make: Make) => Tensor, RegExp][] = [
  ['add of shapes that do not broadcast', (t) => add(t(2, 3), t(4)), /Shapes \[2, 3\] and \[4\] do not broadcast/],
  ['equal likewise', (t) => equal(t(2), t(3)), /\[2\] and \[3\] do not broadcast/],
  ['where likewise', (t) => where(t(2), t(3), t(1)), /\[2\] and \[3\] and \[1\] do not broadcast/],
  ['mse likewise', (t) => mse(t(2), t(3)), /\[2\] and \[3\] do not broadcast/],
  ['broadcastTo a smaller shape', (t) => broadcastTo(t(2, 3), [3]), /\[2, 3\] does not broadcast to \[3\]/],
  ['matmul of a vector', (t) => matmul(t(3), t(3, 2)), /needs matrices, not \[3\] and \[3, 2\]/],
  [
    'matmul with other inner lengths',
    (t) => matmul(t(2, 3), t(2, 3)),
    /inner lengths 3 and 2 of \[2, 3\] and \[2, 3\]/,
  ],
  [
    'matmul of batches that do not fit',
    (t) => matmul(t(2, 3, 3), t(4, 3, 3)),
    /batches of \[2, 3, 3\] and \[4, 3, 3\] do not broadcast/,
  ],
  ['linear with another width', (t) => linear(t(2, 3), t(5, 4)), /linear: .* \[2, 3\], \[5, 4\] do not fit/],
  ['linear with another bias', (t) => linear(t(2, 4), t(5, 4), t(4)), /\[2, 4\], \[5, 4\], \[4\] do not fit/],
  ['bottleneck likewise', (t) => adapt(t, { up: [4, 2] }), /x \[2, 4\], down \[3, 4\], .*up \[4, 2\].* do not fit/],
  ['bottleneck of another width', (t) => adapt(t, { x: [2, 5] }), /x \[2, 5\], down \[3, 4\]/],
  ['bottleneck with another bias', (t) => adapt(t, { upBias: [3] }), /upBias \[3\]/],
  ['bottleneck with another mask', (t) => adapt(t, { downMask: [4, 3] }), /downMask \[4, 3\]/],
  ['bottleneck with another residual', (t) => adapt(t, { residual: [1, 4] }), /residual \[1, 4\]/],
  ['bottleneck with dropout of everything', (t) => adapt(t, {}, 1), /probability 1 is outside \[0, 1\)/],
  [
    'layerNorm with another width',
    (t) => layerNorm(t(2, 4), t(4), t(3), 1e-5),
    /x \[2, 4\] needs .* not \[4\] and \[3\]/,
  ],
  ['softmax along no axis', (t) => softmax(t(2, 3), 2), /Axis 2 is outside a tensor of rank 2/],
  ['sum over no axis', (t) => sum(t(2, 3), { axis: [-3] }), /Axis -3 is outside a tensor of rank 2/],
  ['transpose of a vector', (t) => transpose(t(3)), /Axis -2 is outside a tensor of rank 1/],
  [
    'permute naming an axis twice',
    (t) => permute(t(2, 3), [0, 0]),
    /\[0, 0\] does not name each axis of \[2, 3\] once/,
  ],
  ['reshape to another size', (t) => reshape(t(2, 3), [4]), /\[2, 3\] cannot be read as \[4\]/],
  ['reshape with a remainder', (t) => reshape(t(2, 3), [4, -1]), /\[2, 3\] cannot be read as \[4, -1\]/],
  ['reshape with two unknowns', (t) => reshape(t(2, 3), [-1, -1]), /\[2, 3\] cannot be read as \[-1, -1\]/],
  ['slice past the end', (t) => slice(t(4), [2], [5]), /a block \[3\] at \[2\] does not lie inside \[4\]/],
  ['slice backwards', (t) => slice(t(4), [2], [1]), /a block \[-1\] at \[2\] does not lie inside \[4\]/],
  ['slice with too few axes', (t) => slice(t(4, 2), [0], [1]), /a block \[1\] at \[0\] does not lie inside \[4, 2\]/],
  ['pad past the end', (t) => pad(t(3), [2], [4]), /a block \[3\] at \[2\] does not lie inside \[4\]/],
  ['concat of other widths', (t) => concat([t(2, 3), t(2, 4)]), /shapes \[2, 3\], \[2, 4\] do not fit/],
  ['concat of nothing', () => concat([]), /at least one tensor/],
  ['indexSelect past the end', (t) => indexSelect(t(3, 2), [0, 3]), /Row 3 is outside a table of shape \[3, 2\]/],
  ['indexSelect of a fraction', (t) => indexSelect(t(3, 2), [0.5]), /Row 0.5 is outside a table of shape \[3, 2\]/],
  ['indexSelect of NaN', (t) => indexSelect(t(3, 2), [Number.NaN]), /Row NaN is outside a table of shape \[3, 2\]/],
  ['indexAdd past the end', (t) => indexAdd(t(2, 2), [0, 5], 5), /Row 5 is outside the 5 rows/],
  ['indexAdd with too few rows', (t) => indexAdd(t(2, 2), [0], 5), /1 row numbers do not fit .* \[2, 2\]/],
  [
    'crossEntropy with too few targets',
    (t) => crossEntropy(t(2, 3), [0]),
    /1 targets do not fit logits of shape \[2, 3\]/,
  ],
  [
    'crossEntropy with too few weights',
    (t) => crossEntropy(t(2, 3), [0, 1], { weight: [1, 2] }),
    /weight has 2 numbers, one for each of the 3 classes is needed/,
  ],
  ['crossEntropy with a strange target', (t) => crossEntropy(t(2, 3), [0, 3]), /target 3 is not one of the 3 classes/],
  [
    'binaryCrossEntropyWithLogits with targets of another shape',
    (t) => binaryCrossEntropyWithLogits(t(2, 3), t(3)),
    /targets of shape \[3\] do not fit logits of shape \[2, 3\]/,
  ],
  ['crossEntropy with a fraction', (t) => crossEntropy(t(1, 3), [0.5]), /target 0.5 is not one of the 3 classes/],
  ['dropout of everything', (t) => dropout(t(3), 1, new Random(1)), /probability 1 is outside \[0, 1\)/],
  ['dropout with NaN', (t) => dropout(t(3), Number.NaN, new Random(1)), /probability NaN/],
  [
    'packedAttention of other shapes',
    (t) => packedAttention(t(2, 4), t(2, 4), t(3, 4), spec),
    /\[2, 4\], \[2, 4\], \[3, 4\]/,
  ],
  ['packedAttention with an odd width', (t) => attend(t(2, 4), 3, [0, 2], [2]), /3 heads do not divide 4 columns/],
  ['packedAttention with too few rows', (t) => attend(t(2, 4), 2, [0, 3], [2]), /describe 3 rows, the tensors have 2/],
  [
    'packedAttention with keys of the next sequence',
    (t) => attend(t(4, 4), 2, [0, 2, 4], [3, 2]),
    /sequence 0 .* 3 keys/,
  ],
  [
    'packedAttention of two widths',
    (t) => attendTo(t(2, 4), t(3, 6)),
    /one width, .* not \[2, 4\], \[3, 6\], \[3, 6\]/,
  ],
  ['packedAttention of a vector', (t) => attendTo(t(4), t(3, 4)), /must be matrices/],
  [
    'packedAttention with too few keys',
    (t) => attendTo(t(2, 4), t(2, 4)),
    /key offsets describe 3 rows, the tensors have 2/,
  ],
  [
    'packedAttention with key offsets of more sequences',
    (t) => attendTo(t(2, 4), t(3, 4), { keyOffsets: Int32Array.of(0, 2, 3) }),
    /1 key counts but 3 key offsets/,
  ],
  [
    'causal packedAttention with fewer keys than queries',
    (t) => attendTo(t(2, 4), t(3, 4), { keyCounts: Int32Array.of(1) }),
    /first of 2 queries of sequence 0 sees none of its 1 keys/,
  ],
  ['packedAttention without a key', (t) => attend(t(4, 4), 2, [0, 2, 4], [2, 0]), /sequence 1 .* 0 keys/],
];

const spec = selfAttention({ heads: 1, scale: 1, offsets: [0, 2], keyCounts: [2] });

for (const [name, make, message] of wrong) {
  for (const backend of backends) {
    test(`${name} is an error that names the numbers, on ${label(backend)}`, () => {
      tidy(() => {
        const constant = (...shape: number[]) => toTensor(backend, coefficients(shape));
        assert.throws(() => make(constant), message);
      });
    });
  }
}

const mixed: [string, (one: Make, other: Make) => Tensor][] = [
  ['add', (a, b) => add(a(3), b(3))],
  ['maximum', (a, b) => maximum(a(3), b(3))],
  ['equal', (a, b) => equal(a(3), b(3))],
  ['less', (a, b) => less(a(3), b(3))],
  ['where', (a, b) => where(a(3), a(3), b(3))],
  ['the condition of where', (a, b) => where(a(3), b(3), b(3))],
  ['the mask of maskedFill', (a, b) => maskedFill(a(3), b(3), 0)],
  ['matmul', (a, b) => matmul(a(3, 3), b(3, 3))],
  ['linear', (a, b) => linear(a(3, 3), a(3, 3), b(3))],
  ['layerNorm', (a, b) => layerNorm(a(3, 3), b(3), a(3), 1e-5)],
  ['concat', (a, b) => concat([a(3), b(3)])],
  ['packedAttention', (a, b) => packedAttention(a(2, 4), a(2, 4), b(2, 4), spec)],
];

for (const [name, make] of mixed) {
  test(`${name} of tensors on two backends is an error that names both`, () => {
    tidy(() => {
      const on =
        (backend: typeof wasm) =>
        (...shape: Shape) =>
          toTensor(backend, coefficients(shape));
      for (const [one, other] of [
        [wasm, float64],
        [float64, wasm],
        [float32, float64],
      ]) {
        assert.throws(
          () => make(on(one), on(other)),
          (error: Error) =>
            /Tensors of two backends meet/.test(error.message) &&
            [one, other].every(({ dtype, name: own }) => error.message.includes(`${dtype}, ${own}`)),
        );
      }
    });
  });
}

test.run();
