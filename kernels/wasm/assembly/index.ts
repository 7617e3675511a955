// The kernels that the host calls. They share one linear memory and keep no state in it: every kernel works on a range
// [start, end) of its result and writes nothing else (but for padding after a buffer), so several threads may share one call.
// Those for 8 bits and those of sparse matrices are modules of their own (int8-index, sparse-index). The build writes `elementwise`, `int8-micro-kernels`, `micro-kernels`,
// `reduce` and `sparse-tiles` (kernels/wasm/templates).
export * from './attention';
export { attentionDoubleBackward, attentionDoubleBackwardScratch } from './attention-second';
export { dropout, uniform } from './counter';
export * from './cross-entropy';
export * from './elementwise';
export * from './gather';
export { gemmBatch, gemmColumns, gemmRows, gemmScratch, setTile } from './gemm';
export { gatherF16, narrowF64, widenBf16, widenF16 } from './f16';
export * from './layer-norm';
export { adam, squares } from './optimizer';
export { scaledProduct } from './product';
export { maxColumns, maxRows, sumColumns, sumRows } from './reduce';
export { copy, fill, select, transpose } from './shape';
export { gemmSkinny, gemmStrips } from './skinny';
export { gemmSkinnyF16 } from './skinny-f16';
export { logSoftmax, logSoftmaxBackward, softmax, softmaxBackward } from './softmax';

/** The first byte that the host may use. */
export function heapBase(): usize {
  return __heap_base;
}
