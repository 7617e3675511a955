import { indexSelect } from '../ops/gather.ts';
import type { Random } from '../random/random.ts';
import { batchInvariant } from '../tensor/batch-invariant.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy, tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints, Prompt } from './attachments.ts';
import { type PackedBatch, packSequences, type TokenSequence, tokenRows, withRowsBefore } from './batch.ts';
import type { EncoderConfig } from './config.ts';
import { finiteValues } from './finite-output.ts';
import type { FrozenLayers } from './frozen-layers.ts';
import { Pass } from './pass.ts';
import { positionsOf } from './positions.ts';
import { lengthsOf } from './prompts.ts';

/** What makes the input of an encoder's first layer. */
export interface EncoderEmbeddings {
  readonly points: Pick<AttachmentPoints, 'positions' | 'prompts' | 'embedding'> &
    Partial<Pick<AttachmentPoints, 'projection'>>;
  /** What stands before the tokens of each sequence. */
  prompts(batch: PackedBatch): readonly (readonly Prompt[])[];
  /** [rows, hidden], with rows for what stands before the tokens */
  forward(batch: PackedBatch, random?: Random): Tensor;
}

/** A layer of an encoder. */
export interface EncoderLayer {
  /** Its path in the checkpoint: `bert.encoder.layer.0`. */
  readonly path: string;
  readonly points: Omit<AttachmentPoints, 'path'>;
  /** @param batch with the rows that adapters have before its tokens; [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, batch: PackedBatch, pass: Pass): Tensor;
}

/** What an encoder is made of. */
export interface EncoderParts {
  readonly embeddings: EncoderEmbeddings;
  /** In the order in which they act; one that acts several times is there as often. */
  readonly layers: readonly EncoderLayer[];
  /** Acts on the output of the last layer [rows, hidden], where the model has such a norm. */
  readonly finalNorm?: (x: Tensor) => Tensor;
}

/** Makes what is read of a model, with a row for each sequence or each token, of the last layer's output [rows, hidden] of a batch. */
export type Head = (hidden: Tensor, batch: PackedBatch) => Tensor;

/** Gives the numbers that a head makes of sequences. @throws InputError if one is not finite */
export type ReadOutput = (
  sequences: readonly TokenSequence[],
  head: Head,
) => Promise<Awaited<ReturnType<Tensor['data']>>>;

/** A transformer encoder over packed batches, of any architecture: `BertModel` of Hugging Face without its pooler. */
export class Encoder {
  readonly config: EncoderConfig;
  /** The attachment points of adapters. */
  readonly points: AttachmentPoints;
  /** Replaces the embeddings and the first layers, if there is one. */
  frozen: FrozenLayers | null = null;
  /** Computes what is read of the model elsewhere, such as among the sequences of other models; null: here. */
  elsewhere: ReadOutput | null = null;
  readonly #embeddings: EncoderEmbeddings;
  readonly #layers: readonly EncoderLayer[];
  readonly #finalNorm: (x: Tensor) => Tensor;

  /** @param path of the encoder in the checkpoint: `bert` */
  constructor(path: string, config: EncoderConfig, { embeddings, layers, finalNorm = (x) => x }: EncoderParts) {
    this.config = config;
    this.#embeddings = embeddings;
    this.#layers = layers;
    this.#finalNorm = finalNorm;
    const points = [...new Set(layers)].map((layer) => layer.points);
    this.points = {
      path,
      residual: points.flatMap(({ residual }) => residual),
      attention: points.flatMap(({ attention }) => attention),
      ...embeddings.points,
      projection: [...(embeddings.points.projection ?? []), ...points.flatMap(({ projection }) => projection)],
    };
  }

  /** The path of each layer, in the order in which they act. */
  get layerPaths(): string[] {
    return this.#layers.map(({ path }) => path);
  }

  /** The rule to give to `packSequences` and `packPadded`. */
  readonly positionIds = (ids: readonly number[]): number[] => positionsOf(ids, this.config);

  /** The embedding output and the output of each layer, the last one normalised where there is a final norm, all [rows, hidden]. Dropout is on when `random` is given. */
  hiddenStates(batch: PackedBatch, random?: Random): Tensor[] {
    const whole = this.#whole(batch);
    const pass = new Pass(whole.offsets, random);
    const states = [tidyInside(() => this.#embeddings.forward(batch, random))];
    for (const layer of this.#layers) {
      const x = states[states.length - 1];
      states.push(tidyInside(() => layer.forward(x, whole, pass)));
    }
    return states.map((state, i) => (i === this.#layers.length ? this.#finalNorm(state) : state));
  }

  /** The batch with the rows that adapters have before its tokens. */
  #whole(batch: PackedBatch): PackedBatch {
    return withRowsBefore(batch, lengthsOf(this.#embeddings.prompts(batch)));
  }

  /** The output of the last layer [rows, hidden] for the tokens of the batch. Dropout is on when `random` is given. */
  forward(batch: PackedBatch, random?: Random): Tensor {
    return rowsOfTokens(...this.encode(batch, random));
  }

  /** The output of the last layer [rows, hidden], and the batch that it belongs to: with the rows that adapters have before tokens. */
  encode(batch: PackedBatch, random?: Random): [hidden: Tensor, batch: PackedBatch] {
    const { frozen } = this;
    const whole = this.#whole(batch);
    const first = () => (frozen ? frozen.forward(batch) : this.#embeddings.forward(batch, random));
    return [this.#finalNorm(this.#through(this.#layers.slice(frozen?.count), first, whole, random)), whole];
  }

  /**
   * Computes the numbers that a head makes of sequences, all in one batch and without derivatives. Those of a sequence have the same bits
   * in every batch, on the backends that can promise it.
   */
  read(sequences: readonly TokenSequence[], head: Head): ReturnType<ReadOutput> {
    if (this.elsewhere) return this.elsewhere(sequences, head);
    const batch = packSequences(sequences, this.positionIds);
    return finiteValues(tidy(() => noGrad(() => batchInvariant(() => head(...this.encode(batch))))));
  }

  /** The input of a layer [rows, hidden]: the output of the embeddings and the layers before it, without dropout. */
  inputOf(layer: number, batch: PackedBatch): Tensor {
    return this.#through(this.#layers.slice(0, layer), () => this.#embeddings.forward(batch), this.#whole(batch));
  }

  /** Returns the output of the last of layers that follow each other, or their input where there are none, [rows, hidden]. */
  #through(layers: readonly EncoderLayer[], first: () => Tensor, batch: PackedBatch, random?: Random): Tensor {
    const pass = new Pass(batch.offsets, random);
    // Each layer's input belongs to the layer's own scope, and goes with it where no derivative reads it.
    const last = layers.reduce(
      (input, layer) => () => tidyInside(() => layer.forward(input(), batch, pass)),
      () => tidyInside(first),
    );
    return last();
  }
}

/** The rows of [rows, hidden] that belong to tokens, without those that adapters have before them. */
export const rowsOfTokens: Head = (hidden, batch) => {
  const rows = tokenRows(batch);
  return rows.length === batch.inputIds.length ? hidden : indexSelect(hidden, rows);
};
