import type { Buffer, FloatArray, Shape } from '../backends/backend.ts';
import type { StoredNumbers } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { mul } from '../ops/arithmetic.ts';
import { where } from '../ops/compare.ts';
// Who has parameters has tensors, with all their methods.
import '../ops/methods.ts';
import { scalarLike } from '../ops/scalar.ts';
import { storedTensor, tensor } from '../tensor/create.ts';
import { keep, tidy } from '../tensor/scope.ts';
import { formatShape, sameShape, sizeOf } from '../tensor/shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type HeldDType, heldTensor } from './held.ts';

type Values = ArrayLike<number> | StoredNumbers | Tensor;

/** Value and mask of a parameter at one time, for {@link Parameter.restore}. It shares their memory until they change. */
export class Snapshot {
  readonly value: Tensor;
  readonly mask: Tensor | null;
  /** The number of weights that are not pruned. */
  readonly kept: number;

  constructor(value: Tensor, mask: Tensor | null, kept: number) {
    this.value = keep(value.detach());
    this.mask = mask && keep(mask.detach());
    this.kept = kept;
  }

  dispose(): void {
    this.value.dispose();
    this.mask?.dispose();
  }
}

/** A leaf with these numbers; of a tensor it shares the memory. */
function leaf(values: Values, shape: Shape): Tensor {
  if (values instanceof Tensor) return values.leafView(shape, true);
  const options = { requiresGrad: true };
  return 'readInto' in values ? storedTensor(values, shape, options) : tensor(values, shape, options);
}

/**
 * A weight with a name, a value that an optimiser replaces, and possibly a mask.
 *
 * With a mask m the forward pass sees m ⊙ w, so the gradient with respect to w is masked by the chain rule. Every new value is
 * set to 0 where m is 0: a pruned weight is exactly 0, whatever an optimiser or a file makes of it.
 */
export class Parameter {
  readonly name: string;
  readonly shape: Shape;
  /** True if it was initialised here and not read from a checkpoint. */
  readonly isNew: boolean;
  #current: Tensor | null = null;
  /** Gives the first values; null once they are there, so that their source can go. */
  #first: (() => Values) | null;
  #mask: Tensor | null = null;
  #kept: number;

  /** @param values the first ones; a function is called when they are needed first, see {@link materialize} */
  constructor(name: string, values: Values | (() => Values), shape: Shape, { isNew = true } = {}) {
    this.name = name;
    this.shape = shape;
    this.#kept = sizeOf(shape);
    this.isNew = isNew;
    this.#first = typeof values === 'function' ? values : () => values;
    if (typeof values !== 'function') this.materialize();
  }

  /** Allocates its value now, if it has none yet. */
  materialize(): void {
    if (!this.#first) return;
    this.#current = keep(leaf(this.#first(), this.shape));
    this.#first = null;
  }

  get #value(): Tensor {
    this.materialize();
    return this.#current as Tensor;
  }

  set #value(value: Tensor) {
    this.#current = value;
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
    if (trainable !== this.trainable) this.#replace(this.#value, trainable);
  }

  /** How its numbers are held; see {@link hold}. */
  get isInt8(): boolean {
    return this.#value.isInt8;
  }

  /**
   * Holds a frozen matrix in fewer bits from now on, rounded: as float16, or in 8 bits, where `linear` is faster too. A matrix in 8 bits
   * can only be multiplied with activations, by `linear` and its first derivative; nothing reads or changes it any more.
   *
   * @throws InputError for a weight that is trained or has a mask, and on a backend that holds float32 alone
   */
  hold(dtype: HeldDType): void {
    if (dtype === 'float32' || this.isInt8) return;
    if (this.trainable || this.#mask) {
      throw new InputError(
        `${this.name} is trained or pruned, and stays in float32; only a frozen weight is held in ${dtype}.`,
      );
    }
    const held = keep(heldTensor(this.#value, dtype));
    this.#value.dispose();
    this.#value = held;
  }

  /** Returns the weight as the forward pass sees it: m ⊙ w, or w without a mask. */
  tensor(): Tensor {
    return this.#mask ? mul(this.#value, this.#mask) : this.#value;
  }

  /** Replaces the value; pruned weights stay 0. @throws Error if the shape differs */
  assign(value: Tensor): void {
    this.#assertFits(value);
    this.#replace(value);
  }

  #assertFits({ shape }: Tensor): void {
    if (sameShape(shape, this.shape)) return;
    throw new Error(`${this.name}: ${formatShape(shape)} cannot replace a weight ${formatShape(this.shape)}.`);
  }

  /**
   * The memory of the value, for an optimiser to write new numbers to before anyone reads it; pruned weights must stay 0.
   *
   * As with {@link assign}, the tensor that was the value is freed: a graph recorded with it cannot be differentiated any more,
   * and views of it elsewhere keep their numbers.
   */
  overwrite(): Buffer {
    this.#value = keep(this.#value.renew());
    return this.#value.operand.buffer;
  }

  /** Returns value and mask as they are now. Nothing is read or copied; dispose of it. */
  snapshot(): Snapshot {
    return new Snapshot(this.#value, this.#mask, this.#kept);
  }

  /** Sets value and mask to those of a snapshot, of this or another parameter. @throws Error if its shape differs */
  restore({ value, mask, kept }: Snapshot): void {
    this.#assertFits(value);
    this.#setMask(null, this.size);
    this.#replace(value);
    if (mask) this.#setMask(keep(mask.detach()), kept);
  }

  /** Sets stored values and their mask, or none. @throws Error if one of them does not fit the shape */
  load(values: ArrayLike<number>, mask: ArrayLike<number> | null): void {
    tidy(() => {
      const value = tensor(values, this.shape);
      this.setMask(mask);
      this.#replace(value);
    });
  }

  /**
   * Sets the mask (1 keeps, 0 prunes) and the pruned weights to 0; null removes the mask.
   *
   * @throws Error if the mask does not fit the shape
   */
  setMask(mask: ArrayLike<number> | null): void {
    if (mask) this.#assertFloats(this.#value);
    const next = mask && keep(tensor(mask, this.shape));
    let kept = this.size;
    for (let i = 0; mask && i < mask.length; i++) if (mask[i] === 0) kept--;
    this.#setMask(next, kept);
  }

  #assertFloats(value: Tensor): void {
    if (!value.isInt8) return;
    throw new InputError(
      `${this.name} is held in 8 bits and cannot be read, trained, pruned or merged; hold the backbone in float32.`,
    );
  }

  #setMask(mask: Tensor | null, kept: number): void {
    this.#mask?.dispose();
    this.#mask = mask;
    this.#kept = kept;
    this.#replace(this.#value);
  }

  /** The number of weights that are not pruned. */
  keptCount(): number {
    return this.#kept;
  }

  /** Frees the value and the mask, for a model that is not used any more. Memory that others share stays theirs. */
  dispose(): void {
    this.#current?.dispose();
    this.#mask?.dispose();
  }

  /** A copy of the values. */
  async data(): Promise<FloatArray> {
    this.#assertFloats(this.#value);
    return this.#value.data();
  }

  #replace(value: Tensor, trainable = this.trainable): void {
    if (trainable) this.#assertFloats(value);
    const next = tidy(() => {
      const numbers = value.detach();
      const kept = this.#mask ? where(this.#mask, numbers, scalarLike(numbers, 0)) : numbers;
      return keep(kept.leafView(this.shape, trainable));
    });
    this.#value.dispose();
    this.#value = next;
  }
}
