import { InputError } from '../errors.ts';
import type { Projection, ProjectionPoint } from '../models/index.ts';
import {
  type Initializer,
  kaimingUniformInit,
  normalInit,
  type Parameter,
  type ParameterPath,
  trainingDropout,
  zerosInit,
} from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { indexSelect } from '../ops/gather.ts';
import { linear } from '../ops/linear.ts';
import { matmul } from '../ops/matmul.ts';
import { boolean, names, oneOf, option, positiveInteger, positiveNumber, probability } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { defineFamily, type ProjectionModule } from './family.ts';
import { leaveOut } from './leave-out.ts';

/**
 * Starting values of A and B.
 * - `lora`: Kaiming-uniform A, zero B, so that the adapter starts as the identity (Hu et al., 2022)
 * - `bert`: N(0, 0.02²) both, as the SparseAdapter authors do to prune at initialisation
 */
const inits = {
  lora: { a: kaimingUniformInit, b: zerosInit },
  bert: { a: normalInit(0.02), b: normalInit(0.02) },
} as const satisfies Record<string, { a: Initializer; b: Initializer }>;

/** A change of low rank of one linear layer: y -> y + s · B A x. */
class LowRank implements ProjectionModule {
  readonly a: Parameter;
  readonly b: Parameter;
  readonly #scale: number;
  readonly #dropout: number;

  /** @param path the linear layer in the tree of parameter names; they become PEFT's, `lora_A.<adapter>.weight` */
  constructor(
    path: ParameterPath,
    { linear: { weight } }: ProjectionPoint,
    adapter: string,
    config: {
      readonly rank: number;
      readonly init: keyof typeof inits;
      readonly scale: number;
      readonly dropout: number;
    },
  ) {
    const [out, inner] = weight.shape;
    const init = inits[config.init];
    this.a = path.at('lora_A').at(adapter).parameter('weight', [config.rank, inner], init.a);
    this.b = path.at('lora_B').at(adapter).parameter('weight', [out, config.rank], init.b);
    this.#scale = config.scale;
    this.#dropout = config.dropout;
  }

  forward(y: Tensor, { x, pass }: Projection): Tensor {
    const inner = linear(trainingDropout(x, this.#dropout, pass.random), this.a.matrix()); // [rows, rank]
    return add(y, mul(linear(inner, this.b.matrix()), this.#scale));
  }

  /** The weight of the layer with what it adds to it: W + s · B A, [out, in]. */
  merged(weight: Tensor): Tensor {
    const difference = mul(matmul(this.b.tensor(), this.a.tensor()), this.#scale);
    // A copy of W, as a sum would have a matrix of halves turned into floats for good.
    const copy = indexSelect(
      weight,
      Int32Array.from({ length: weight.shape[0] }, (_, row) => row),
    );
    return add(copy, difference);
  }
}

/** The names in BART of projections that have another name in BERT. */
const bartNames: Readonly<Record<string, string>> = { query: 'q_proj', key: 'k_proj', value: 'v_proj' };

/** The linear layers whose path ends in one of the names, as PEFT matches them. @throws InputError for a name that matches none */
function targets(points: readonly ProjectionPoint[], modules: readonly string[]): ProjectionPoint[] {
  const matches = (module: string) => (point: ProjectionPoint) =>
    [module, bartNames[module] ?? module].some((name) => `.${point.name}`.endsWith(`.${name}`));
  const unknown = modules.find((module) => !points.some(matches(module)));
  if (unknown !== undefined) {
    const there = new Set(points.map(({ name }) => name.replace(/^.*\.\d+\./, '')));
    throw new InputError(`lora: no linear layer is called '${unknown}'; there are: ${[...there].join(', ')}.`);
  }
  return points.filter((point) => modules.some((module) => matches(module)(point)));
}

/**
 * LoRA (Hu et al., 2022): W x + b + s · B A x at linear layers of the model, A [rank, in], B [out, rank], with s = alpha / rank,
 * or alpha / √rank (rsLoRA, Kalajdzievski, 2023). The defaults are those of PEFT's `LoraConfig` for BERT.
 */
export const lora = defineFamily({
  kind: 'lora',
  summary: 'low-rank changes of linear layers',
  options: {
    rank: option(positiveInteger, { description: 'rank of the change', default: 8 }),
    alpha: option(positiveNumber, { description: 'numerator of its scale, alpha / rank', default: 8 }),
    rslora: option(boolean, { description: 'scale by alpha / sqrt(rank)', default: false }),
    dropout: option(probability, { description: 'dropout on its input', flag: 'adapter-dropout', default: 0 }),
    targetModules: option(names, {
      description:
        'linear layers, by the end of their path: query, key, value (in BART also q_proj, k_proj, v_proj), attention.output.dense, ...',
      default: ['query', 'value'],
    }),
    init: option(oneOf(['lora', 'bert']), { description: 'starting values', default: 'lora', whenPruned: 'bert' }),
    leaveOut,
  },
  title: ({ rank }) => `lora ${rank}`,
  build: ({ name, points, at }, { targetModules, ...config }) => {
    const scale = config.alpha / (config.rslora ? Math.sqrt(config.rank) : config.rank);
    const layers = targets(points.projection, targetModules);
    const modules = new Map(
      layers.map((point) => [point, new LowRank(at(point.name), point, name, { ...config, scale })]),
    );
    return {
      projection: modules,
      chains: { lora: Array.from(modules.values(), ({ a, b }) => [a, b]) },
      mergedWeights: () =>
        new Map(Array.from(modules, ([{ linear }, module]) => [linear.weight, module.merged(linear.weight.tensor())])),
    };
  },
});
