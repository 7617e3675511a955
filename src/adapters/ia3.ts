import type { Projection, ProjectionPoint } from '../models/index.ts';
import { onesInit, type Parameter, type ParameterPath } from '../nn/index.ts';
import { mul } from '../ops/arithmetic.ts';
import { linear } from '../ops/linear.ts';
import { reshape } from '../ops/reduce.ts';
import { names, option } from '../settings/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { defineFamily, type ProjectionModule } from './family.ts';
import { isTarget, targetPoints } from './targets.ts';

/** Factors of one linear layer: of its outputs, y -> l ⊙ y, or of its inputs, W (l ⊙ x) + b. */
class Factors implements ProjectionModule {
  readonly #layer: ProjectionPoint['linear'];
  readonly #ofInputs: boolean;
  /** [out, 1], or of inputs [1, in], as PEFT has them */
  readonly #factors: Parameter;

  /** @param path the linear layer in the tree of parameter names; the factors become PEFT's `ia3_l.<adapter>` */
  constructor(path: ParameterPath, { linear: layer }: ProjectionPoint, adapter: string, ofInputs: boolean) {
    const [out, inner] = layer.weight.shape;
    this.#layer = layer;
    this.#ofInputs = ofInputs;
    this.#factors = path.at('ia3_l').parameter(adapter, ofInputs ? [1, inner] : [out, 1], onesInit);
  }

  forward(y: Tensor, { x }: Projection): Tensor {
    const row = reshape(this.#factors.tensor(), [1, -1]);
    if (!this.#ofInputs) return mul(y, row);
    return linear(mul(x, row), this.#layer.weight.matrix(), this.#layer.bias?.tensor());
  }

  /** The weights of the layer that do the same. */
  merged(): [Parameter, Tensor][] {
    const { weight, bias } = this.#layer;
    const scaled: [Parameter, Tensor] = [weight, mul(weight.tensor(), this.#factors.tensor())];
    if (this.#ofInputs || !bias) return [scaled];
    return [scaled, [bias, mul(bias.tensor(), reshape(this.#factors.tensor(), [-1]))]];
  }
}

/**
 * (IA)³ (Liu et al., 2022): one factor for each output of a linear layer, or for each input of one inside feed-forward. The defaults are
 * those of PEFT's `IA3Config` for BERT. It has no weight matrix to prune.
 */
export const ia3 = defineFamily({
  kind: 'ia3',
  summary: 'factors of the outputs or inputs of linear layers',
  options: {
    targetModules: option(names, {
      description: 'linear layers, by the end of their path, as for lora',
      default: ['key', 'value', 'output.dense'],
    }),
    feedforwardModules: option(names, {
      description: 'those of them whose inputs are multiplied instead of their outputs; none: of none',
      default: ['output.dense'],
    }),
  },
  hasPrunable: false,
  title: () => 'ia3',
  build: ({ name, points, at }, { targetModules, feedforwardModules }) => {
    const layers = targetPoints('ia3', points.projection, targetModules);
    const modules = new Map(
      layers.map((point) => [point, new Factors(at(point.name), point, name, isTarget(point, feedforwardModules))]),
    );
    return {
      projection: modules,
      chains: {},
      mergedWeights: () => new Map(Array.from(modules.values(), (module) => module.merged()).flat()),
    };
  },
});
