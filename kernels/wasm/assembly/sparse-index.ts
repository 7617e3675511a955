// The kernels of sparse matrices, which a page without them does without, as a module of their own over the same memory. They have no data in
// it.
export { setTile } from './gemm';
export {
  dropTiles,
  sparseGradient,
  sparseKeptValues,
  sparsePair,
  sparseProduct,
  sparseScratch,
  sparseToDense,
  sparseTransposeValues,
} from './sparse';
