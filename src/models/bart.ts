import { checkpoint } from '../autograd/checkpoint.ts';
import type { AttentionSpec } from '../backends/backend.ts';
import { InputError } from '../errors.ts';
import { Embedding, LayerNorm, type ParameterPath, trainingDropout } from '../nn/index.ts';
import { activation } from '../ops/activations.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { packedAttention } from '../ops/attention.ts';
import type { Random } from '../random/random.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  type AttachmentPoints,
  AttentionPoint,
  type KeysAndValues,
  PositionPoint,
  ProjectionPoint,
  ResidualPoint,
} from './attachments.ts';
import type { BartConfig } from './bart-config.ts';
import { checkPositions, checkTokens, type PackedBatch } from './batch.ts';
import { causalKeys } from './causal-keys.ts';
import { Pass } from './pass.ts';

/** The rows of the position table that come before the first position: a left-over of fairseq's padding ids. */
const POSITION_OFFSET = 2;
const LAYER_NORM_EPS = 1e-5;

/** The rows of the queries of each sequence, and whether each one sees fewer keys than those after it. */
export type Queries = Pick<AttentionSpec, 'queryOffsets' | 'causal'>;

/** Token and position embeddings, normalised. Both sides read one table of tokens. */
class BartEmbeddings {
  readonly position: PositionPoint;
  readonly #config: BartConfig;
  readonly #tokens: Embedding;
  readonly #positions: Embedding;
  readonly #norm: LayerNorm;

  constructor(path: ParameterPath, config: BartConfig, tokens: Embedding, stack: 'encoder' | 'self') {
    const { d_model, max_position_embeddings } = config;
    this.position = new PositionPoint(path.prefix, stack);
    this.#config = config;
    this.#tokens = tokens;
    this.#positions = new Embedding(path.at('embed_positions'), max_position_embeddings + POSITION_OFFSET, d_model);
    this.#norm = new LayerNorm(path.at('layernorm_embedding'), d_model, LAYER_NORM_EPS);
  }

  forward({ inputIds, positionIds }: Pick<PackedBatch, 'inputIds' | 'positionIds'>, pass: Pass): Tensor {
    const { scale_embedding, d_model, dropout: p, max_position_embeddings } = this.#config;
    const places = this.position.forward(positionIds, pass);
    const late = places.find((id) => id >= max_position_embeddings + POSITION_OFFSET);
    if (late !== undefined) {
      throw new InputError(
        `a text has ${late - POSITION_OFFSET + 1} tokens with what the adapter puts before them, more than this model has positions for; cut it to fewer (maxLength, maxTargetLength).`,
      );
    }
    const tokens = this.#tokens.forward(inputIds); // [rows, hidden]
    const scaled = scale_embedding ? mul(tokens, Math.sqrt(d_model)) : tokens; // [rows, hidden]
    const positions = this.#positions.forward(places); // [rows, hidden]
    return trainingDropout(this.#norm.forward(add(scaled, positions)), p, pass.random);
  }
}

/** Multi-head attention with its output projection, of rows to themselves or to those of the other side. */
class BartAttention {
  readonly query: ProjectionPoint;
  readonly key: ProjectionPoint;
  readonly value: ProjectionPoint;
  readonly seen: AttentionPoint;
  readonly out: ProjectionPoint;
  readonly #config: BartConfig;
  readonly #heads: number;

  /** @param stack `encoder` or `self` for attention to rows of the own side, `cross` for that to the other */
  constructor(path: ParameterPath, config: BartConfig, stack: 'encoder' | 'self' | 'cross') {
    const { d_model } = config;
    this.#config = config;
    this.#heads = stack === 'encoder' ? config.encoder_attention_heads : config.decoder_attention_heads;
    this.query = new ProjectionPoint(path.at('q_proj'), d_model, d_model);
    this.key = new ProjectionPoint(path.at('k_proj'), d_model, d_model);
    this.value = new ProjectionPoint(path.at('v_proj'), d_model, d_model);
    this.seen = new AttentionPoint(path.prefix, stack, d_model);
    this.out = new ProjectionPoint(path.at('out_proj'), d_model, d_model);
  }

  get points(): Pick<AttachmentPoints, 'projection' | 'attention'> {
    return { projection: [this.query, this.key, this.value, this.out], attention: [this.seen] };
  }

  /** Returns keys and values of the rows of x for those that attend to them: the first `counts[s]` rows of each sequence. */
  projectKV(x: Tensor, counts: Int32Array, pass: Pass): KeysAndValues {
    return { key: this.key.forward(x, pass), value: this.value.forward(x, pass), offsets: pass.offsets, counts };
  }

  /** [rows, hidden] -> [rows, hidden] */
  forward(x: Tensor, kv: KeysAndValues, queries: Queries, pass: Pass): Tensor {
    const { d_model, attention_dropout, dropout: p } = this.#config;
    const { random } = pass;
    const { key, value, offsets, counts } = this.seen.forward(kv, pass); // [key rows, hidden]
    const context = packedAttention(this.query.forward(x, pass), key, value, {
      ...queries,
      keyOffsets: offsets,
      keyCounts: counts,
      heads: this.#heads,
      scale: 1 / Math.sqrt(d_model / this.#heads),
      dropout: random && attention_dropout > 0 ? { p: attention_dropout, seed: random.uint32() } : undefined,
    }); // [rows, hidden]
    return trainingDropout(this.out.forward(context, pass), p, random);
  }
}

/** Attention of rows to those of their own side: x -> norm(h + x). */
class BartSelfAttention {
  readonly attention: BartAttention;
  readonly output: ResidualPoint;
  readonly #norm: LayerNorm;

  constructor(path: ParameterPath, config: BartConfig, stack: 'encoder' | 'self') {
    this.attention = new BartAttention(path.at('self_attn'), config, stack);
    this.#norm = new LayerNorm(path.at('self_attn_layer_norm'), config.d_model, LAYER_NORM_EPS);
    this.output = new ResidualPoint(path.at('attention_adapters').prefix, 'attention', config.d_model);
  }

  forward(x: Tensor, kv: KeysAndValues, queries: Queries, pass: Pass): Tensor {
    const h = this.attention.forward(x, kv, queries, pass); // [rows, hidden]
    return this.output.forward(h, { x, norm: (t) => this.#norm.forward(t), pass });
  }
}

/** Attention of the decoder's rows to the encoder's: x -> norm(h + x). */
class BartCrossAttention {
  readonly attention: BartAttention;
  readonly #norm: LayerNorm;

  constructor(path: ParameterPath, config: BartConfig) {
    this.attention = new BartAttention(path.at('encoder_attn'), config, 'cross');
    this.#norm = new LayerNorm(path.at('encoder_attn_layer_norm'), config.d_model, LAYER_NORM_EPS);
  }

  forward(x: Tensor, source: KeysAndValues, queries: Queries, pass: Pass): Tensor {
    return this.#norm.forward(add(this.attention.forward(x, source, queries, pass), x)); // [rows, hidden]
  }
}

/** The two-layer perceptron: x -> norm(h + x). */
class BartFeedForward {
  readonly fc1: ProjectionPoint;
  readonly fc2: ProjectionPoint;
  readonly output: ResidualPoint;
  readonly #config: BartConfig;
  readonly #norm: LayerNorm;

  constructor(path: ParameterPath, config: BartConfig, inner: number) {
    const { d_model } = config;
    this.#config = config;
    this.fc1 = new ProjectionPoint(path.at('fc1'), d_model, inner);
    this.fc2 = new ProjectionPoint(path.at('fc2'), inner, d_model);
    this.#norm = new LayerNorm(path.at('final_layer_norm'), d_model, LAYER_NORM_EPS);
    this.output = new ResidualPoint(path.at('output_adapters').prefix, 'feedForward', d_model);
  }

  get points(): Pick<AttachmentPoints, 'residual' | 'projection'> {
    return { residual: [this.output], projection: [this.fc1, this.fc2] };
  }

  forward(x: Tensor, pass: Pass): Tensor {
    const { activation_function, activation_dropout, dropout: p } = this.#config;
    const act = activation(activation_function);
    const inner = trainingDropout(act(this.fc1.forward(x, pass)), activation_dropout, pass.random); // [rows, inner]
    const h = trainingDropout(this.fc2.forward(inner, pass), p, pass.random); // [rows, hidden]
    return this.output.forward(h, { x, norm: (t) => this.#norm.forward(t), pass });
  }
}

/** Runs the layers of a side: either keeps what is inside of them for the derivative, or has it computed again. */
type Runner = (layer: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]) => Tensor;

const keeping: Runner = (layer, inputs) => tidyInside(() => layer(...inputs));

/** The pass as one part of the model sees it: each has its own stream of random numbers, so that it can be run again. */
const passOf = (pass: Pass, part: string): Pass => new Pass(pass.offsets, pass.random?.fork(part), pass);

/** The points of a layer or a side. */
type Points = Omit<AttachmentPoints, 'path'>;

/** Returns the points of several parts, in their order. */
const pointsOf = (parts: readonly Partial<Points>[]): Points => ({
  residual: parts.flatMap(({ residual = [] }) => residual),
  projection: parts.flatMap(({ projection = [] }) => projection),
  attention: parts.flatMap(({ attention = [] }) => attention),
  positions: parts.flatMap(({ positions = [] }) => positions),
});

class BartEncoderLayer {
  readonly #attention: BartSelfAttention;
  readonly #feedForward: BartFeedForward;

  constructor(path: ParameterPath, config: BartConfig) {
    this.#attention = new BartSelfAttention(path, config, 'encoder');
    this.#feedForward = new BartFeedForward(path, config, config.encoder_ffn_dim);
  }

  get points(): Points {
    const { attention, output } = this.#attention;
    return pointsOf([attention.points, { residual: [output] }, this.#feedForward.points]);
  }

  forward(x: Tensor, counts: Int32Array, pass: Pass): Tensor {
    const own = this.#attention.attention.projectKV(x, counts, pass); // [rows, hidden]
    const y = this.#attention.forward(x, own, { queryOffsets: pass.offsets, causal: false }, pass); // [rows, hidden]
    return this.#feedForward.forward(y, pass); // [rows, hidden]
  }
}

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
  /** The queries of the attention to the encoder's side. */
  readonly source: Queries;
}

class BartDecoderLayer {
  readonly #attention: BartSelfAttention;
  readonly #crossAttention: BartCrossAttention;
  readonly #feedForward: BartFeedForward;
  readonly #index: number;

  constructor(path: ParameterPath, config: BartConfig, index: number) {
    this.#index = index;
    this.#attention = new BartSelfAttention(path, config, 'self');
    this.#crossAttention = new BartCrossAttention(path, config);
    this.#feedForward = new BartFeedForward(path, config, config.decoder_ffn_dim);
  }

  get points(): Points {
    const { attention, output } = this.#attention;
    const cross = this.#crossAttention.attention;
    return pointsOf([attention.points, { residual: [output] }, cross.points, this.#feedForward.points]);
  }

  /** Returns keys and values of the encoder's rows for this layer. */
  projectSourceKV(states: Tensor, counts: Int32Array, pass: Pass): KeysAndValues {
    return this.#crossAttention.attention.projectKV(states, counts, pass);
  }

  forward(x: Tensor, source: KeysAndValues, rows: DecoderRows, cache: KVCache): Tensor {
    const { pass, keyCounts } = rows;
    const own = cache.own(this.#index, this.#attention.attention.projectKV(x, keyCounts, pass)); // [key rows, hidden]
    const y = this.#attention.forward(x, own, rows.own, pass); // [rows, hidden]
    const z = this.#crossAttention.forward(y, source, rows.source, pass); // [rows, hidden]
    return this.#feedForward.forward(z, pass); // [rows, hidden]
  }
}

class BartEncoder {
  readonly #embeddings: BartEmbeddings;
  readonly #layers: readonly BartEncoderLayer[];

  constructor(path: ParameterPath, config: BartConfig, tokens: Embedding) {
    this.#embeddings = new BartEmbeddings(path, config, tokens, 'encoder');
    this.#layers = Array.from(
      { length: config.encoder_layers },
      (_, i) => new BartEncoderLayer(path.at(`layers.${i}`), config),
    );
  }

  get points(): Points {
    return pointsOf([{ positions: [this.#embeddings.position] }, ...this.#layers.map((layer) => layer.points)]);
  }

  /** The embedding output and the output of each layer, all [rows, hidden]. */
  hiddenStates(batch: PackedBatch, pass: Pass, run: Runner): Tensor[] {
    const states = [tidyInside(() => this.#embeddings.forward(batch, pass))];
    for (const [i, layer] of this.#layers.entries()) {
      states.push(run((x) => layer.forward(x, batch.keyCounts, passOf(pass, `encoder ${i}`)), [states[i]]));
    }
    return states;
  }
}

class BartDecoder {
  readonly #embeddings: BartEmbeddings;
  readonly #layers: readonly BartDecoderLayer[];

  constructor(path: ParameterPath, config: BartConfig, tokens: Embedding) {
    this.#embeddings = new BartEmbeddings(path, config, tokens, 'self');
    this.#layers = Array.from(
      { length: config.decoder_layers },
      (_, i) => new BartDecoderLayer(path.at(`layers.${i}`), config, i),
    );
  }

  get points(): Points {
    return pointsOf([{ positions: [this.#embeddings.position] }, ...this.#layers.map((layer) => layer.points)]);
  }

  /** The position ids of rows, where the active adapter moves them. */
  positionIds(ids: Int32Array, pass: Pass): Int32Array {
    return this.#embeddings.position.forward(ids, pass);
  }

  /** Returns keys and values of the encoder's output for layer `index`: the first `counts[s]` rows of each sequence. */
  projectSourceKV(index: number, states: Tensor, counts: Int32Array, pass: Pass): KeysAndValues {
    return this.#layers[index].projectSourceKV(states, counts, pass);
  }

  /**
   * The embedding output and the output of each layer, all [rows, hidden].
   *
   * @param encoded the encoder's output [source rows, hidden], unless the cache holds what follows from it
   */
  hiddenStates(rows: DecoderRows, cache: KVCache, run: Runner = keeping, encoded?: Tensor): Tensor[] {
    const { pass } = rows;
    const states = [tidyInside(() => this.#embeddings.forward(rows, pass))];
    for (const [i, layer] of this.#layers.entries()) {
      const forward = (x: Tensor, source?: Tensor) =>
        layer.forward(x, cache.source(i, source), { ...rows, pass: passOf(pass, `decoder ${i}`) }, cache);
      states.push(run(forward, encoded ? [states[i], encoded] : [states[i]]));
    }
    return states;
  }
}

/** The hidden states of both sides, embeddings first. */
export interface BartStates {
  /** [source rows, hidden] each */
  readonly encoder: readonly Tensor[];
  /** [target rows, hidden] each */
  readonly decoder: readonly Tensor[];
}

/**
 * The BART encoder-decoder (Lewis et al., 2020; `BartModel` of Hugging Face) over packed batches. Each sublayer ends with its
 * norm. The decoder's rows attend to the rows before them, then to all rows of the encoder's sequence of the same number.
 */
export class BartModel {
  readonly config: BartConfig;
  /** The attachment points of adapters: the encoder's, then the decoder's. */
  readonly points: AttachmentPoints;
  /** The table of tokens of both sides and of the output. */
  readonly shared: Embedding;
  readonly decoder: BartDecoder;
  /** Bytes that may be kept for the derivative. If the layers have more inside, that is computed again (see `checkpoint`). */
  keptBytes = 2 ** 30;
  readonly #encoder: BartEncoder;

  /** @param path the place of the model in the checkpoint: `model`, or the root */
  constructor(path: ParameterPath, config: BartConfig) {
    this.config = config;
    this.shared = new Embedding(path.at('shared'), config.vocab_size, config.d_model, config.pad_token_id);
    this.#encoder = new BartEncoder(path.at('encoder'), config, this.shared);
    this.decoder = new BartDecoder(path.at('decoder'), config, this.shared);
    this.points = { path: path.prefix, ...pointsOf([this.#encoder.points, this.decoder.points]) };
  }

  /** The position id of a token's place in its sequence. */
  readonly positionOf = (column: number): number => column + POSITION_OFFSET;

  /** How many tokens of a text have positions in the decoder, where the active adapter may let them begin later. */
  get targetPositions(): number {
    const [first] = this.decoder.positionIds(Int32Array.of(this.positionOf(0)), new Pass(Int32Array.of(0, 1)));
    return this.config.max_position_embeddings - (first - this.positionOf(0));
  }

  /** The rule to give to `packSequences` and `packPadded`, for both sides. */
  readonly positionIds = (ids: readonly number[]): number[] => ids.map((_, column) => this.positionOf(column));

  /** The encoder's output [source rows, hidden]. Dropout is on when `random` is given. */
  encode(source: PackedBatch, random?: Random): Tensor {
    this.#check(source);
    const pass = new Pass(source.offsets, random);
    return this.#encoder.hiddenStates(source, pass, this.#runner(source))[this.config.encoder_layers];
  }

  /** All states, for a decoder that reads `target`. Dropout is on when `random` is given. */
  hiddenStates(source: PackedBatch, target: PackedBatch, random?: Random): BartStates {
    this.#check(source);
    this.#check(target);
    const sourcePass = new Pass(source.offsets, random);
    const run = this.#runner(source, target);
    const encoder = this.#encoder.hiddenStates(source, sourcePass, run);
    const encoded = encoder[encoder.length - 1];
    const { queries, select } = causalKeys(target);
    const rows: DecoderRows = {
      ...target,
      pass: new Pass(target.offsets, random),
      own: queries,
      source: { queryOffsets: target.offsets, causal: false },
    };
    const cache: KVCache = {
      own: (_, own) => select(own),
      source: (index, states = encoded) =>
        this.decoder.projectSourceKV(index, states, source.keyCounts, passOf(sourcePass, `source ${index}`)),
    };
    return { encoder, decoder: this.decoder.hiddenStates(rows, cache, run, encoded) };
  }

  #check(batch: PackedBatch): void {
    const { vocab_size, max_position_embeddings } = this.config;
    checkTokens(batch, vocab_size);
    checkPositions(batch, max_position_embeddings + POSITION_OFFSET);
  }

  /** Keeps the inside of the layers as long as all of them together stay below `keptBytes`, by a rough count. */
  #runner(source: PackedBatch, target?: PackedBatch): Runner {
    const { d_model, encoder_layers, decoder_layers, encoder_ffn_dim, decoder_ffn_dim } = this.config;
    const [sourceRows, targetRows] = [source.inputIds.length, target?.inputIds.length ?? 0];
    // A sublayer makes about seven results as wide as the model, attention to the source two of its rows.
    const encoder = encoder_layers * sourceRows * (14 * d_model + 2 * encoder_ffn_dim);
    const decoder =
      decoder_layers * (targetRows * (21 * d_model + 2 * decoder_ffn_dim) + (target ? sourceRows * 2 * d_model : 0));
    return 4 * (encoder + decoder) > this.keptBytes ? checkpoint : keeping;
  }

  /** The decoder's output [target rows, hidden]. Dropout is on when `random` is given. */
  forward(source: PackedBatch, target: PackedBatch, random?: Random): Tensor {
    return this.hiddenStates(source, target, random).decoder[this.config.decoder_layers];
  }
}
