import { type Parameter, Snapshot } from '../nn/index.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Other values for some parameters, which can change places with those they have: a second swap restores the first ones, bit for
 * bit. A value that is not in place costs its memory only if it differs from the one that is.
 */
export class WeightSwap {
  readonly #others: Map<Parameter, Snapshot>;

  /** @param values unmasked */
  constructor(values: ReadonlyMap<Parameter, Tensor>) {
    this.#others = new Map(
      Array.from(values, ([parameter, value]) => [parameter, new Snapshot(value, null, parameter.size)]),
    );
  }

  swap(): void {
    for (const [parameter, other] of this.#others) {
      this.#others.set(parameter, parameter.snapshot());
      parameter.restore(other);
      other.dispose();
    }
  }

  /** Frees the values that are not in place. */
  dispose(): void {
    for (const other of this.#others.values()) other.dispose();
    this.#others.clear();
  }
}
