import { type Backend, type BackendName, enableWideVectors, setBackend } from '../backends/index.ts';

/** Chooses the backend. A command owns its process, so it asks for 256-bit kernels unless SPARSE_ADAPTER_WIDE=0. */
export async function useBackend(name: BackendName): Promise<Backend> {
  if (name === 'wasm' && process.env.SPARSE_ADAPTER_WIDE !== '0') enableWideVectors();
  return setBackend(name);
}
