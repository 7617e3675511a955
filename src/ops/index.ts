export { type ActivationName, activation, activations, gelu, geluTanh, silu } from './activations.ts';
export { add, div, maximum, minimum, mul, type Operand, pow, sub } from './arithmetic.ts';
export {
  type AttentionOptions,
  type AttentionSpec,
  attention,
  type PackedAttentionOptions,
  packedAttention,
} from './attention.ts';
export { type BottleneckOptions, type BottleneckWeights, bottleneck } from './bottleneck.ts';
export { broadcastTo } from './broadcast.ts';
export { equal, less, maskedFill, where } from './compare.ts';
export { dropout } from './dropout.ts';
export { type Ids, indexAdd, indexSelect } from './gather.ts';
export { concat, pad, permute, slice, sliceRows, transpose } from './layout.ts';
export { linear } from './linear.ts';
export { binaryCrossEntropyWithLogits, type CrossEntropyOptions, crossEntropy, mse } from './losses.ts';
export { type MatmulOptions, matmul } from './matmul.ts';
export { layerNorm, logSoftmax, softmax } from './normalization.ts';
export { max, mean, type ReduceOptions, reshape, sum } from './reduce.ts';
export { keptValues, sampledMatmul, toDense } from './sparse.ts';
export { abs, erf, exp, heaviside, log, neg, relu, rsqrt, sigmoid, sign, sqrt, tanh } from './unary.ts';
