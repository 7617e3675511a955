import { Embedding, type ParameterPath } from '../../nn/index.ts';
import { tensor } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Vectors that are added to those of tokens, by the positions of the tokens. */
export interface PositionTable {
  /** The id of the first position. */
  readonly first: number;
  /** How many positions there are. */
  readonly count: number;
  /** [rows, width] of position ids [rows]. */
  rows(ids: Int32Array): Tensor;
}

/** Learned vectors, `weight` [first + count, width]: BART's begin after two rows, a left-over of fairseq's padding ids. */
export class LearnedPositions implements PositionTable {
  readonly first: number;
  readonly count: number;
  readonly #table: Embedding;

  constructor(path: ParameterPath, count: number, width: number, first = 0) {
    this.first = first;
    this.count = count;
    this.#table = new Embedding(path, count + first, width);
  }

  rows(ids: Int32Array): Tensor {
    return this.#table.forward(ids);
  }
}

/**
 * Sinusoids of positions, row after row [positions, width]: p has [sin(p f₀), sin(p f₁), ..., cos(p f₀), ...] with frequencies
 * f_k = 10000^(-2k/width). Of an odd width the sines have one more.
 */
export function sinusoids(positions: Int32Array, width: number): Float32Array {
  const sines = Math.ceil(width / 2);
  const values = new Float32Array(positions.length * width);
  positions.forEach((position, row) => {
    for (let i = 0; i < width; i++) {
      const k = i < sines ? i : i - sines;
      const angle = position * 10000 ** ((-2 * k) / width);
      values[row * width + i] = i < sines ? Math.sin(angle) : Math.cos(angle);
    }
  });
  return values;
}

/** {@link sinusoids}, which no file has. */
export class SinusoidalPositions implements PositionTable {
  readonly first = 0;
  readonly count: number;
  readonly #width: number;

  constructor(count: number, width: number) {
    this.count = count;
    this.#width = width;
  }

  rows(ids: Int32Array): Tensor {
    return tensor(sinusoids(ids, this.#width), [ids.length, this.#width]);
  }
}
