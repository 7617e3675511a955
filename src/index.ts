/**
 * The engine: tensors, operations, derivatives of any order, backends and random numbers. Nothing of transformers, adapters or
 * files is loaded from here; those are the sub-paths `sparse-adapter/nn`, `/models`, `/adapters` and so on.
 */
import './ops/methods.ts';

export * from './autograd/index.ts';
export {
  type Backend,
  type BackendName,
  type BackendOptions,
  type DType,
  enableSimd256,
  type FloatArray,
  getBackend,
  loadInt8,
  loadSparse,
  MemoryError,
  type Shape,
  type Simd256,
  simd256,
} from './backends/index.ts';
export * from './ops/index.ts';
export type { TensorMethods } from './ops/methods.ts';
export { Random } from './random/index.ts';
export * from './tensor/index.ts';
