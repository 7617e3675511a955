import { type Backend, type BackendName, enableSimd256 } from '../backends/index.ts';
import { environmentVariable } from '../environment.ts';
import { InputError } from '../errors.ts';
import { setBackend } from '../tensor/index.ts';

/**
 * Chooses the backend. A command owns its process, so it asks for 256-bit kernels unless SPARSE_ADAPTER_SIMD256=0.
 *
 * @throws InputError for a setting of the environment that there is not, too
 */
export async function useBackend(name: BackendName): Promise<Backend> {
  if (name === 'wasm' && environmentVariable('SPARSE_ADAPTER_SIMD256') !== '0') enableSimd256();
  try {
    return await setBackend(name);
  } catch (error) {
    throw error instanceof RangeError ? new InputError(error.message, { cause: error }) : error;
  }
}
