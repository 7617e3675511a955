export {
  eye,
  full,
  type NestedArray,
  ones,
  randomNormal,
  randomUniform,
  type TensorOptions,
  tensor,
  zeros,
} from './create.ts';
export { noGrad } from './graph.ts';
export type { Differentiable } from './kinds.ts';
export { type MemoryInfo, memory } from './memory.ts';
export type { NestedNumbers } from './nested.ts';
export { keep, tidy } from './scope.ts';
export { setBackend } from './set-backend.ts';
export { type SparseMatrix, SparsePattern } from './sparse.ts';
export { Tensor } from './tensor.ts';
