import { InputError } from '../errors.ts';
import type { ResidualPoint, Sublayer } from '../models/index.ts';
import {
  type Initializer,
  kaimingUniformInit,
  LayerNorm,
  Linear,
  normalInit,
  onesInit,
  type Parameter,
  type ParameterPath,
  trainingDropout,
  truncatedNormalInit,
  zerosInit,
} from '../nn/index.ts';
import { type ActivationName, activations } from '../ops/activations.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { bottleneck } from '../ops/bottleneck.ts';
import type { Random } from '../random/random.ts';
import { type ConfigOf, oneOf, option, orWord, positiveInteger, positiveNumber } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AdapterParts, BuildContext, ResidualModule } from './family.ts';
import { leaveOut } from './leave-out.ts';

/**
 * Starting values of the down and up projections; biases start at 0. The names are AdapterHub's.
 * - `bert`: N(0, 0.02²)
 * - `houlsby`: N(0, 0.01²) truncated at two standard deviations (Houlsby et al., 2019)
 * - `mam_adapter`: Kaiming-uniform down, zero up, so that the adapter starts as the identity (He et al., 2022)
 */
const inits = {
  bert: { down: normalInit(0.02), up: normalInit(0.02) },
  houlsby: { down: truncatedNormalInit(0.01), up: truncatedNormalInit(0.01) },
  mam_adapter: { down: kaimingUniformInit, up: zerosInit },
} as const satisfies Record<string, { down: Initializer; up: Initializer }>;
export type BottleneckInit = keyof typeof inits;

/** AdapterHub's layout, or that of the SparseAdapter authors' code: input LayerNorm and inner dropout. */
export type BottleneckForm = 'adapterhub' | 'sparse-adapter';

/** Activations that no kernel has, which few adapters have: by themselves they are not loaded. */
const moreNames = [
  ...['gelu_10', 'gelu_accurate', 'gelu_python', 'gelu_python_tanh', 'laplace', 'leaky_relu', 'leakyrelu', 'linear'],
  ...['mish', 'prelu', 'quick_gelu', 'relu2', 'relu6', 'sigmoid'],
] as const;
export type MoreActivation = (typeof moreNames)[number];

type MoreActivations = Readonly<Record<MoreActivation, (x: Tensor, slope: Tensor | null) => Tensor>>;
let moreActivations: MoreActivations | null = null;

/** Makes the activations known that no kernel has; null: none. */
export function registerActivations(known: MoreActivations | null): void {
  moreActivations = known;
}

/** Returns whether an activation is one that no kernel has. */
export const isMoreActivation = (name: string): name is MoreActivation => moreNames.some((one) => one === name);

/** The options that all bottleneck adapters have, with a family's defaults. */
export const bottleneckOptions = (defaults: { activation: ActivationName; init: BottleneckInit; scale: number }) => ({
  bottleneck: option(positiveInteger, { description: 'inner width', placeholder: '<width>', default: 64 }),
  activation: option(oneOf([...(Object.keys(activations) as ActivationName[]), ...moreNames]), {
    description: 'activation inside',
    default: defaults.activation,
  }),
  init: option(oneOf(Object.keys(inits) as BottleneckInit[]), {
    description: 'starting values',
    default: defaults.init,
    whenPruned: 'bert',
  }),
  scale: option(orWord(positiveNumber, ['learned', 'channel'], "a number above 0, 'learned' or 'channel'"), {
    description: 'factor on what the adapter adds; learned is trained, from 1, and channel is one for each channel',
    default: defaults.scale,
  }),
  leaveOut,
});

type CommonConfig = ConfigOf<ReturnType<typeof bottleneckOptions>>;

export type BottleneckConfig = CommonConfig & {
  readonly form: BottleneckForm;
  /** On the activation. */
  readonly dropout: number;
};

/** Names of the parts under each form's convention, relative to the attachment point. */
const names: {
  [Form in BottleneckForm]: (
    point: ResidualPoint,
    adapter: string,
    hasNorm: boolean,
  ) => { base: string; norm: string; down: string; up: string };
} = {
  adapterhub: (_point, adapter, hasNorm) => ({
    base: `adapters.${adapter}`,
    norm: 'adapter_norm_before',
    down: hasNorm ? 'adapter_down.1' : 'adapter_down.0',
    up: 'adapter_up',
  }),
  'sparse-adapter': ({ sublayer }, adapter) => ({
    base: `${sublayer === 'attention' ? 'ef_attn_adapter' : 'ef_ffn_adapter'}.${adapter}`,
    norm: 'adapter_layer_norm_before',
    down: 'down_proj',
    up: 'up_proj',
  }),
};

/** A value at the end of a sublayer that a bottleneck reads or adds to. */
export type BottleneckInput = (h: Tensor, sublayer: Sublayer) => Tensor;

/** What a bottleneck may read: the output h of the sublayer, norm(h + x) with its residual connection, or its input x. */
export const bottleneckInputs = {
  output: (h) => h,
  normalised: (h, { x, norm }) => norm(add(h, x)),
  input: (_h, { x }) => x,
} as const satisfies Record<string, BottleneckInput>;

/** What a bottleneck may add to: the output h of the sublayer, norm(h + x), or h + x. */
export const bottleneckResiduals = {
  output: bottleneckInputs.output,
  normalised: bottleneckInputs.normalised,
  sum: (h, { x }) => add(h, x),
} as const satisfies Record<string, BottleneckInput>;

/** The place of bottlenecks in their sublayer; each family has one of its own. */
export interface BottleneckWiring {
  /** What they read, [rows, hidden]; also the query of AdapterFusion. */
  readonly input: BottleneckInput;
  /** What they add to. Default h. */
  readonly residual?: BottleneckInput;
  /** Whether a trained LayerNorm is on their input. Default: in the form `sparse-adapter`. */
  readonly normBefore?: boolean;
  /** Whether a trained LayerNorm is on what they add, or on the sum. Default none. */
  readonly normAfter?: 'none' | 'contribution' | 'sum';
  /** Whether the result is that of the sublayer, without its residual connection and norm. Default false. */
  readonly endsSublayer?: boolean;
}

const EPSILON = 1e-5;

/** A bottleneck at the end of a sublayer: h -> h + s · up(f(down(input))). */
export class Bottleneck implements ResidualModule {
  readonly down: Linear;
  readonly up: Linear;
  readonly wiring: BottleneckWiring;
  readonly normBefore: LayerNorm | null;
  readonly normAfter: LayerNorm | null;
  readonly config: BottleneckConfig;
  /** [1] or [hidden], if s is trained */
  readonly scaling: Parameter | null;
  /** [1], of the activation, if it has a trained slope */
  readonly slope: Parameter | null;

  /** @param path the attachment point in the tree of parameter names */
  constructor(
    path: ParameterPath,
    point: ResidualPoint,
    adapter: string,
    config: BottleneckConfig,
    wiring: BottleneckWiring,
  ) {
    const { normBefore = config.form === 'sparse-adapter', normAfter = 'none' } = wiring;
    const name = names[config.form](point, adapter, normBefore);
    const base = path.at(name.base);
    const init = inits[config.init];
    this.wiring = wiring;
    this.config = config;
    this.normBefore = normBefore ? new LayerNorm(base.at(name.norm), point.hiddenSize, EPSILON) : null;
    this.down = new Linear(base.at(name.down), point.hiddenSize, config.bottleneck, { weight: init.down });
    this.up = new Linear(base.at(name.up), config.bottleneck, point.hiddenSize, { weight: init.up });
    const { activation, scale } = config;
    const factors = { learned: 1, channel: point.hiddenSize };
    this.scaling = typeof scale === 'number' ? null : base.parameter('scaling', [factors[scale]], onesInit);
    this.slope =
      activation === 'prelu' ? base.at('non_linearity.f').parameter('weight', [1], () => Float32Array.of(0.25)) : null;
    this.normAfter =
      normAfter === 'none' ? null : new LayerNorm(base.at('adapter_norm_after'), point.hiddenSize, EPSILON);
  }

  get endsSublayer(): boolean {
    return this.wiring.endsSublayer ?? false;
  }

  forward(h: Tensor, sublayer: Sublayer): Tensor {
    const { input, residual = bottleneckInputs.output, normAfter } = this.wiring;
    const { random } = sublayer.pass;
    const x = input(h, sublayer); // [rows, hidden]
    const r = residual === input ? x : residual(h, sublayer); // [rows, hidden]
    if (!this.normAfter) return this.contribution(x, random, r);
    if (normAfter === 'sum') return this.normAfter.forward(this.contribution(x, random, r));
    return add(this.normAfter.forward(this.contribution(x, random)), r);
  }

  /** Returns what it adds without a norm after it, s · up(f(down(input))), or the sum of that and a residual, [rows, hidden]. */
  contribution(input: Tensor, random?: Random, residual: Tensor | null = null): Tensor {
    const { activation, dropout: p, scale } = this.config;
    const x = this.normBefore ? this.normBefore.forward(input) : input; // [rows, hidden]
    const factor = this.scaling?.tensor() ?? Number(scale);
    if (isMoreActivation(activation)) {
      const inner = this.#activated(activation, this.down.forward(x)); // [rows, inner]
      const scaled = mul(this.up.forward(trainingDropout(inner, p, random)), factor); // [rows, hidden]
      return residual ? add(residual, scaled) : scaled;
    }
    const [down, up] = [this.down.weight, this.up.weight];
    const [downBias, upBias] = [this.down.bias.tensor(), this.up.bias.tensor()];
    const [d, u] = [down, up].map((weight) => (weight.pattern ? weight.matrix() : weight.value));
    const weights = { down: d, downMask: down.mask, downBias, up: u, upMask: up.mask, upBias };
    const options = { activation, dropout: random && { p, random } };
    if (typeof factor === 'number') return bottleneck(x, weights, { ...options, scale: factor, residual });
    const scaled = mul(bottleneck(x, weights, options), factor);
    return residual ? add(residual, scaled) : scaled;
  }

  /** @throws InputError for an activation that is not loaded */
  #activated(name: MoreActivation, x: Tensor): Tensor {
    if (moreActivations) return moreActivations[name](x, this.slope?.tensor() ?? null);
    throw new InputError(`The activation ${name} is not loaded; import sparse-adapter/interchange, which has it.`);
  }
}

/**
 * An adapter with one bottleneck at each of the points.
 *
 * @param widthAt the inner width at a point. Default: that of the configuration
 */
export function bottlenecksAt(
  points: readonly ResidualPoint[],
  { name, at }: BuildContext,
  config: CommonConfig & Partial<BottleneckConfig>,
  wiring: BottleneckWiring,
  widthAt: (point: ResidualPoint) => number = () => config.bottleneck,
): AdapterParts {
  const full: BottleneckConfig = { form: 'adapterhub', dropout: 0, ...config };
  const modules = points.map(
    (point) => new Bottleneck(at(point.name), point, name, { ...full, bottleneck: widthAt(point) }, wiring),
  );
  return {
    residual: new Map(points.map((point, i) => [point, modules[i]])),
    chains: { bottleneck: modules.map(({ down, up }) => [down.weight, up.weight]) },
  };
}

/** Name and width, for tables. */
export const bottleneckTitle =
  (kind: string) =>
  ({ bottleneck }: { readonly bottleneck: number }): string =>
    `${kind} ${bottleneck}`;
