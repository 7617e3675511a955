import type { Backend, DType } from './backend.ts';
import { ReferenceBackend } from './reference/index.ts';
import { WasmBackend } from './wasm/index.ts';
import { enableSimd256 } from './wasm/simd256.ts';

export { type Backend, type DType, type FloatArray, MemoryError, type Shape } from './backend.ts';
export { enableSimd256, type Simd256, simd256 } from './wasm/simd256.ts';
export type BackendName = 'wasm' | 'reference' | 'gpu';
export interface BackendOptions {
  /** The type of all numbers; `float64` exists on `reference` only. Default `float32`. */
  readonly dtype?: DType;
  /** How many threads compute on `wasm`; results do not depend on it. Default: SPARSE_ADAPTER_THREADS, or all cores. */
  readonly threads?: number;
}

let current: Backend | null = null;

const DTYPES: readonly DType[] = ['float32', 'float64'];
const OPTIONS = ['dtype', 'threads'];

/** @throws TypeError for what is no option, or no value of one */
function checkOptions(options: BackendOptions): void {
  if (typeof options !== 'object' || options === null) throw new TypeError('setBackend: options must be an object.');
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown) throw new TypeError(`setBackend: unknown option '${unknown}'; there are: ${OPTIONS.join(', ')}.`);
  const { dtype } = options;
  if (dtype !== undefined && !DTYPES.includes(dtype)) {
    throw new TypeError(`setBackend: dtype must be one of ${DTYPES.join(', ')}, not ${String(dtype)}.`);
  }
}

function assertFloat32(name: BackendName, dtype: DType): void {
  if (dtype !== 'float32') throw new Error(`The ${name} backend computes in float32; use 'reference' for ${dtype}.`);
}

function wasm({ dtype = 'float32', threads }: BackendOptions): WasmBackend {
  assertFloat32('wasm', dtype);
  if (globalThis.process?.env?.SPARSE_ADAPTER_SIMD256 === '1') enableSimd256();
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

/** The backend on which new tensors are made: `wasm` unless {@link setBackend} was called. */
export function getBackend(): Backend {
  current ??= wasm({});
  return current;
}

/**
 * Chooses the backend of all tensors made from now on. Tensors made earlier stay where they are and cannot be mixed with new
 * ones. Asynchronous because a backend may have to be loaded, to start workers or to ask the system for a device.
 *
 * @throws TypeError for an option or a value that there is not
 * @throws Error if the name is unknown or the backend lacks the dtype
 * @throws InputError if 'gpu' finds no gpu.js or no device; it never computes elsewhere instead
 */
export async function setBackend(name: BackendName, options: BackendOptions = {}): Promise<Backend> {
  if (!Object.hasOwn(create, name)) {
    throw new Error(`Unknown backend '${name}'; there are: ${Object.keys(create).join(', ')}.`);
  }
  checkOptions(options);
  current = await create[name](options);
  return current;
}
