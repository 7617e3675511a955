import { LayerNorm, type ParameterPath, trainingDropout } from '../nn/index.ts';
import { activation } from '../ops/activations.ts';
import { add } from '../ops/arithmetic.ts';
import { packedAttention } from '../ops/attention.ts';
import { indexSelect } from '../ops/gather.ts';
import type { Random } from '../random/random.ts';
import { batchInvariant } from '../tensor/batch-invariant.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy, tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  type AttachmentPoints,
  AttentionPoint,
  EmbeddingPoint,
  PositionPoint,
  ProjectionPoint,
  type Prompt,
  PromptPoint,
  ResidualPoint,
} from './attachments.ts';
import {
  checkPositions,
  checkTokens,
  type PackedBatch,
  packSequences,
  type TokenSequence,
  tokenRows,
  withRowsBefore,
} from './batch.ts';
import type { EncoderConfig } from './config.ts';
import { finiteValues } from './finite-output.ts';
import type { FrozenLayers } from './frozen-layers.ts';
import { Pass } from './pass.ts';
import { lengthsOf, withPrompts } from './prompts.ts';

/** The sum of word, position and token-type embeddings, normalised. */
class BertEmbeddings {
  readonly #config: EncoderConfig;
  readonly #prompt: PromptPoint;
  readonly #position: PositionPoint;
  readonly #words: EmbeddingPoint;
  readonly #positions: EmbeddingPoint;
  readonly #tokenTypes: EmbeddingPoint;
  readonly #norm: LayerNorm;

  /** @param positionPadding the row of the position table that gets no gradient, if there is one */
  constructor(path: ParameterPath, config: EncoderConfig, positionPadding: number | undefined) {
    const { hidden_size, vocab_size, max_position_embeddings, type_vocab_size, pad_token_id } = config;
    this.#config = config;
    this.#prompt = new PromptPoint(path.prefix, hidden_size, max_position_embeddings - (positionPadding ?? -1) - 1);
    this.#position = new PositionPoint(path.prefix, 'self');
    this.#words = new EmbeddingPoint(path.at('word_embeddings'), vocab_size, hidden_size, pad_token_id);
    this.#positions = new EmbeddingPoint(
      path.at('position_embeddings'),
      max_position_embeddings,
      hidden_size,
      positionPadding,
    );
    this.#tokenTypes = new EmbeddingPoint(path.at('token_type_embeddings'), type_vocab_size, hidden_size);
    this.#norm = new LayerNorm(path.at('LayerNorm'), hidden_size, config.layer_norm_eps);
  }

  get points(): Pick<AttachmentPoints, 'positions' | 'prompts' | 'embedding'> {
    return {
      positions: [this.#position],
      prompts: [this.#prompt],
      embedding: [this.#words, this.#positions, this.#tokenTypes],
    };
  }

  /** What stands before the tokens of each sequence. */
  prompts(batch: PackedBatch): readonly (readonly Prompt[])[] {
    return this.#prompt.forward(new Pass(batch.offsets));
  }

  /** [rows, hidden], with rows for what stands before the tokens */
  forward(given: PackedBatch, random?: Random): Tensor {
    const { vocab_size, max_position_embeddings, type_vocab_size } = this.#config;
    const prompts = this.prompts(given);
    const whole = withRowsBefore(given, lengthsOf(prompts));
    const pass = new Pass(whole.offsets, random);
    const batch = { ...whole, positionIds: this.#position.forward(whole.positionIds, pass) };
    checkTokens(given, vocab_size);
    checkPositions(batch, max_position_embeddings);
    const type = batch.tokenTypeIds.find((id) => id >= type_vocab_size);
    if (type !== undefined) {
      throw new RangeError(`BertModel.forward: batch has the token type ${type}, the model has ${type_vocab_size}.`);
    }
    const tokens = this.#words.forward(given.inputIds, new Pass(given.offsets, random)); // [tokens, hidden]
    const words = withPrompts(tokens, given, prompts); // [rows, hidden]
    const types = this.#tokenTypes.forward(batch.tokenTypeIds, pass); // [rows, hidden]
    const positions = this.#positions.forward(batch.positionIds, pass); // [rows, hidden]
    const x = this.#norm.forward(add(add(words, types), positions));
    return trainingDropout(x, this.#config.hidden_dropout_prob, random);
  }
}

/** Multi-head self-attention with its output projection: x -> norm(h + x). */
class BertAttention {
  readonly query: ProjectionPoint;
  readonly key: ProjectionPoint;
  readonly value: ProjectionPoint;
  readonly self: AttentionPoint;
  readonly dense: ProjectionPoint;
  readonly output: ResidualPoint;
  readonly #config: EncoderConfig;
  readonly #norm: LayerNorm;

  constructor(path: ParameterPath, config: EncoderConfig) {
    const { hidden_size } = config;
    this.#config = config;
    this.query = new ProjectionPoint(path.at('self.query'), hidden_size, hidden_size);
    this.key = new ProjectionPoint(path.at('self.key'), hidden_size, hidden_size);
    this.value = new ProjectionPoint(path.at('self.value'), hidden_size, hidden_size);
    this.self = new AttentionPoint(path.at('self').prefix, 'self', hidden_size);
    const output = path.at('output');
    this.dense = new ProjectionPoint(output.at('dense'), hidden_size, hidden_size);
    this.#norm = new LayerNorm(output.at('LayerNorm'), hidden_size, config.layer_norm_eps);
    this.output = new ResidualPoint(output.prefix, 'attention', hidden_size);
  }

  forward(x: Tensor, keyCounts: Int32Array, pass: Pass): Tensor {
    const { hidden_size, num_attention_heads, hidden_dropout_prob, attention_probs_dropout_prob } = this.#config;
    const { offsets, random } = pass;
    const query = this.query.forward(x, pass); // [rows, hidden]
    const key = this.key.forward(x, pass); // [rows, hidden]
    const value = this.value.forward(x, pass); // [rows, hidden]
    const seen = this.self.forward({ key, value, offsets, counts: keyCounts }, pass); // [key rows, hidden]
    const context = packedAttention(query, seen.key, seen.value, {
      heads: num_attention_heads,
      scale: 1 / Math.sqrt(hidden_size / num_attention_heads),
      queryOffsets: offsets,
      keyOffsets: seen.offsets,
      keyCounts: seen.counts,
      causal: false,
      dropout:
        random && attention_probs_dropout_prob > 0
          ? { p: attention_probs_dropout_prob, seed: random.uint32() }
          : undefined,
    }); // [rows, hidden]
    const h = trainingDropout(this.dense.forward(context, pass), hidden_dropout_prob, random); // [rows, hidden]
    return this.output.forward(h, { x, norm: (t) => this.#norm.forward(t), pass });
  }
}

/** The two-layer perceptron: x -> norm(h + x). */
class BertFeedForward {
  readonly intermediate: ProjectionPoint;
  readonly dense: ProjectionPoint;
  readonly output: ResidualPoint;
  readonly #config: EncoderConfig;
  readonly #norm: LayerNorm;

  constructor(path: ParameterPath, config: EncoderConfig) {
    const { hidden_size, intermediate_size } = config;
    this.#config = config;
    this.intermediate = new ProjectionPoint(path.at('intermediate.dense'), hidden_size, intermediate_size);
    const output = path.at('output');
    this.dense = new ProjectionPoint(output.at('dense'), intermediate_size, hidden_size);
    this.#norm = new LayerNorm(output.at('LayerNorm'), hidden_size, config.layer_norm_eps);
    this.output = new ResidualPoint(output.prefix, 'feedForward', hidden_size);
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const act = activation(this.#config.hidden_act);
    const intermediate = act(this.intermediate.forward(x, pass)); // [rows, intermediate]
    const h = trainingDropout(this.dense.forward(intermediate, pass), this.#config.hidden_dropout_prob, pass.random); // [rows, hidden]
    return this.output.forward(h, { x, norm: (t) => this.#norm.forward(t), pass });
  }
}

class BertLayer {
  readonly #attention: BertAttention;
  readonly #feedForward: BertFeedForward;

  constructor(path: ParameterPath, config: EncoderConfig) {
    this.#attention = new BertAttention(path.at('attention'), config);
    this.#feedForward = new BertFeedForward(path, config);
  }

  get points(): Omit<AttachmentPoints, 'path'> {
    const { query, key, value, self, dense, output } = this.#attention;
    const feedForward = this.#feedForward;
    return {
      residual: [output, feedForward.output],
      projection: [query, key, value, dense, feedForward.intermediate, feedForward.dense],
      attention: [self],
    };
  }

  forward(x: Tensor, keyCounts: Int32Array, pass: Pass): Tensor {
    return this.#feedForward.forward(this.#attention.forward(x, keyCounts, pass), pass); // [rows, hidden]
  }
}

export interface BertVariant {
  /** Position ids of a sequence. */
  readonly positionIds: (ids: readonly number[], config: EncoderConfig) => number[];
  /** The row of the position table that gets no gradient, if there is one. */
  readonly positionPadding?: (config: EncoderConfig) => number;
}

/** Makes what is read of a model, with a row for each sequence or each token, of the last layer's output [rows, hidden] of a batch. */
export type Head = (hidden: Tensor, batch: PackedBatch) => Tensor;

/** Gives the numbers that a head makes of sequences. @throws InputError if one is not finite */
export type ReadOutput = (
  sequences: readonly TokenSequence[],
  head: Head,
) => Promise<Awaited<ReturnType<Tensor['data']>>>;

const bert: BertVariant = { positionIds: (ids) => ids.map((_, column) => column) };

/**
 * The BERT encoder (Devlin et al., 2019; `BertModel` of Hugging Face without its pooler) over packed batches.
 *
 * @see roberta.ts for the other member of the family
 */
export class BertModel {
  readonly config: EncoderConfig;
  /** The attachment points of adapters. */
  readonly points: AttachmentPoints;
  /** Replaces the embeddings and the first layers, if there is one. */
  frozen: FrozenLayers | null = null;
  /** Computes what is read of the model elsewhere, such as among the sequences of other models; null: here. */
  elsewhere: ReadOutput | null = null;
  readonly #variant: BertVariant;
  readonly #embeddings: BertEmbeddings;
  readonly #layers: readonly BertLayer[];

  /** @param path the place of the encoder in the checkpoint: `bert`, `roberta`, or the root */
  constructor(path: ParameterPath, config: EncoderConfig, variant: BertVariant = bert) {
    this.config = config;
    this.#variant = variant;
    this.#embeddings = new BertEmbeddings(path.at('embeddings'), config, variant.positionPadding?.(config));
    this.#layers = Array.from(
      { length: config.num_hidden_layers },
      (_, i) => new BertLayer(path.at(`encoder.layer.${i}`), config),
    );
    const points = this.#layers.map((layer) => layer.points);
    this.points = {
      path: path.prefix,
      residual: points.flatMap(({ residual }) => residual),
      projection: points.flatMap(({ projection }) => projection),
      attention: points.flatMap(({ attention }) => attention),
      ...this.#embeddings.points,
    };
  }

  /** The rule to give to `packSequences` and `packPadded`. */
  readonly positionIds = (ids: readonly number[]): number[] => this.#variant.positionIds(ids, this.config);

  /** The embedding output and the output of each layer, all [rows, hidden]. Dropout is on when `random` is given. */
  hiddenStates(batch: PackedBatch, random?: Random): Tensor[] {
    const { offsets, keyCounts } = this.#whole(batch);
    const pass = new Pass(offsets, random);
    const states = [tidyInside(() => this.#embeddings.forward(batch, random))];
    for (const layer of this.#layers) {
      const x = states[states.length - 1];
      states.push(tidyInside(() => layer.forward(x, keyCounts, pass)));
    }
    return states;
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
    return [this.#through(this.#layers.slice(frozen?.count), first, whole, random), whole];
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
  #through(
    layers: readonly BertLayer[],
    first: () => Tensor,
    { offsets, keyCounts }: PackedBatch,
    random?: Random,
  ): Tensor {
    const pass = new Pass(offsets, random);
    // Each layer's input belongs to the layer's own scope, and goes with it where no derivative reads it.
    const last = layers.reduce(
      (input, layer) => () => tidyInside(() => layer.forward(input(), keyCounts, pass)),
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
