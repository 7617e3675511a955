import { createHash } from 'node:crypto';
import type { EncodedExample } from '../data/index.ts';

/** SHA-256 of what a model is trained on: ids, token types and labels in their order. */
export function fingerprint(items: readonly EncodedExample[]): string {
  const hash = createHash('sha256');
  for (const { ids, typeIds, label } of items) {
    hash.update(Float64Array.of(ids.length, label ?? Number.NaN)).update(Int32Array.of(...ids, ...typeIds));
  }
  return hash.digest('hex');
}
