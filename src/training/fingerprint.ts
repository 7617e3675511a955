import { createHash } from 'node:crypto';

/** SHA-256 of what a model is trained on: plain data, in its order. */
export function fingerprint(items: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const item of items) hash.update(`${JSON.stringify(item)}\n`);
  return hash.digest('hex');
}
