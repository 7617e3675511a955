import type { FloatArray, Shape } from '../backends/backend.ts';
import { mul } from '../ops/arithmetic.ts';
import { tensor } from '../tensor/create.ts';
import { keep } from '../tensor/scope.ts';
import { formatShape, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * A weight with a name, a value that an optimiser replaces, and possibly a mask.
 *
 * With a mask m the forward pass sees m ⊙ w. The gradient with respect to w is then masked by the chain rule, and as the
 * pruned weights are set to 0 when the mask is set, they stay exactly 0 under every update that is 0 where the gradient and the
 * weight are.
 */
export class Parameter {
  readonly name: string;
  readonly shape: Shape;
  /** True if it was initialised here and not read from a checkpoint. */
  readonly isNew: boolean;
  #value: Tensor;
  #mask: Tensor | null = null;

  constructor(name: string, values: ArrayLike<number>, shape: Shape, { isNew = true } = {}) {
    this.name = name;
    this.shape = shape;
    this.isNew = isNew;
    this.#value = keep(tensor(values, shape, { requiresGrad: true }));
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** The raw weight: the leaf that gradients are taken with respect to. */
  get value(): Tensor {
    return this.#value;
  }

  /** 0/1 and of the shape of the weight, or null. */
  get mask(): Tensor | null {
    return this.#mask;
  }

  get trainable(): boolean {
    return this.#value.requiresGrad;
  }

  /** A frozen parameter is a constant: no gradient is computed for it. */
  set trainable(trainable: boolean) {
    if (trainable !== this.trainable) this.#replace(this.#value.view(this.shape, trainable));
  }

  /** What the forward pass sees: m ⊙ w, or w without a mask. */
  tensor(): Tensor {
    return this.#mask ? mul(this.#value, this.#mask) : this.#value;
  }

  /** Replaces the value. @throws Error if the shape differs */
  assign(value: Tensor): void {
    if (value.size !== this.size) {
      throw new Error(`${this.name}: ${formatShape(value.shape)} cannot replace a weight ${formatShape(this.shape)}.`);
    }
    this.#replace(value.view(this.shape, this.trainable));
  }

  /** Takes over stored values, and a mask if there is one. */
  load(values: ArrayLike<number>, mask: ArrayLike<number> | null): void {
    this.#replace(tensor(values, this.shape, { requiresGrad: this.trainable }));
    this.setMask(mask);
  }

  /** Sets the mask (1 keeps, 0 prunes) and the pruned weights to 0; null removes the mask. */
  setMask(mask: ArrayLike<number> | null): void {
    this.#mask?.dispose();
    this.#mask = mask && keep(tensor(mask, this.shape));
    if (this.#mask) this.#replace(mul(this.#value.detach(), this.#mask).view(this.shape, this.trainable));
  }

  /** The number of weights that are not pruned. */
  keptCount(): number {
    return this.#mask ? Array.from(this.#mask.dataSync()).filter((m) => m !== 0).length : this.size;
  }

  /** A copy of the values. */
  data(): Promise<FloatArray> {
    return this.#value.data();
  }

  #replace(value: Tensor): void {
    this.#value.dispose();
    this.#value = keep(value);
  }
}
