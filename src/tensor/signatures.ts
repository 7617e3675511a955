import * as kind from './kinds.ts';

/** The arguments of a function in order: their names and what they may be. */
export type Signature = readonly (readonly [name: string, kind: kind.Kind<unknown>])[];

const { integer, integers, number, operand, optional, orNull, shape, tensor, tensors } = kind;

const ofTensor = [['x', tensor]] as const;
const ofOperands = [
  ['a', operand],
  ['b', operand],
] as const;
const ofTensors = [
  ['a', tensor],
  ['b', tensor],
] as const;
const overAxes = [
  ['x', tensor],
  ['options', kind.options({ axis: kind.axes, keepDims: kind.boolean })],
] as const;
const alongAxis = [
  ['x', tensor],
  ['axis', optional(integer())],
] as const;
const leaf = { requiresGrad: kind.boolean };
const constant = [
  ['shape', kind.lengths],
  ['options', kind.options(leaf)],
] as const;
const reduction = kind.oneOf('mean', 'sum');
const seededDropout = kind.record({ p: kind.probability, seed: integer(0) });

/**
 * The one table of what every public operation, creation function and derivative takes. `define` checks calls by it, and TypeScript compares
 * it with the functions, so neither can change without the other.
 */
export const signatures = {
  tensor: [
    ['values', kind.values],
    ['shape', kind.shapeOr(kind.options(leaf))],
    ['options', kind.options(leaf)],
  ],
  full: [
    ['shape', kind.lengths],
    ['value', number],
    ['options', kind.options(leaf)],
  ],
  zeros: constant,
  ones: constant,
  eye: [['n', integer(0)]],
  randomNormal: [
    ['shape', kind.lengths],
    ['random', kind.random],
    ['options', kind.options({ ...leaf, mean: kind.finite, std: kind.notNegative })],
  ],
  randomUniform: [
    ['shape', kind.lengths],
    ['random', kind.random],
    ['options', kind.options({ ...leaf, low: kind.finite, high: kind.finite })],
  ],

  neg: ofTensor,
  exp: ofTensor,
  log: ofTensor,
  tanh: ofTensor,
  sigmoid: ofTensor,
  relu: ofTensor,
  sqrt: ofTensor,
  rsqrt: ofTensor,
  abs: ofTensor,
  sign: ofTensor,
  erf: ofTensor,
  heaviside: ofTensor,
  gelu: ofTensor,
  geluTanh: ofTensor,
  silu: ofTensor,

  add: ofOperands,
  sub: ofOperands,
  mul: ofOperands,
  div: ofOperands,
  pow: ofOperands,
  maximum: ofOperands,
  minimum: ofOperands,

  equal: ofTensors,
  less: ofTensors,
  where: [
    ['condition', tensor],
    ['a', tensor],
    ['b', tensor],
  ],
  maskedFill: [
    ['x', tensor],
    ['mask', tensor],
    ['value', number],
  ],

  sum: overAxes,
  mean: overAxes,
  max: overAxes,

  reshape: [
    ['x', tensor],
    ['shape', kind.readLengths],
  ],
  broadcastTo: [
    ['x', tensor],
    ['shape', shape],
  ],
  permute: [
    ['x', tensor],
    ['order', integers()],
  ],
  transpose: [
    ['x', tensor],
    ['first', optional(integer())],
    ['second', optional(integer())],
  ],
  slice: [
    ['x', tensor],
    ['starts', integers()],
    ['ends', integers()],
  ],
  sliceRows: [
    ['x', tensor],
    ['start', integer()],
    ['end', integer()],
  ],
  pad: [
    ['x', tensor],
    ['starts', integers(0)],
    ['shape', shape],
  ],
  concat: [
    ['xs', tensors],
    ['axis', optional(integer())],
  ],
  indexSelect: [
    ['table', tensor],
    ['ids', kind.ids],
    ['options', kind.options({ paddingIdx: integer() })],
  ],
  indexAdd: [
    ['x', tensor],
    ['ids', kind.ids],
    ['rows', integer(0)],
  ],

  matmul: [...ofTensors, ['options', kind.options({ transposeA: kind.boolean, transposeB: kind.boolean })]],
  toDense: [['matrix', kind.sparseMatrix]],
  keptValues: [
    ['x', tensor],
    ['pattern', kind.pattern],
  ],
  sampledMatmul: [
    ['y', tensor],
    ['x', tensor],
    ['pattern', kind.pattern],
  ],
  linear: [
    ['x', tensor],
    ['weight', kind.matrix],
    ['bias', orNull(tensor)],
  ],
  softmax: alongAxis,
  logSoftmax: alongAxis,
  layerNorm: [
    ['x', tensor],
    ['weight', tensor],
    ['bias', tensor],
    ['eps', optional(kind.notNegative)],
  ],
  dropout: [
    ['x', tensor],
    ['p', kind.probability],
    ['random', kind.random],
  ],
  attention: [
    ['query', tensor],
    ['key', tensor],
    ['value', tensor],
    ['options', kind.options({ scale: kind.finite, mask: tensor, bias: tensor, dropMask: tensor })],
  ],
  packedAttention: [
    ['query', tensor],
    ['key', tensor],
    ['value', tensor],
    [
      'options',
      kind.record({
        heads: integer(1),
        scale: optional(kind.finite),
        queryOffsets: kind.offsets,
        keyOffsets: kind.offsets,
        keyCounts: kind.offsets,
        causal: kind.boolean,
        dropout: optional(seededDropout),
      }),
    ],
  ],
  bottleneck: [
    ['x', tensor],
    [
      'weights',
      kind.record({
        down: kind.matrix,
        downBias: tensor,
        up: kind.matrix,
        upBias: tensor,
        downMask: orNull(tensor),
        upMask: orNull(tensor),
      }),
    ],
    [
      'options',
      kind.record({
        activation: kind.oneOf('gelu', 'gelu_fast', 'gelu_new', 'gelu_pytorch_tanh', 'relu', 'silu', 'swish', 'tanh'),
        scale: optional(kind.finite),
        residual: orNull(tensor),
        dropout: orNull(kind.record({ p: kind.probability, random: kind.random })),
      }),
    ],
  ],
  crossEntropy: [
    ['logits', tensor],
    ['targets', kind.ids],
    [
      'options',
      kind.options({ ignoreIndex: integer(), reduction, weight: kind.weights, labelSmoothing: kind.fraction }),
    ],
  ],
  binaryCrossEntropyWithLogits: [
    ['logits', tensor],
    ['targets', tensor],
    ['options', kind.options({ reduction })],
  ],
  mse: [...ofTensors, ['options', kind.options({ reduction })]],

  grad: [
    ['output', tensor],
    ['inputs', kind.inputs],
    ['options', kind.options({ gradOutput: tensor, createGraph: kind.boolean, retainGraph: kind.boolean })],
  ],
  backward: [
    ['output', tensor],
    ['gradOutput', optional(tensor)],
  ],
  valueAndGrad: [
    ['f', kind.callback],
    ['inputs', kind.inputs],
  ],
  hvp: [
    ['f', kind.callback],
    ['inputs', kind.inputs],
    ['vectors', kind.oneOrMore],
  ],
  checkpoint: [
    ['fn', kind.callback],
    ['inputs', tensors],
  ],
  checkGradients: [
    ['f', kind.callback],
    ['inputs', tensors],
    ['options', kind.options({ epsilon: kind.notNegative })],
  ],
} as const satisfies { readonly [name: string]: Signature };

/** The name of a function in the table. */
export type SignedName = keyof typeof signatures;

/** The types of the arguments of a signature. */
type Tuple<S> = S extends readonly [readonly [string, infer K], ...infer Rest]
  ? K extends kind.OptionalKind<infer T>
    ? [value?: T, ...rest: Tuple<Rest>]
    : [value: kind.TypeOf<K>, ...rest: Tuple<Rest>]
  : [];
export type ArgumentsOf<Name extends SignedName> = Tuple<(typeof signatures)[Name]>;
