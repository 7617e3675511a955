import { checkpoint } from '../autograd/checkpoint.ts';
import { trainingDropout } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { tidyInside } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints, KeysAndValues } from './attachments.ts';
import { checkPositions, checkTokens, type PackedBatch } from './batch.ts';
import { causalKeys } from './causal-keys.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import {
  type DecoderRows,
  type DecoderSideLayer,
  type EncoderSideLayer,
  type KVCache,
  type Points,
  pointsOf,
} from './encoder-decoder-layers.ts';
import type { OutputLayer } from './parts/output-layer.ts';
import type { Norm } from './parts/residual.ts';
import type { TokenEmbeddings } from './parts/token-embeddings.ts';
import { Pass } from './pass.ts';

/** Runs the layers of a side: either keeps what is inside of them for the derivative, or has it computed again. */
type Runner = (layer: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[]) => Tensor;

const keeping: Runner = (layer, inputs) => tidyInside(() => layer(...inputs));

/** The pass as one part of the model sees it: each has its own stream of random numbers, so that it can be run again. */
const passOf = (pass: Pass, part: string): Pass => new Pass(pass.offsets, pass.random?.fork(part), pass);

/** The parts of a side of the model. */
export interface StackParts<Layer> {
  readonly embeddings: TokenEmbeddings;
  readonly layers: readonly Layer[];
  /** Acts on the output of the last layer [rows, hidden], where the model has such a norm. */
  readonly finalNorm?: Norm;
  /** Of the output of the stack. Default 0 */
  readonly outputDropout?: number;
}

/** What an encoder-decoder is made of. */
export interface EncoderDecoderParts {
  readonly encoder: StackParts<EncoderSideLayer>;
  readonly decoder: StackParts<DecoderSideLayer>;
  /** Makes the scores of the tokens to come. */
  readonly output: OutputLayer;
}

const pointsOfStack = ({ embeddings, layers }: StackParts<{ readonly points: Points }>): Points =>
  pointsOf([
    {
      positions: embeddings.position ? [embeddings.position] : [],
      prompts: embeddings.prompt ? [embeddings.prompt] : [],
    },
    ...layers.map((layer) => layer.points),
  ]);

/** Returns the states with the last one as the stack puts it out. */
function ended(states: Tensor[], { finalNorm, outputDropout = 0 }: StackParts<unknown>, pass: Pass): Tensor[] {
  const last = states.length - 1;
  if (!finalNorm) return states;
  const end = () => trainingDropout(finalNorm.forward(states[last]), outputDropout, pass.random);
  return [...states.slice(0, last), tidyInside(end)];
}

/** The decoder of an encoder-decoder. */
export class Decoder {
  readonly #parts: StackParts<DecoderSideLayer>;

  constructor(parts: StackParts<DecoderSideLayer>) {
    this.#parts = parts;
  }

  /** The position ids of rows, where the active adapter moves them. */
  positionIds(ids: Int32Array, pass: Pass): Int32Array {
    return this.#parts.embeddings.positionIds(ids, pass);
  }

  /** Returns keys and values of the encoder's output for layer `index`: the first `counts[s]` rows of each sequence. */
  projectSourceKV(index: number, states: Tensor, counts: Int32Array, pass: Pass): KeysAndValues {
    return this.#parts.layers[index].projectSourceKV(states, counts, pass);
  }

  /**
   * The embedding output and the output of each layer, the last one normalised where there is a final norm, all [rows, hidden].
   *
   * @param encoded the encoder's output [source rows, hidden], unless the cache holds what follows from it
   */
  hiddenStates(rows: DecoderRows, cache: KVCache, run: Runner = keeping, encoded?: Tensor): Tensor[] {
    const { embeddings, layers } = this.#parts;
    const { pass } = rows;
    const states = [tidyInside(() => embeddings.forward(rows, pass))];
    for (const [i, layer] of layers.entries()) {
      const forward = (x: Tensor, source?: Tensor) =>
        layer.forward(x, cache.source(i, source), { ...rows, pass: passOf(pass, `decoder ${i}`) }, cache, i);
      states.push(run(forward, encoded ? [states[i], encoded] : [states[i]]));
    }
    return ended(states, this.#parts, pass);
  }
}

/** The hidden states of both sides, embeddings first. */
export interface SideStates {
  /** [source rows, hidden] each */
  readonly encoder: readonly Tensor[];
  /** [target rows, hidden] each */
  readonly decoder: readonly Tensor[];
}

/**
 * An encoder-decoder over packed batches. The decoder's rows attend to the rows before them, then to all rows of the encoder's
 * sequence of the same number.
 */
export class EncoderDecoder {
  readonly config: EncoderDecoderConfig;
  /** The attachment points of adapters: the encoder's, then the decoder's. */
  readonly points: AttachmentPoints;
  readonly decoder: Decoder;
  readonly output: OutputLayer;
  /** Bytes that may be kept for the derivative. If the layers have more inside, that is computed again (see `checkpoint`). */
  keptBytes = 2 ** 30;
  readonly #encoder: StackParts<EncoderSideLayer>;
  readonly #firstPosition: number;

  /** @param path of the model in the checkpoint, where adapters put what belongs to no point */
  constructor(path: string, config: EncoderDecoderConfig, { encoder, decoder, output }: EncoderDecoderParts) {
    this.config = config;
    this.#encoder = encoder;
    this.#firstPosition = config.first_position;
    this.decoder = new Decoder(decoder);
    this.output = output;
    this.points = { path, ...pointsOf([pointsOfStack(encoder), pointsOfStack(decoder)]) };
  }

  /** The position id of a token's place in its sequence. */
  readonly positionOf = (column: number): number => column + this.#firstPosition;

  /** How many tokens of a text have positions in the decoder, where the active adapter may let them begin later. */
  get targetPositions(): number {
    const [first] = this.decoder.positionIds(Int32Array.of(this.positionOf(0)), new Pass(Int32Array.of(0, 1)));
    return this.config.max_position_embeddings - (first - this.positionOf(0));
  }

  /** The rule to give to `packSequences` and `packPadded`, for both sides. */
  readonly positionIds = (ids: readonly number[]): number[] => ids.map((_, column) => this.positionOf(column));

  /** The encoder's output [source rows, hidden], for {@link sourceRows}. Dropout is on when `random` is given. */
  encode(source: PackedBatch, random?: Random): Tensor {
    this.#check(source, this.config.vocab_size);
    const whole = this.sourceRows(source);
    const states = this.#encoderStates(source, whole, new Pass(whole.offsets, random), this.#runner(whole));
    return states[states.length - 1];
  }

  /** The rows of the encoder's output: those of a source, after those that adapters have before its tokens. */
  sourceRows(source: PackedBatch): PackedBatch {
    return this.#encoder.embeddings.withPrompts(source);
  }

  /** The embedding output and the output of each layer, all [rows, hidden]. */
  #encoderStates(batch: PackedBatch, whole: PackedBatch, pass: Pass, run: Runner): Tensor[] {
    const { embeddings, layers } = this.#encoder;
    const states = [tidyInside(() => embeddings.forwardWithPrompts(batch, whole, pass))];
    for (const [i, layer] of layers.entries()) {
      states.push(run((x) => layer.forward(x, whole, passOf(pass, `encoder ${i}`)), [states[i]]));
    }
    return ended(states, this.#encoder, pass);
  }

  /** All states, for a decoder that reads `target`. Dropout is on when `random` is given. */
  hiddenStates(source: PackedBatch, target: PackedBatch, random?: Random): SideStates {
    this.#check(source, this.config.vocab_size);
    this.#check(target, this.config.decoder_vocab_size);
    const whole = this.sourceRows(source);
    const sourcePass = new Pass(whole.offsets, random);
    const run = this.#runner(whole, target);
    const encoder = this.#encoderStates(source, whole, sourcePass, run);
    const encoded = encoder[encoder.length - 1];
    const { queries, columns, select } = causalKeys(target);
    const rows: DecoderRows = {
      ...target,
      pass: new Pass(target.offsets, random),
      own: queries,
      columns: { queries: target.columns, keys: columns },
      source: { queryOffsets: target.offsets, causal: false },
    };
    const cache: KVCache = {
      own: (_, own) => select(own),
      source: (index, states = encoded) =>
        this.decoder.projectSourceKV(index, states, whole.keyCounts, passOf(sourcePass, `source ${index}`)),
    };
    return { encoder, decoder: this.decoder.hiddenStates(rows, cache, run, encoded) };
  }

  #check(batch: PackedBatch, tokens: number): void {
    checkTokens(batch, tokens);
    checkPositions(batch, this.config.max_position_embeddings + this.#firstPosition);
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
    const { decoder } = this.hiddenStates(source, target, random);
    return decoder[decoder.length - 1];
  }
}
