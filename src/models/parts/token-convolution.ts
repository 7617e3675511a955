import {
  LayerNorm,
  normalInit,
  type Parameter,
  type ParameterPath,
  trainingDropout,
  zerosInit,
} from '../../nn/index.ts';
import { type ActivationName, activation } from '../../ops/activations.ts';
import { add } from '../../ops/arithmetic.ts';
import { indexSelect } from '../../ops/gather.ts';
import { concat, permute, slice } from '../../ops/layout.ts';
import { linear } from '../../ops/linear.ts';
import { reshape } from '../../ops/reduce.ts';
import { zeros } from '../../tensor/create.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AttachmentPoints } from '../attachments.ts';
import type { PackedBatch } from '../batch.ts';
import type { EncoderLayer } from '../encoder.ts';
import type { Pass } from '../pass.ts';

/** The sizes of a convolution over tokens. */
export interface ConvolutionSizes {
  readonly hidden_size: number;
  readonly layer_norm_eps: number;
  readonly hidden_dropout_prob: number;
  /** An odd number of tokens. */
  readonly kernel: number;
  readonly groups: number;
  readonly act: ActivationName;
}

/** A layer with a convolution of its input beside it: x -> norm(layer(x) + act(conv(x))). */
export class WithConvolution implements EncoderLayer {
  readonly #layer: EncoderLayer;
  readonly #sizes: ConvolutionSizes;
  readonly #weight: Parameter;
  readonly #bias: Parameter;
  readonly #norm: LayerNorm;

  constructor(layer: EncoderLayer, path: ParameterPath, sizes: ConvolutionSizes) {
    const { hidden_size: hidden, groups, kernel, layer_norm_eps } = sizes;
    this.#layer = layer;
    this.#sizes = sizes;
    this.#weight = path.at('conv').parameter('weight', [hidden, hidden / groups, kernel], normalInit(0.02));
    this.#bias = path.at('conv').parameter('bias', [hidden], zerosInit);
    this.#norm = new LayerNorm(path.at('LayerNorm'), hidden, layer_norm_eps);
  }

  get path(): string {
    return this.#layer.path;
  }

  get points(): Omit<AttachmentPoints, 'path'> {
    return this.#layer.points;
  }

  forward(x: Tensor, batch: PackedBatch, pass: Pass): Tensor {
    const { act, hidden_dropout_prob } = this.#sizes;
    const y = this.#layer.forward(x, batch, pass); // [rows, hidden]
    const beside = trainingDropout(this.#convolved(x, batch), hidden_dropout_prob, pass.random);
    return this.#norm.forward(add(y, activation(act)(beside)));
  }

  /** [rows, hidden] -> [rows, hidden] */
  #convolved(x: Tensor, batch: PackedBatch): Tensor {
    const { hidden_size: hidden, groups, kernel } = this.#sizes;
    const [rows] = x.shape;
    const width = hidden / groups;
    const near = indexSelect(concat([x, zeros([1, hidden])]), neighbours(batch, kernel)); // [rows * kernel, hidden]
    const windows = reshape(near, [rows, kernel, hidden]);
    const weight = permute(this.#weight.tensor(), [0, 2, 1]); // [hidden, kernel, width]
    const parts = Array.from({ length: groups }, (_, g) => {
      const [first, last] = [g * width, (g + 1) * width];
      const own = reshape(slice(windows, [0, 0, first], [rows, kernel, last]), [rows, kernel * width]);
      return linear(own, reshape(slice(weight, [first, 0, 0], [last, kernel, width]), [width, kernel * width]));
    });
    return add(groups === 1 ? parts[0] : concat(parts, 1), this.#bias.tensor());
  }
}

/** For each row the rows of the tokens around it, by their columns; the number of rows where there is none. */
function neighbours({ columns, offsets, keyCounts }: PackedBatch, kernel: number): Int32Array {
  const none = columns.length;
  const around = Array.from({ length: kernel }, (_, t) => t - (kernel - 1) / 2);
  const rows: number[] = [];
  keyCounts.forEach((count, s) => {
    const start = offsets[s];
    const rowAt = new Map(Array.from(columns.subarray(start, start + count), (column, i) => [column, start + i]));
    for (let row = start; row < offsets[s + 1]; row++) {
      rows.push(...around.map((step) => rowAt.get(columns[row] + step) ?? none));
    }
  });
  return Int32Array.from(rows);
}
