import { add, mul } from '../../ops/arithmetic.ts';
import type { PackedAttentionOptions } from '../../ops/attention.ts';
import { indexSelect } from '../../ops/gather.ts';
import { concat, slice } from '../../ops/layout.ts';
import { reshape } from '../../ops/reduce.ts';
import { full, tensor } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Pass } from '../pass.ts';
import type { Scheme, SchemeColumns } from './key-value-attention.ts';
import { ownKeys } from './own-keys.ts';

/** The angles of rotary positions. */
export interface RotaryAngles {
  /** By how much each pair of a head turns from a position to the next, [headDim / 2]. */
  readonly speeds: readonly number[];
  /** What cosines and sines are multiplied with. */
  readonly scale: number;
  /** The speeds in texts with more tokens than `above`. */
  readonly longer?: { readonly above: number; readonly speeds: readonly number[] };
}

/** By what the rows are turned, [rows, 1, headDim] each. */
interface Turns {
  readonly cosines: Tensor;
  /** Each half times its sign. */
  readonly sines: Tensor;
}

/**
 * A scheme of positions (Su et al., 2021): queries and keys are turned by angles that grow with the position, so that a score depends on
 * their distance. Number k of a head makes a pair with number k + headDim / 2.
 */
export class Rotary {
  readonly #angles: RotaryAngles;
  /** Owners of the tables of a pass. */
  readonly #cosines = {};
  readonly #sines = {};

  constructor(angles: RotaryAngles) {
    this.#angles = angles;
  }

  /** Attention of turned queries and keys. Both are of the same rows; keys that an adapter has before them stay as they are. */
  before(next: Scheme): Scheme {
    return (query, key, value, options, columns, pass) => {
      const turns = this.#turns(columns.queries, options.queryOffsets, pass);
      const keyTurns = key.shape[0] === query.shape[0] ? turns : withUnturned(turns, options, columns);
      return next(this.#turn(query, turns), this.#turn(key, keyTurns), value, options, columns, pass);
    };
  }

  #turns(positions: Int32Array, offsets: Int32Array, pass: Pass): Turns {
    const table = (wave: (angle: number) => number, signs: readonly [number, number]) =>
      this.#table(positions, offsets, wave, signs);
    return {
      cosines: pass.once(this.#cosines, () => table(Math.cos, [1, 1])),
      sines: pass.once(this.#sines, () => table(Math.sin, [-1, 1])),
    };
  }

  /** (x₁, x₂) -> (x₁ cos - x₂ sin, x₂ cos + x₁ sin), [rows, heads * headDim] */
  #turn(x: Tensor, { cosines, sines }: Turns): Tensor {
    const [rows, width] = x.shape;
    const headDim = 2 * this.#angles.speeds.length;
    const heads = width / headDim;
    const split = reshape(x, [rows, heads, headDim]);
    const first = slice(split, [0, 0, 0], [rows, heads, headDim / 2]);
    const second = slice(split, [0, 0, headDim / 2], [rows, heads, headDim]);
    return reshape(add(mul(split, cosines), mul(concat([second, first], 2), sines)), [rows, width]);
  }

  /** [rows, 1, headDim], each half times its sign */
  #table(
    positions: Int32Array,
    offsets: Int32Array,
    wave: (angle: number) => number,
    signs: readonly [number, number],
  ): Tensor {
    const { scale } = this.#angles;
    const half = this.#angles.speeds.length;
    const values = new Float32Array(positions.length * 2 * half);
    for (let s = 0; s + 1 < offsets.length; s++) {
      const speeds = this.#speedsOf(positions.subarray(offsets[s], offsets[s + 1]));
      for (let row = offsets[s]; row < offsets[s + 1]; row++) {
        for (let k = 0; k < half; k++) {
          const value = scale * wave(positions[row] * speeds[k]);
          values[2 * row * half + k] = signs[0] * value;
          values[(2 * row + 1) * half + k] = signs[1] * value;
        }
      }
    }
    return tensor(values, [positions.length, 1, 2 * half]);
  }

  /** The speeds in a text, by its last position. */
  #speedsOf(positions: Int32Array): readonly number[] {
    const { speeds, longer } = this.#angles;
    return longer && positions.some((position) => position >= longer.above) ? longer.speeds : speeds;
  }
}

/** The turns of keys, of which those that an adapter has before the others are none. */
function withUnturned({ cosines, sines }: Turns, options: PackedAttentionOptions, columns: SchemeColumns): Turns {
  const [rows, , headDim] = cosines.shape;
  const order = ownKeys(options, columns).flatMap(({ before }, s) => [
    ...Array<number>(before).fill(rows),
    ...Array.from({ length: columns.keyOffsets[s + 1] - columns.keyOffsets[s] }, (_, i) => columns.keyOffsets[s] + i),
  ]);
  const ordered = (turns: Tensor, none: number) => indexSelect(concat([turns, full([1, 1, headDim], none)]), order);
  return { cosines: ordered(cosines, 1), sines: ordered(sines, 0) };
}
