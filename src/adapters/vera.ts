import type { Projection, ProjectionPoint } from '../models/index.ts';
import {
  type Initializer,
  type Parameter,
  type ParameterPath,
  trainingDropout,
  uniformInit,
  zerosInit,
} from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { slice } from '../ops/layout.ts';
import { linear } from '../ops/linear.ts';
import { reshape } from '../ops/reduce.ts';
import { names, option, positiveInteger, positiveNumber, probability } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { defineFamily, type ProjectionModule } from './family.ts';
import { leaveOut } from './leave-out.ts';
import { withLowRank } from './low-rank.ts';
import { targetPoints } from './targets.ts';

/** The random matrices of all layers, which are not trained. */
interface Shared {
  /** [rank, largest in] */
  readonly a: Parameter;
  /** [largest out, rank] */
  readonly b: Parameter;
}

/** He et al. (2015): U(-√(6 / in), √(6 / in)) for a matrix [out, in]. */
const heUniformInit: Initializer = (shape, random) => uniformInit(Math.sqrt(6 / shape[1]))(shape, random);

/** A change of one linear layer by shared matrices between trained factors: y -> y + b ⊙ B (d ⊙ A x). */
class SharedLowRank implements ProjectionModule {
  readonly #layer: ProjectionPoint['linear'];
  readonly #shared: Shared;
  /** [rank] */
  readonly #d: Parameter;
  /** [out] */
  readonly #b: Parameter;
  readonly #dropout: number;

  /** @param path the linear layer in the tree of parameter names; the factors become PEFT's `vera_lambda_d.<adapter>` */
  constructor(
    path: ParameterPath,
    { linear: layer }: ProjectionPoint,
    adapter: string,
    shared: Shared,
    { dInitial, dropout }: { readonly dInitial: number; readonly dropout: number },
  ) {
    const filled: Initializer = ([length]) => new Float32Array(length).fill(dInitial);
    this.#layer = layer;
    this.#shared = shared;
    this.#b = path.at('vera_lambda_b').parameter(adapter, [layer.weight.shape[0]], zerosInit);
    this.#d = path.at('vera_lambda_d').parameter(adapter, [shared.a.shape[0]], filled);
    this.#dropout = dropout;
  }

  /** All that it trains. */
  get parameters(): Parameter[] {
    return [this.#b, this.#d];
  }

  /** The first columns of A [rank, in] and the first rows of B [out, rank]. */
  #own(): [Tensor, Tensor] {
    const [out, inner] = this.#layer.weight.shape;
    const [rank] = this.#shared.a.shape;
    return [slice(this.#shared.a.tensor(), [0, 0], [rank, inner]), slice(this.#shared.b.tensor(), [0, 0], [out, rank])];
  }

  forward(y: Tensor, { x, pass }: Projection): Tensor {
    const [a, b] = this.#own();
    const inner = mul(linear(trainingDropout(x, this.#dropout, pass.random), a), this.#d.tensor()); // [rows, rank]
    return add(y, mul(linear(inner, b), this.#b.tensor()));
  }

  /** The weight of the layer that does the same. */
  merged(): [Parameter, Tensor] {
    const [a, b] = this.#own();
    const [ofA, ofB] = [this.#d, this.#b].map((factors) => reshape(factors.tensor(), [-1, 1]));
    return [this.#layer.weight, withLowRank(this.#layer.weight.tensor(), mul(a, ofA), mul(b, ofB), 1)];
  }
}

/**
 * VeRA (Kopiczko et al., 2024): LoRA whose matrices are random, shared by all layers and left as they are; trained are factors of the
 * rows of both. The defaults are those of PEFT's `VeraConfig`. It has no weight matrix to prune.
 */
export const vera = defineFamily({
  kind: 'vera',
  summary: 'factors between random matrices, beside linear layers',
  options: {
    rank: option(positiveInteger, { description: 'rank of the change', default: 256 }),
    dInitial: option(positiveNumber, {
      description: 'starting value of the factors inside',
      flag: 'd-initial',
      default: 0.1,
    }),
    dropout: option(probability, { description: 'dropout on its input', flag: 'adapter-dropout', default: 0 }),
    targetModules: option(names, {
      description: 'linear layers, by the end of their path, as for lora',
      default: ['query', 'value'],
    }),
    leaveOut,
  },
  hasPrunable: false,
  title: ({ rank }) => `vera ${rank}`,
  build: ({ name, points, at }, { rank, targetModules, ...config }) => {
    const layers = targetPoints('vera', points.projection, targetModules);
    const largest = (axis: 0 | 1) => Math.max(...layers.map(({ linear: { weight } }) => weight.shape[axis]));
    const shared = {
      a: at('vera_A').parameter(name, [rank, largest(1)], heUniformInit),
      b: at('vera_B').parameter(name, [largest(0), rank], heUniformInit),
    };
    const modules = new Map(
      layers.map((point) => [point, new SharedLowRank(at(point.name), point, name, shared, config)]),
    );
    const trained = Array.from(modules.values(), ({ parameters }) => parameters).flat();
    return {
      projection: modules,
      chains: {},
      parameters: [...trained, shared.a, shared.b],
      fixed: [shared.a, shared.b],
      mergedWeights: () => new Map(Array.from(modules.values(), (module) => module.merged())),
    };
  },
});
