import type { Projection, ProjectionPoint } from '../models/index.ts';
import type { Initializer, Parameter, ParameterPath } from '../nn/index.ts';
import { linear } from '../ops/linear.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AdapterParts, BuildContext, ProjectionModule } from './family.ts';
import { inFloats } from './low-rank.ts';
import { targetPoints } from './targets.ts';

/** The tensors of one layer, by PEFT's names. */
export type LayerTensors = Readonly<Record<string, Tensor>>;

/** A linear layer whose weight is changed. */
export interface ChangedLayer {
  /** Its path. */
  readonly name: string;
  readonly out: number;
  readonly inner: number;
}

/** The change of one layer. */
export interface WeightChange {
  /** Shape and starting values of its tensors, by PEFT's names. */
  readonly tensors: Readonly<Record<string, readonly [shape: readonly number[], init: Initializer]>>;
  /** The weight [out, in] that the layer computes with, from the pretrained one. */
  changed(weight: Tensor, tensors: LayerTensors): Tensor;
}

/** A linear layer with another weight: y = V x + b, where V follows from W and trained tensors. */
class ChangedWeight implements ProjectionModule {
  readonly #layer: ProjectionPoint['linear'];
  readonly #change: WeightChange;
  readonly #tensors: ReadonlyMap<string, Parameter>;

  /** @param path the layer in the tree of parameter names; they become PEFT's, `hada_w1_a.<adapter>` */
  constructor(path: ParameterPath, { linear: layer }: ProjectionPoint, adapter: string, change: WeightChange) {
    this.#layer = layer;
    this.#change = change;
    this.#tensors = new Map(
      Object.entries(change.tensors).map(([name, [shape, init]]) => [
        name,
        path.at(name).parameter(adapter, [...shape], init),
      ]),
    );
  }

  forward(_: Tensor, { x }: Projection): Tensor {
    return linear(x, this.#changed(), this.#layer.bias?.tensor());
  }

  #changed(): Tensor {
    const tensors = Object.fromEntries(Array.from(this.#tensors, ([name, parameter]) => [name, parameter.tensor()]));
    return this.#change.changed(inFloats(this.#layer.weight.tensor()), tensors);
  }

  /** The weight of the layer that does the same. */
  merged(): [Parameter, Tensor] {
    return [this.#layer.weight, this.#changed()];
  }
}

/**
 * Builds an adapter that computes with changed weights of linear layers.
 *
 * @param kind of the adapter, for messages
 * @param changeOf the change of a layer
 * @throws InputError for a target that names no linear layer
 */
export function changedWeights(
  kind: string,
  { name, points, at }: BuildContext,
  targetModules: readonly string[],
  changeOf: (layer: ChangedLayer) => WeightChange,
): AdapterParts {
  const modules = new Map(
    targetPoints(kind, points.projection, targetModules).map((point) => {
      const [out, inner] = point.linear.weight.shape;
      const change = changeOf({ name: point.name, out, inner });
      return [point, new ChangedWeight(at(point.name), point, name, change)];
    }),
  );
  return {
    projection: modules,
    chains: {},
    mergedWeights: () => new Map(Array.from(modules.values(), (module) => module.merged())),
  };
}
