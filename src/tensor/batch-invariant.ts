import { getBackend } from '../backends/index.ts';

/**
 * Runs `fn` so that the bits of a row of a product do not depend on the number of rows: what a model gives for a text is then the same in
 * every batch. Products of few rows may take longer. It holds on the backends `reference` and `wasm`.
 *
 * @param fn a synchronous function
 */
export function batchInvariant<T>(fn: () => T): T {
  const backend = getBackend();
  const before = backend.isBatchInvariant;
  backend.isBatchInvariant = true;
  try {
    return fn();
  } finally {
    backend.isBatchInvariant = before;
  }
}
