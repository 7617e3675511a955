import type { BatchInvariance } from '../backends/backend.ts';
import { getBackend } from '../backends/index.ts';

/**
 * Runs `fn` so that the bits of a row of a product do not depend on the number of rows: what a model gives for a text is then the same in
 * every batch. It holds on the backends `reference` and `wasm`.
 *
 * @param fn a synchronous function
 * @param rows what products have as a rule; with other numbers of rows they take longer
 */
export function batchInvariant<T>(fn: () => T, rows: BatchInvariance = 'many rows'): T {
  const backend = getBackend();
  const before = backend.batchInvariance;
  backend.batchInvariance = rows;
  try {
    return fn();
  } finally {
    backend.batchInvariance = before;
  }
}
