import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints, KeysAndValues } from './attachments.ts';
import type { PackedBatch } from './batch.ts';
import type { Columns, KeyValueAttention, OwnRows, Queries, SelfAttending } from './parts/key-value-attention.ts';
import type { Perceptron } from './parts/perceptron.ts';
import type { Residual } from './parts/residual.ts';
import type { Pass } from './pass.ts';

/** The points of a layer or a side. */
export type Points = Omit<AttachmentPoints, 'path'>;

/** Returns the points of several parts, in their order. */
export const pointsOf = (parts: readonly Partial<Points>[]): Points => ({
  residual: parts.flatMap(({ residual = [] }) => residual),
  projection: parts.flatMap(({ projection = [] }) => projection),
  attention: parts.flatMap(({ attention = [] }) => attention),
  positions: parts.flatMap(({ positions = [] }) => positions),
  prompts: parts.flatMap(({ prompts = [] }) => prompts),
});

/** Attention or perceptron with what is around it. */
interface Sublayer<Inside> {
  readonly inside: Inside;
  readonly residual: Residual;
}

/** The sublayers of an encoder's layer. */
export interface EncoderLayerParts {
  readonly attention: Sublayer<SelfAttending>;
  readonly perceptron: Sublayer<Perceptron>;
}

const ends = ({ residual: { point } }: Sublayer<unknown>) => ({ residual: point ? [point] : [] });

/** A layer of an encoder: attention to the own side, then a perceptron. */
export class EncoderSideLayer {
  readonly #parts: EncoderLayerParts;

  constructor(parts: EncoderLayerParts) {
    this.#parts = parts;
  }

  get points(): Points {
    const { attention, perceptron } = this.#parts;
    return pointsOf([
      attention.inside.points,
      ends(attention),
      { projection: perceptron.inside.points },
      ends(perceptron),
    ]);
  }

  /** [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, rows: OwnRows, pass: Pass): Tensor {
    const { inside, residual } = this.#parts.attention;
    const h = inside.among(residual.enter(x), rows, pass); // [rows, hidden]
    return throughPerceptron(this.#parts.perceptron, residual.leave(h, x, pass), pass);
  }
}

const throughPerceptron = ({ inside, residual }: Sublayer<Perceptron>, x: Tensor, pass: Pass): Tensor =>
  residual.leave(inside.forward(residual.enter(x), pass), x, pass);

/** Keys and values that the layers of a decoder attend to: its own, and those of the encoder. */
export interface KVCache {
  /** Keys and values of the decoder's side that layer `index` sees, given those of the rows of this pass. */
  own(index: number, rows: KeysAndValues): KeysAndValues;
  /** Keys and values of the encoder's rows for layer `index`. @param states its output, if the decoder was given it */
  source(index: number, states?: Tensor): KeysAndValues;
}

/** Rows of a decoder: the tokens of a pass, which continue the sequences of an encoder's batch. */
export interface DecoderRows extends Pick<PackedBatch, 'inputIds' | 'positionIds' | 'keyCounts'> {
  readonly pass: Pass;
  /** The queries of the attention to the own side. */
  readonly own: Queries;
  /** The columns of its queries and keys. */
  readonly columns: Columns;
  /** The queries of the attention to the encoder's side. */
  readonly source: Queries;
}

/** The sublayers of a decoder's layer. */
export interface DecoderLayerParts extends EncoderLayerParts {
  readonly attention: Sublayer<KeyValueAttention>;
  /** Attention to the encoder's side. */
  readonly crossAttention: Sublayer<KeyValueAttention>;
}

/** A layer of a decoder: attention to the own side, to the encoder's, then a perceptron. */
export class DecoderSideLayer {
  readonly #parts: DecoderLayerParts;

  constructor(parts: DecoderLayerParts) {
    this.#parts = parts;
  }

  get points(): Points {
    const { attention, crossAttention, perceptron } = this.#parts;
    return pointsOf([
      attention.inside.points,
      ends(attention),
      crossAttention.inside.points,
      ends(crossAttention),
      { projection: perceptron.inside.points },
      ends(perceptron),
    ]);
  }

  /** Returns keys and values of the encoder's rows for this layer. */
  projectSourceKV(states: Tensor, counts: Int32Array, pass: Pass): KeysAndValues {
    return this.#parts.crossAttention.inside.projectKV(states, counts, pass);
  }

  /** @param index its number; [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, source: KeysAndValues, rows: DecoderRows, cache: KVCache, index: number): Tensor {
    const { attention, crossAttention, perceptron } = this.#parts;
    const { pass, keyCounts, columns } = rows;
    const entered = attention.residual.enter(x); // [rows, hidden]
    const own = cache.own(index, attention.inside.projectKV(entered, keyCounts, pass)); // [key rows, inner]
    const h = attention.inside.forward(entered, own, rows.own, columns, pass); // [rows, hidden]
    const y = attention.residual.leave(h, x, pass); // [rows, hidden]
    const read = crossAttention.inside.forward(crossAttention.residual.enter(y), source, rows.source, columns, pass);
    return throughPerceptron(perceptron, crossAttention.residual.leave(read, y, pass), pass);
  }
}
