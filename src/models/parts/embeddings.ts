import { LayerNorm, type ParameterPath, trainingDropout } from '../../nn/index.ts';
import { add } from '../../ops/arithmetic.ts';
import type { Random } from '../../random/random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { EmbeddingPoint, PositionPoint, type ProjectionPoint, type Prompt, PromptPoint } from '../attachments.ts';
import { checkPositions, checkTokens, checkTypes, type PackedBatch, withRowsBefore } from '../batch.ts';
import type { EncoderConfig } from '../config.ts';
import type { EncoderEmbeddings } from '../encoder.ts';
import { Pass } from '../pass.ts';
import { longestOf } from '../positions.ts';
import { lengthsOf, withPrompts } from '../prompts.ts';

/** How some models embed otherwise than BERT. */
export interface SummedForm {
  /** The width of the tables. Default hidden_size */
  readonly size?: number;
  /** Whether there is a table of positions. Default true */
  readonly hasPositions?: boolean;
  /** The linear layer between sum and norm, [hidden, size]. Default none */
  readonly projection?: ProjectionPoint;
}

/** The sum of the embeddings of words, positions and, where the model has them, token types, normalised. */
export class SummedEmbeddings implements EncoderEmbeddings {
  readonly #config: EncoderConfig;
  readonly #prompt: PromptPoint;
  readonly #position: PositionPoint;
  readonly #words: EmbeddingPoint;
  readonly #positions: EmbeddingPoint | null;
  readonly #tokenTypes: EmbeddingPoint | null;
  readonly #projection: ProjectionPoint | undefined;
  readonly #norm: LayerNorm;

  constructor(
    path: ParameterPath,
    config: EncoderConfig,
    { size = config.hidden_size, hasPositions = true, projection }: SummedForm = {},
  ) {
    const { vocab_size, max_position_embeddings: places, type_vocab_size: types, position_padding } = config;
    this.#config = config;
    this.#prompt = new PromptPoint(path.prefix, size, longestOf(config));
    this.#position = new PositionPoint(path.prefix, 'self');
    this.#words = new EmbeddingPoint(path.at('word_embeddings'), vocab_size, size, config.pad_token_id);
    this.#positions = hasPositions
      ? new EmbeddingPoint(path.at('position_embeddings'), places, size, position_padding ?? undefined)
      : null;
    this.#tokenTypes = types > 0 ? new EmbeddingPoint(path.at('token_type_embeddings'), types, size) : null;
    this.#projection = projection;
    this.#norm = new LayerNorm(path.at('LayerNorm'), projection ? config.hidden_size : size, config.layer_norm_eps);
  }

  get points(): EncoderEmbeddings['points'] {
    return {
      positions: this.#positions ? [this.#position] : [],
      prompts: [this.#prompt],
      projection: this.#projection ? [this.#projection] : [],
      embedding: [this.#words, this.#positions, this.#tokenTypes].filter((point) => point !== null),
    };
  }

  prompts(batch: PackedBatch): readonly (readonly Prompt[])[] {
    return this.#prompt.forward(new Pass(batch.offsets));
  }

  forward(given: PackedBatch, random?: Random): Tensor {
    const { vocab_size, max_position_embeddings, type_vocab_size, hidden_dropout_prob } = this.#config;
    const prompts = this.prompts(given);
    const whole = withRowsBefore(given, lengthsOf(prompts));
    const pass = new Pass(whole.offsets, random);
    const batch = { ...whole, positionIds: this.#position.forward(whole.positionIds, pass) };
    checkTokens(given, vocab_size);
    if (this.#positions) checkPositions(batch, max_position_embeddings);
    if (this.#tokenTypes) checkTypes(batch, type_vocab_size);
    const tokens = this.#words.forward(given.inputIds, new Pass(given.offsets, random)); // [tokens, size]
    const words = withPrompts(tokens, given, prompts); // [rows, size]
    const typed = this.#tokenTypes ? add(words, this.#tokenTypes.forward(batch.tokenTypeIds, pass)) : words; // [rows, size]
    const summed = this.#positions ? add(typed, this.#positions.forward(batch.positionIds, pass)) : typed; // [rows, size]
    const wide = this.#projection ? this.#projection.forward(summed, pass) : summed; // [rows, hidden]
    return trainingDropout(this.#norm.forward(wide), hidden_dropout_prob, random);
  }
}
