import { normalInit, type Parameter, type ParameterPath, trainingDropout, zerosInit } from '../nn/index.ts';
import { type ActivationName, activation } from '../ops/activations.ts';
import { linear } from '../ops/linear.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PackedBatch } from './batch.ts';
import type { EncoderConfig } from './config.ts';
import { type ClassificationHead, clsPooling, type HeadSizes, headDropout, SequenceHead } from './heads.ts';

/** A head as AdapterHub's flexible models have them: linear layers as wide as the encoder, and one to the outputs. */
export interface LayeredHead {
  /** The number of linear layers, the last one included. */
  readonly layers: number;
  /** Between the layers. */
  readonly activation: ActivationName | 'none';
  /** Whether the last layer has a bias. */
  readonly bias: boolean;
  /** Whether a head for whole texts reads the first token through the pooler of the encoder. */
  readonly pooler: boolean;
}

/** Linear layers with dropout before each and an activation between them: [rows, hidden] -> [rows, outputs]. */
export class LayerStack {
  readonly #layers: readonly { readonly weight: Parameter; readonly bias: Parameter | null }[];
  readonly #activation: LayeredHead['activation'];
  readonly #p: number;

  /** @param path the place of the layers, which are numbered from 0 */
  constructor(path: ParameterPath, config: HeadSizes, outputs: number, head: LayeredHead) {
    const { hidden_size } = config;
    const last = head.layers - 1;
    this.#layers = Array.from({ length: head.layers }, (_, i) => {
      const [at, width] = [path.initializing().at(String(i)), i === last ? outputs : hidden_size];
      const weight = at.parameter('weight', [width, hidden_size], normalInit(0.02));
      return { weight, bias: i === last && !head.bias ? null : at.parameter('bias', [width], zerosInit) };
    });
    this.#activation = head.activation;
    this.#p = headDropout(config);
  }

  forward(hidden: Tensor, random?: Random): Tensor {
    return this.#layers.reduce((value, { weight, bias }, i) => {
      const x = i > 0 && this.#activation !== 'none' ? activation(this.#activation)(value) : value;
      return linear(trainingDropout(x, this.#p, random), weight.matrix(), bias?.tensor());
    }, hidden);
  }
}

/** A {@link LayeredHead} for whole texts. */
export class LayeredClassificationHead implements ClassificationHead {
  readonly pooling = 'cls';
  readonly #pooler: SequenceHead | null;
  readonly #stack: LayerStack;

  constructor(root: ParameterPath, config: EncoderConfig, outputs: number, head: LayeredHead) {
    const pooler = [{ at: `${config.prefix}.pooler.dense`, activation: 'tanh' }] as const;
    this.#pooler = head.pooler ? new SequenceHead(root, config, pooler, config.hidden_size) : null;
    this.#stack = new LayerStack(root.at('classifier'), config, outputs, head);
  }

  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    const read = this.#pooler ? this.#pooler.forward(hidden, batch) : clsPooling(hidden, batch); // [sequences, hidden]
    return this.#stack.forward(read, random);
  }
}
