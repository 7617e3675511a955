import { InputError } from '../../errors.ts';
import { type Embedding, trainingDropout } from '../../nn/index.ts';
import { add, mul } from '../../ops/arithmetic.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { PositionPoint } from '../attachments.ts';
import type { PackedBatch } from '../batch.ts';
import type { Pass } from '../pass.ts';
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
  readonly #parts: EmbeddingParts;

  /** @param name of the stack in the checkpoint */
  constructor(name: string, stack: 'encoder' | 'self', parts: EmbeddingParts) {
    this.position = parts.positions ? new PositionPoint(name, stack) : null;
    this.#parts = parts;
  }

  /** The position ids of rows, where the active adapter moves them. */
  positionIds(ids: Int32Array, pass: Pass): Int32Array {
    return this.position ? this.position.forward(ids, pass) : ids;
  }

  /** [rows, hidden] @throws InputError for more tokens than there are positions, with what an adapter puts before them */
  forward({ inputIds, positionIds }: Pick<PackedBatch, 'inputIds' | 'positionIds'>, pass: Pass): Tensor {
    const { tokens, scale = 1, positions, norm, dropout: p } = this.#parts;
    const words = tokens.forward(inputIds); // [rows, hidden]
    const scaled = scale === 1 ? words : mul(words, scale); // [rows, hidden]
    const placed = positions ? add(scaled, positions.rows(this.#places(positions, positionIds, pass))) : scaled;
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
