import { type Backend, type BackendName, type BackendOptions, chooseBackend } from '../backends/index.ts';
import * as kind from './kinds.ts';

const names: kind.Kind<BackendName> = kind.oneOf('wasm', 'reference', 'gpu');
const settings: kind.Kind<BackendOptions | undefined> = kind.options({
  dtype: kind.oneOf('float32', 'float64'),
  threads: kind.integer(1),
});

function check(expected: kind.Kind<unknown>, argument: string, value: unknown): void {
  if (!expected.is(value)) throw new TypeError(`setBackend: ${kind.problemOf(expected, argument, value)}.`);
}

/**
 * Chooses the backend of all tensors made from now on. Tensors made earlier stay where they are and cannot be mixed with new
 * ones. Asynchronous because a backend may have to be loaded, to start workers or to ask the system for a device.
 *
 * @throws TypeError for an unknown name or option, and a value that an option cannot have
 * @throws Error if the backend lacks the dtype
 * @throws InputError if 'gpu' finds no gpu.js or no device; it never computes elsewhere instead
 */
export async function setBackend(name: BackendName, options: BackendOptions = {}): Promise<Backend> {
  check(names, 'name', name);
  check(settings, 'options', options);
  return chooseBackend(name, options);
}
