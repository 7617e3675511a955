import type { ResidualPoint } from '../models/index.ts';
import {
  dropout,
  type Initializer,
  kaimingUniformInit,
  LayerNorm,
  Linear,
  normalInit,
  type ParameterPath,
  truncatedNormalInit,
  zerosInit,
} from '../nn/index.ts';
import { type ActivationName, activation } from '../ops/activations.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Starting values of the down and up projections; biases start at 0.
 * - `bert`: N(0, 0.02²), the default of AdapterHub
 * - `houlsby`: N(0, 0.01²) truncated at two standard deviations (Houlsby et al., 2019)
 * - `lora`: Kaiming-uniform down, zero up, so that the adapter starts as the identity (`mam_adapter` of AdapterHub)
 */
export type BottleneckInit = 'bert' | 'houlsby' | 'lora';

/** AdapterHub's layout, or that of the SparseAdapter authors' code: input LayerNorm and inner dropout. */
export type BottleneckForm = 'adapterhub' | 'sparse-adapter';

export interface BottleneckConfig {
  /** The inner width r. */
  readonly bottleneck: number;
  readonly activation: ActivationName;
  readonly init: BottleneckInit;
  readonly form: BottleneckForm;
  /** Dropout on the activation, form `sparse-adapter` only. */
  readonly dropout: number;
}

const inits: { [Init in BottleneckInit]: { down: Initializer; up: Initializer } } = {
  bert: { down: normalInit(0.02), up: normalInit(0.02) },
  houlsby: { down: truncatedNormalInit(0.01), up: truncatedNormalInit(0.01) },
  lora: { down: kaimingUniformInit, up: zerosInit },
};

/** Names of the parts under each form's convention, relative to the attachment point. */
const names: {
  [Form in BottleneckForm]: (point: ResidualPoint, adapter: string) => { base: string; down: string; up: string };
} = {
  adapterhub: (_point, adapter) => ({ base: `adapters.${adapter}`, down: 'adapter_down.0', up: 'adapter_up' }),
  'sparse-adapter': ({ sublayer }) => ({
    base: sublayer === 'attention' ? 'ef_attn_adapter' : 'ef_ffn_adapter',
    down: 'down_proj',
    up: 'up_proj',
  }),
};

/** One bottleneck module: x -> up(f(down(x))), without its residual connection. */
export class Bottleneck {
  readonly down: Linear;
  readonly up: Linear;
  readonly #config: BottleneckConfig;
  readonly #norm: LayerNorm | null;

  /** @param root the root of the model's parameter names */
  constructor(root: ParameterPath, point: ResidualPoint, adapter: string, config: BottleneckConfig) {
    const name = names[config.form](point, adapter);
    const path = root.withoutSource().at(point.name).at(name.base);
    const init = inits[config.init];
    this.#config = config;
    this.#norm =
      config.form === 'sparse-adapter'
        ? new LayerNorm(path.at('adapter_layer_norm_before'), point.hiddenSize, 1e-5)
        : null;
    this.down = new Linear(path.at(name.down), point.hiddenSize, config.bottleneck, { weight: init.down });
    this.up = new Linear(path.at(name.up), config.bottleneck, point.hiddenSize, { weight: init.up });
  }

  forward(x: Tensor, random?: Random): Tensor {
    const input = this.#norm ? this.#norm.forward(x) : x; // [rows, hidden]
    const inner = activation(this.#config.activation)(this.down.forward(input)); // [rows, bottleneck]
    return this.up.forward(dropout(inner, this.#config.dropout, random)); // [rows, hidden]
  }
}
