import type { AttentionSpec } from '../../backends/backend.ts';
import { trainingDropout } from '../../nn/index.ts';
import { type PackedAttentionOptions, packedAttention } from '../../ops/attention.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AttachmentPoints, AttentionPoint, KeysAndValues, ProjectionPoint } from '../attachments.ts';
import type { PackedBatch } from '../batch.ts';
import type { Pass } from '../pass.ts';

/** The rows of the queries of each sequence, and whether each one sees fewer keys than those after it. */
export type Queries = Pick<AttentionSpec, 'queryOffsets' | 'causal'>;

/** The columns of queries and keys in their sequences, which schemes of relative positions read. */
export interface Columns {
  /** [rows] */
  readonly queries: Int32Array;
  /** [key rows] without what adapters put before the keys */
  readonly keys: Int32Array;
}

/** The columns of queries and keys, and the keys of each sequence that have one. */
export interface SchemeColumns extends Columns {
  /** [sequences + 1] the first of each sequence among `keys`, and their number */
  readonly keyOffsets: Int32Array;
}

/**
 * A scheme of positions between queries and keys: the context of each query [rows, inner]. Without one it is that of `packedAttention`.
 */
export type Scheme = (
  query: Tensor,
  key: Tensor,
  value: Tensor,
  options: PackedAttentionOptions,
  columns: SchemeColumns,
  pass: Pass,
) => Tensor;

const plain: Scheme = (query, key, value, options) => packedAttention(query, key, value, options);

/** What an attention does with queries, keys and values. */
export interface AttentionEnd {
  /** [hidden, inner] */
  readonly out: ProjectionPoint;
  /** Where adapters change keys and values. */
  readonly seen: AttentionPoint;
  readonly heads: number;
  /** Scores are multiplied with it. */
  readonly scale: number;
  /** Of the probabilities. */
  readonly dropout: number;
  readonly outputDropout: number;
  readonly scheme?: Scheme;
}

/** What an attention is made of. */
export interface AttentionParts extends AttentionEnd {
  /** [inner, hidden] each */
  readonly query: ProjectionPoint;
  readonly key: ProjectionPoint;
  readonly value: ProjectionPoint;
}

/** The rows of a batch that attend to each other inside their sequences. */
export type OwnRows = Pick<PackedBatch, 'keyCounts' | 'columns'>;

/** An attention of rows to themselves: [rows, hidden] -> [rows, hidden]. */
export interface SelfAttending {
  readonly points: Pick<AttachmentPoints, 'projection' | 'attention'>;
  among(x: Tensor, rows: OwnRows, pass: Pass): Tensor;
}

/** Returns what queries [rows, inner] read of keys and values, through the output projection [rows, hidden]. */
export function attend(
  { seen, out, heads, scale, dropout: p, outputDropout, scheme = plain }: AttentionEnd,
  query: Tensor,
  kv: KeysAndValues,
  queries: Queries,
  columns: Columns,
  pass: Pass,
): Tensor {
  const { random } = pass;
  const { key, value, offsets, counts } = seen.forward(kv, pass); // [key rows, inner]
  const options = {
    ...queries,
    keyOffsets: offsets,
    keyCounts: counts,
    heads,
    scale,
    dropout: random && p > 0 ? { p, seed: random.uint32() } : undefined,
  };
  const context = scheme(query, key, value, options, { ...columns, keyOffsets: kv.offsets }, pass); // [rows, inner]
  return trainingDropout(out.forward(context, pass), outputDropout, random);
}

/** Multi-head attention with its output projection, of rows to themselves or to those of the other side. */
export class KeyValueAttention implements SelfAttending {
  readonly #parts: AttentionParts;

  constructor(parts: AttentionParts) {
    this.#parts = parts;
  }

  get points(): Pick<AttachmentPoints, 'projection' | 'attention'> {
    const { query, key, value, out, seen } = this.#parts;
    return { projection: [query, key, value, out], attention: [seen] };
  }

  /** Returns keys and values of the rows of x for those that attend to them: the first `counts[s]` rows of each sequence. */
  projectKV(x: Tensor, counts: Int32Array, pass: Pass): KeysAndValues {
    const { key, value } = this.#parts;
    return { key: key.forward(x, pass), value: value.forward(x, pass), offsets: pass.offsets, counts };
  }

  /** [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, kv: KeysAndValues, queries: Queries, columns: Columns, pass: Pass): Tensor {
    return attend(this.#parts, this.#parts.query.forward(x, pass), kv, queries, columns, pass);
  }

  among(x: Tensor, { keyCounts, columns }: OwnRows, pass: Pass): Tensor {
    const own = this.projectKV(x, keyCounts, pass); // [rows, inner]
    return this.forward(
      x,
      own,
      { queryOffsets: pass.offsets, causal: false },
      { queries: columns, keys: columns },
      pass,
    );
  }
}
