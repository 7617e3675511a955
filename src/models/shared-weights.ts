import type { TensorSource } from '../io/index.ts';
import type { HeldDType, Parameter, WeightSource } from '../nn/index.ts';
import { storedTensor } from '../tensor/create.ts';
import { keep } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Weights that several models of a process have in common. */
export interface CommonWeights {
  /** How the matrices of linear layers are held. Default: as they are stored */
  readonly backboneDtype?: HeldDType;
  /** A source of the checkpoint's tensors, some of which other models have too. */
  of(folder: string, stored: TensorSource): WeightSource;
}

/**
 * Weights of model folders, read once and shared by all models that are loaded with them. A parameter that is trained gets memory
 * of its own with its first new number, so the shared weights stay as they were read.
 */
export class SharedWeights implements CommonWeights {
  readonly #tensors = new Map<string, Tensor>();
  readonly backboneDtype: HeldDType | undefined;

  /** @param backboneDtype how the matrices among the weights that are {@link add added} are held */
  constructor(backboneDtype?: HeldDType) {
    this.backboneDtype = backboneDtype;
  }

  /** Shares the weights of a model that was loaded from a folder, as they are held. */
  add(folder: string, parameters: readonly Parameter[]): void {
    for (const { name, value } of parameters) this.#tensors.set(`${folder}\n${name}`, keep(value.leafView()));
  }

  /** A source of the checkpoint's tensors that reads each of them only the first time. */
  of(folder: string, stored: TensorSource): WeightSource {
    return {
      has: (name) => stored.has(name),
      take: (name, shape) => {
        // The checkpoint is asked each time, so that shapes are checked and what is not used is known.
        const numbers = stored.take(name, shape);
        const key = `${folder}\n${name}`;
        const known = this.#tensors.get(key);
        // A table with more tokens is that of one adapter.
        if (known) return sameShape(known.shape, shape) ? known : numbers;
        const fresh = keep(storedTensor(numbers, shape));
        this.#tensors.set(key, fresh);
        return fresh;
      },
    };
  }

  /** Forgets all weights; models that have them keep them. */
  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }
}
