import type { Test } from 'uvu';
import { type Backend, type BackendName, type BackendOptions, setBackend } from '../../src/index.ts';
import { backendNames, onGpu } from './gpu.ts';

/**
 * A backend of its own is the current one while the tests of a suite run; after them it is wasm again, the default. When the
 * tests run on the GPU it takes the place of every other in float32.
 */
export function useBackend(test: Test, name: BackendName, options?: BackendOptions): void {
  test.before(async () => {
    await setBackend(onGpu && options?.dtype !== 'float64' ? 'gpu' : name, options);
  });
  test.after(async () => {
    await setBackend('wasm');
  });
}

/** One test for each float32 backend under test, a new one that is the current one while it runs; after it, it is wasm again. */
export function onEveryBackend(test: Test, title: string, body: (backend: Backend) => void | Promise<void>): void {
  for (const name of backendNames) {
    test(`${title} (${name})`, async () => {
      const backend = await setBackend(name);
      try {
        await body(backend);
      } finally {
        await setBackend('wasm');
      }
    });
  }
}
