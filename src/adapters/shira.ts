import type { Projection, ProjectionPoint } from '../models/index.ts';
import type { Parameter, ParameterPath } from '../nn/index.ts';
import { add } from '../ops/arithmetic.ts';
import { linear } from '../ops/linear.ts';
import { names, option, positiveInteger } from '../settings/index.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { defineFamily, type ProjectionModule } from './family.ts';
import { leaveOut } from './leave-out.ts';
import { inFloats } from './low-rank.ts';
import { targetPoints } from './targets.ts';

/** Changes of single weights of one linear layer: y -> y + Δ x, with a mask of the places where Δ is not 0. */
class SparseChange implements ProjectionModule {
  readonly #layer: ProjectionPoint['linear'];
  /** [out, in] */
  readonly change: Parameter;

  /**
   * @param path the linear layer in the tree of parameter names; the change becomes `shira_weight.<adapter>`
   * @param rank so many times in + out weights are changed, as many as LoRA of this rank has, at random places
   */
  constructor(path: ParameterPath, { linear: layer }: ProjectionPoint, adapter: string, rank: number) {
    const { shape } = layer.weight;
    const mask = new Uint8Array(sizeOf(shape));
    this.#layer = layer;
    this.change = path.at('shira_weight').parameter(adapter, shape, (_, random) => {
      for (const place of random.permutation(mask.length).subarray(0, rank * (shape[0] + shape[1]))) mask[place] = 1;
      return new Float32Array(mask.length);
    });
    this.change.materialize();
    this.change.setMask(mask);
    this.change.fixMask();
  }

  forward(y: Tensor, { x }: Projection): Tensor {
    return add(y, linear(x, this.change.matrix()));
  }

  /** The weight of the layer, which pruning scores with the change. */
  get weight(): Parameter {
    return this.#layer.weight;
  }

  /** The weight of the layer that does the same. */
  merged(): [Parameter, Tensor] {
    return [this.weight, add(inFloats(this.weight.tensor()), this.change.tensor())];
  }
}

/**
 * SHiRA (Bhardwaj et al., 2024): few weights of linear layers are trained as they are, at random places unless pruning chooses them: it
 * then scores the weights of the backbone, and those that it keeps are trained. The defaults are those of PEFT's `ShiraConfig`.
 */
export const shira = defineFamily({
  kind: 'shira',
  summary: 'single weights of linear layers',
  hasWidth: false,
  options: {
    rank: option(positiveInteger, {
      description: 'as many weights as lora of this rank has, unless pruning chooses them',
      default: 32,
    }),
    targetModules: option(names, {
      description: 'linear layers, by the end of their path, as for lora',
      default: ['query', 'value'],
    }),
    leaveOut,
  },
  isPrunedByDefault: false,
  title: ({ rank }) => `shira ${rank}`,
  build: ({ name, points, at }, { rank, targetModules }) => {
    const layers = targetPoints('shira', points.projection, targetModules);
    const modules = new Map(layers.map((point) => [point, new SparseChange(at(point.name), point, name, rank)]));
    const all = [...modules.values()];
    return {
      projection: modules,
      chains: { shira: all.map(({ change }) => [change]) },
      base: new Map(all.map(({ change, weight }) => [change, weight])),
      mergedWeights: () => new Map(all.map((module) => module.merged())),
    };
  },
});
