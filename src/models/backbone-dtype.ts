import type { HeldDType } from '../nn/index.ts';
import type { AttachmentPoints } from './attachments.ts';

/**
 * Holds the frozen matrices of a model's linear layers in fewer bits, one after the other. Embeddings, norms, pooler, heads, adapters and
 * whatever is trained stay as they are.
 *
 * @returns how many matrices are held so
 * @throws InputError on a backend that holds float32 alone, and for 8 bits in a page that has not awaited `loadInt8`
 */
export function holdBackbone({ points }: { readonly points: AttachmentPoints }, dtype: HeldDType): number {
  const weights = new Set(points.projection.map(({ linear }) => linear.weight));
  const frozen = [...weights].filter(({ trainable, mask }) => !trainable && !mask);
  for (const weight of frozen) weight.hold(dtype);
  return dtype === 'float32' ? 0 : frozen.length;
}
