import { trainingDropout } from '../../nn/index.ts';
import { add } from '../../ops/arithmetic.ts';
import type { Random } from '../../random/random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type EmbeddingPoint, type Prompt, PromptPoint } from '../attachments.ts';
import { checkPositions, checkTokens, checkTypes, type PackedBatch, withRowsBefore } from '../batch.ts';
import type { EncoderConfig } from '../config.ts';
import type { EncoderEmbeddings } from '../encoder.ts';
import { Pass } from '../pass.ts';
import { longestOf } from '../positions.ts';
import { lengthsOf, withPrompts } from '../prompts.ts';
import type { Norm } from './residual.ts';

/** What embeddings without positions are made of. */
export interface UnplacedParts {
  /** [vocabulary, hidden] */
  readonly words: EmbeddingPoint;
  /** [types, hidden]; null where there are none */
  readonly tokenTypes: EmbeddingPoint | null;
  readonly norm: Norm;
  readonly dropout: number;
}

/** The embeddings of words and, where the model has them, token types, normalised. Positions are told in the attentions. */
export class UnplacedEmbeddings implements EncoderEmbeddings {
  readonly #config: EncoderConfig;
  readonly #parts: UnplacedParts;
  readonly #prompt: PromptPoint;

  /** @param name of the embeddings in the checkpoint */
  constructor(name: string, config: EncoderConfig, parts: UnplacedParts) {
    this.#config = config;
    this.#parts = parts;
    this.#prompt = new PromptPoint(name, config.hidden_size, longestOf(config));
  }

  get points(): EncoderEmbeddings['points'] {
    const { words, tokenTypes } = this.#parts;
    return { prompts: [this.#prompt], embedding: tokenTypes ? [words, tokenTypes] : [words] };
  }

  prompts(batch: PackedBatch): readonly (readonly Prompt[])[] {
    return this.#prompt.forward(new Pass(batch.offsets));
  }

  forward(given: PackedBatch, random?: Random): Tensor {
    const { vocab_size, max_position_embeddings, type_vocab_size } = this.#config;
    const { words, tokenTypes, norm, dropout } = this.#parts;
    const prompts = this.prompts(given);
    const batch = withRowsBefore(given, lengthsOf(prompts));
    checkTokens(given, vocab_size);
    checkPositions(batch, max_position_embeddings);
    if (tokenTypes) checkTypes(batch, type_vocab_size);
    const tokens = words.forward(given.inputIds, new Pass(given.offsets, random)); // [tokens, hidden]
    const rows = withPrompts(tokens, given, prompts); // [rows, hidden]
    const pass = new Pass(batch.offsets, random);
    const typed = tokenTypes ? add(rows, tokenTypes.forward(batch.tokenTypeIds, pass)) : rows; // [rows, hidden]
    return trainingDropout(norm.forward(typed), dropout, random);
  }
}
