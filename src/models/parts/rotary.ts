import { add, mul } from '../../ops/arithmetic.ts';
import { concat, slice } from '../../ops/layout.ts';
import { reshape } from '../../ops/reduce.ts';
import { tensor } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Pass } from '../pass.ts';
import type { Scheme } from './key-value-attention.ts';

/** The angles of rotary positions. */
export interface RotaryAngles {
  /** The base: pair k of a head turns by theta^(-2k / headDim) from a position to the next. */
  readonly theta: number;
  /** All angles are divided by it. */
  readonly factor: number;
}

/**
 * A scheme of positions (Su et al., 2021): queries and keys are turned by angles that grow with the position, so that a score depends on
 * their distance. Number k of a head makes a pair with number k + headDim / 2.
 */
export class Rotary {
  readonly #headDim: number;
  readonly #angles: RotaryAngles;
  /** Owners of the tables of a pass. */
  readonly #cosines = {};
  readonly #sines = {};

  /** @param headDim even */
  constructor(headDim: number, angles: RotaryAngles) {
    this.#headDim = headDim;
    this.#angles = angles;
  }

  /** Attention of turned queries and keys. Both are the same rows. */
  before(next: Scheme): Scheme {
    return (query, key, value, options, columns, pass) => {
      const turned = [query, key].map((x) => this.#turn(x, columns.queries, pass));
      return next(turned[0], turned[1], value, options, columns, pass);
    };
  }

  /** (x₁, x₂) -> (x₁ cos - x₂ sin, x₂ cos + x₁ sin), [rows, heads * headDim] */
  #turn(x: Tensor, positions: Int32Array, pass: Pass): Tensor {
    const cosines = pass.once(this.#cosines, () => this.#table(positions, Math.cos, [1, 1]));
    const sines = pass.once(this.#sines, () => this.#table(positions, Math.sin, [-1, 1]));
    const [rows, width] = x.shape;
    const [headDim, heads] = [this.#headDim, width / this.#headDim];
    const split = reshape(x, [rows, heads, headDim]);
    const first = slice(split, [0, 0, 0], [rows, heads, headDim / 2]);
    const second = slice(split, [0, 0, headDim / 2], [rows, heads, headDim]);
    return reshape(add(mul(split, cosines), mul(concat([second, first], 2), sines)), [rows, width]);
  }

  /** [rows, 1, headDim], each half times its sign */
  #table(positions: Int32Array, wave: (angle: number) => number, signs: readonly [number, number]): Tensor {
    const [headDim, half] = [this.#headDim, this.#headDim / 2];
    const { theta, factor } = this.#angles;
    const speeds = Array.from({ length: half }, (_, k) => theta ** ((-2 * k) / headDim) / factor);
    const values = new Float32Array(positions.length * headDim);
    positions.forEach((position, row) => {
      for (let k = 0; k < half; k++) {
        const value = wave(position * speeds[k]);
        values[row * headDim + k] = signs[0] * value;
        values[row * headDim + half + k] = signs[1] * value;
      }
    });
    return tensor(values, [positions.length, 1, headDim]);
  }
}
