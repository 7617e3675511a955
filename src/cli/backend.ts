import { type Backend, type BackendName, enableSimd256, engineWithout256Bits } from '../backends/index.ts';
import { environmentVariable } from '../environment.ts';
import { InputError } from '../errors.ts';
import { setBackend } from '../tensor/index.ts';
import { warn } from './output.ts';

/**
 * Chooses the backend. A command owns its process, so it asks for 256-bit kernels unless SPARSE_ADAPTER_SIMD256=0.
 *
 * @throws InputError for a setting of the environment that there is not, too
 */
export async function useBackend(name: BackendName): Promise<Backend> {
  if (name === 'wasm' && environmentVariable('SPARSE_ADAPTER_SIMD256') !== '0') {
    enableSimd256();
    tellOfFasterNode();
  }
  try {
    return await setBackend(name);
  } catch (error) {
    throw error instanceof RangeError ? new InputError(error.message, { cause: error }) : error;
  }
}

let isTold = false;

/** Says once that another runtime would need less than half the time: "Runtimes" in docs/performance.md has the measurements. */
function tellOfFasterNode(): void {
  if (isTold || engineWithout256Bits() === null || process.arch !== 'x64') return;
  isTold = true;
  const { bun, deno, node } = process.versions;
  const own = bun ? `Bun ${bun}` : deno ? `Deno ${deno}` : `Node.js ${node}`;
  warn(`${own} computes with 128-bit vectors only; with Node.js 24 or later this would take about half the time.`);
}
