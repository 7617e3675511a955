import type { FloatArray } from '../backends/backend.ts';
import type { Parameter } from '../nn/index.ts';
import { keep } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';

interface Stored {
  readonly value: Tensor;
  readonly mask: FloatArray | null;
}

/** The value and the mask of a parameter as they are stored, without a copy of the value. */
const stored = (value: Tensor, mask: FloatArray | null = null): Stored => ({ value: keep(value.detach()), mask });

/**
 * Other values for some parameters, which can change places with those they have: a second swap restores the first ones, bit
 * for bit. A value that is not in place costs its memory only if it differs from the one that is.
 */
export class WeightSwap {
  readonly #others: Map<Parameter, Stored>;

  /** @param values unmasked */
  constructor(values: ReadonlyMap<Parameter, Tensor>) {
    this.#others = new Map(Array.from(values, ([parameter, value]) => [parameter, stored(value)]));
  }

  swap(): void {
    for (const [parameter, other] of this.#others) {
      this.#others.set(parameter, stored(parameter.value, parameter.mask?.dataSync()));
      parameter.setMask(null);
      parameter.assign(other.value);
      other.value.dispose();
      if (other.mask) parameter.setMask(other.mask);
    }
  }

  /** Forgets the values that are not in place. */
  dispose(): void {
    for (const { value } of this.#others.values()) value.dispose();
    this.#others.clear();
  }
}
