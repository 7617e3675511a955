import { environmentVariable } from '../environment.ts';
import type { Backend, DType } from './backend.ts';
import { ReferenceBackend } from './reference/index.ts';
import { WasmBackend } from './wasm/index.ts';
import { enableSimd256 } from './wasm/simd256.ts';

export { type Backend, type DType, type FloatArray, MemoryError, type Shape } from './backend.ts';
export { loadInt8 } from './load-int8.ts';
export { loadSparse } from './load-sparse.ts';
export { enableSimd256, engineWithout256Bits, type Simd256, simd256 } from './wasm/simd256.ts';
export type BackendName = 'wasm' | 'reference' | 'gpu';
export interface BackendOptions {
  /** The type of all numbers; `float64` exists on `reference` only. Default `float32`. */
  readonly dtype?: DType;
  /** The number of threads that compute on `wasm`; results do not depend on it. Default: SPARSE_ADAPTER_THREADS, or all cores. */
  readonly threads?: number;
}

let current: Backend | null = null;

function assertFloat32(name: BackendName, dtype: DType): void {
  if (dtype !== 'float32') throw new Error(`The ${name} backend computes in float32; use 'reference' for ${dtype}.`);
}

function wasm({ dtype = 'float32', threads }: BackendOptions): WasmBackend {
  assertFloat32('wasm', dtype);
  if (environmentVariable('SPARSE_ADAPTER_SIMD256') === '1') enableSimd256();
  return new WasmBackend({ threads });
}

const create: { [Name in BackendName]: (options: BackendOptions) => Backend | Promise<Backend> } = {
  wasm: (options) => wasm(options).start(),
  reference: ({ dtype }) => new ReferenceBackend(dtype),
  gpu: async ({ dtype = 'float32' }) => {
    assertFloat32('gpu', dtype);
    // Loaded only here: the engine without it stays small.
    return (await import('./gpu/index.ts')).GpuBackend.open();
  },
};

/** The backend on which new tensors are made: `wasm` unless another was chosen. */
export function getBackend(): Backend {
  current ??= wasm({});
  return current;
}

/** Makes a backend that of all tensors made from now on; `setBackend` checks the arguments before. */
export async function chooseBackend(name: BackendName, options: BackendOptions): Promise<Backend> {
  current = await create[name](options);
  return current;
}
