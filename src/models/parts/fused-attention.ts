import { slice } from '../../ops/layout.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AttachmentPoints, ProjectionPoint } from '../attachments.ts';
import type { Pass } from '../pass.ts';
import { type AttentionEnd, attend, type OwnRows, type SelfAttending } from './key-value-attention.ts';

/** What an attention is made of whose queries, keys and values come of one matrix. */
export interface FusedAttentionParts extends AttentionEnd {
  /** [3 * inner, hidden]: the rows of queries, then those of keys, then those of values */
  readonly qkv: ProjectionPoint;
}

/** Multi-head self-attention with one matrix for queries, keys and values, and its output projection. */
export class FusedAttention implements SelfAttending {
  readonly #parts: FusedAttentionParts;

  constructor(parts: FusedAttentionParts) {
    this.#parts = parts;
  }

  get points(): Pick<AttachmentPoints, 'projection' | 'attention'> {
    const { qkv, out, seen } = this.#parts;
    return { projection: [qkv, out], attention: [seen] };
  }

  among(x: Tensor, { keyCounts: counts, columns }: OwnRows, pass: Pass): Tensor {
    const all = this.#parts.qkv.forward(x, pass); // [rows, 3 * inner]
    const [query, key, value] = columnBlocks(all, 3); // [rows, inner]
    const own = { key, value, offsets: pass.offsets, counts };
    const queries = { queryOffsets: pass.offsets, causal: false };
    return attend(this.#parts, query, own, queries, { queries: columns, keys: columns }, pass);
  }
}

/** As many blocks of columns of one width, which follow each other: [rows, count * n] -> [rows, n] each. */
export function columnBlocks(x: Tensor, count: number): Tensor[] {
  const [rows, columns] = x.shape;
  const width = columns / count;
  return Array.from({ length: count }, (_, i) => slice(x, [0, i * width], [rows, (i + 1) * width]));
}
