import { InputError } from '../../errors.ts';
import { type Embedding, trainingDropout } from '../../nn/index.ts';
import { add, mul } from '../../ops/arithmetic.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { PositionPoint, type Prompt, PromptPoint } from '../attachments.ts';
import { type PackedBatch, withRowsBefore } from '../batch.ts';
import { Pass } from '../pass.ts';
import { lengthsOf, withPrompts } from '../prompts.ts';
import type { PositionTable } from './position-table.ts';
import type { Norm } from './residual.ts';

/** What the embeddings of a stack are made of. */
export interface EmbeddingParts {
  readonly tokens: Embedding;
  /** The tokens' vectors are multiplied with it. Default 1 */
  readonly scale?: number;
  /** Left out: positions are told elsewhere. */
  readonly positions?: PositionTable;
  readonly norm?: Norm;
  readonly dropout: number;
}

/** The input of a stack's first layer: s · token + position, normalised where the model does so. */
export class TokenEmbeddings {
  /** Where adapters move positions; null where none are looked up. */
  readonly position: PositionPoint | null;
  /** Where adapters put rows before the tokens of a text; null in a stack that writes one. */
  readonly prompt: PromptPoint | null;
  readonly #parts: EmbeddingParts;

  /** @param name of the stack in the checkpoint */
  constructor(name: string, stack: 'encoder' | 'self', parts: EmbeddingParts) {
    this.position = parts.positions ? new PositionPoint(name, stack) : null;
    const { tokens, positions } = parts;
    const capacity = positions?.count ?? Number.POSITIVE_INFINITY;
    this.prompt = stack === 'encoder' ? new PromptPoint(name, tokens.weight.shape[1], capacity) : null;
    this.#parts = parts;
  }

  /** The position ids of rows, where the active adapter moves them. */
  positionIds(ids: Int32Array, pass: Pass): Int32Array {
    return this.position ? this.position.forward(ids, pass) : ids;
  }

  #prompts(batch: PackedBatch): readonly (readonly Prompt[])[] {
    return this.prompt?.forward(new Pass(batch.offsets)) ?? [];
  }

  /** The batch with the rows that adapters have before its tokens. */
  withPrompts(batch: PackedBatch): PackedBatch {
    return withRowsBefore(batch, lengthsOf(this.#prompts(batch)));
  }

  /** [rows, hidden] @throws InputError for more tokens than there are positions, with what an adapter puts before them */
  forward({ inputIds, positionIds }: Pick<PackedBatch, 'inputIds' | 'positionIds'>, pass: Pass): Tensor {
    return this.#placed(this.#words(inputIds), positionIds, pass);
  }

  /**
   * The same of a batch with the rows that adapters have before its tokens.
   *
   * @param whole the batch with these rows
   */
  forwardWithPrompts(batch: PackedBatch, whole: PackedBatch, pass: Pass): Tensor {
    const rows = withPrompts(this.#words(batch.inputIds), batch, this.#prompts(batch)); // [rows, hidden]
    return this.#placed(rows, whole.positionIds, pass);
  }

  #words(inputIds: Int32Array): Tensor {
    const { tokens, scale = 1 } = this.#parts;
    const words = tokens.forward(inputIds); // [rows, hidden]
    return scale === 1 ? words : mul(words, scale);
  }

  #placed(words: Tensor, positionIds: Int32Array, pass: Pass): Tensor {
    const { positions, norm, dropout: p } = this.#parts;
    const placed = positions ? add(words, positions.rows(this.#places(positions, positionIds, pass))) : words;
    return trainingDropout(norm ? norm.forward(placed) : placed, p, pass.random);
  }

  #places({ first, count }: PositionTable, ids: Int32Array, pass: Pass): Int32Array {
    const places = this.positionIds(ids, pass);
    const late = places.find((id) => id >= first + count);
    if (late === undefined) return places;
    throw new InputError(
      `a text has ${late - first + 1} tokens with what the adapter puts before them, more than this model has positions for; cut it to fewer (maxLength, maxTargetLength).`,
    );
  }
}
