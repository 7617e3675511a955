import type { Buffer, FloatArray, Shape } from '../backends/backend.ts';
import { getBackend } from '../backends/index.ts';
import type { StoredNumbers } from '../backends/stored.ts';
import { InputError } from '../errors.ts';
import { mul } from '../ops/arithmetic.ts';
import { where } from '../ops/compare.ts';
// Who has parameters has tensors, with all their methods.
import '../ops/methods.ts';
import { scalarLike } from '../ops/scalar.ts';
import { keptValues, toDense } from '../ops/sparse.ts';
import { storedTensor, tensor } from '../tensor/create.ts';
import { keep, tidy } from '../tensor/scope.ts';
import { formatShape, sameShape, sizeOf } from '../tensor/shape.ts';
import { type SparseMatrix, SparsePattern } from '../tensor/sparse.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type HeldDType, heldTensor } from './held.ts';

type Values = ArrayLike<number> | StoredNumbers | Tensor;

/** What a parameter holds at one time, for {@link Parameter.restore}. It shares the memory until that changes. */
export class Snapshot {
  /** Of the shape of the weight, or [kept] with a pattern. */
  readonly value: Tensor;
  readonly mask: Tensor | null;
  readonly pattern: SparsePattern | null;
  /** The number of weights that are not pruned. */
  readonly kept: number;

  constructor(value: Tensor, mask: Tensor | null, kept: number, pattern: SparsePattern | null = null) {
    this.value = keep(value.detach());
    this.mask = mask && keep(mask.detach());
    this.pattern = pattern?.share() ?? null;
    this.kept = kept;
  }

  /** The shape of the weight. */
  get shape(): Shape {
    return (this.pattern ?? this.value).shape;
  }

  dispose(): void {
    this.value.dispose();
    this.mask?.dispose();
    this.pattern?.dispose();
  }
}

function keptIn(mask: ArrayLike<number>): number {
  let kept = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) kept++;
  return kept;
}

/** The values at the places where a mask is not 0, with zeros elsewhere. */
function spread(values: ArrayLike<number>, mask: ArrayLike<number>): FloatArray {
  const whole = values instanceof Float32Array ? new Float32Array(mask.length) : new Float64Array(mask.length);
  let next = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) whole[i] = values[next++];
  return whole;
}

/** A leaf with these numbers; of a tensor it shares the memory. */
function leaf(values: Values, shape: Shape, requiresGrad: boolean): Tensor {
  if (values instanceof Tensor) return values.leafView(shape, requiresGrad);
  const options = { requiresGrad };
  return 'readInto' in values ? storedTensor(values, shape, options) : tensor(values, shape, options);
}

/**
 * A weight with a name, a value that an optimiser replaces, and possibly a mask.
 *
 * With a mask m the forward pass sees m ⊙ w, so the gradient with respect to w is masked by the chain rule, and every new value is set
 * to 0 where m is 0. Once the mask is final ({@link fixMask}) a matrix holds its kept weights and their places alone: a pruned weight
 * is 0, whatever an optimiser or a file makes of it, as there is none.
 */
export class Parameter {
  readonly name: string;
  /** The shape of the weight, with the pruned ones. */
  readonly shape: Shape;
  /** True if it was initialised here and not read from a checkpoint. */
  readonly isNew: boolean;
  #current: Tensor | null = null;
  /** The tensor of another parameter, which is not freed here, see {@link borrow}. */
  #borrowed: Tensor | undefined;
  /** Gives the first values; null once they are there, so that their source can go. */
  #first: (() => Values) | null;
  readonly #isFirstTrainable: boolean;
  #mask: Tensor | null = null;
  #pattern: SparsePattern | null = null;
  #kept: number;

  /** @param values the first ones; a function is called when they are needed first, see {@link materialize} */
  constructor(name: string, values: Values | (() => Values), shape: Shape, { isNew = true, trainable = true } = {}) {
    this.name = name;
    this.shape = shape;
    this.#kept = sizeOf(shape);
    this.isNew = isNew;
    this.#isFirstTrainable = trainable;
    this.#first = typeof values === 'function' ? values : () => values;
    if (typeof values !== 'function') this.materialize();
  }

  /** Allocates its value now, if it has none yet. */
  materialize(): void {
    if (!this.#first) return;
    this.#current = keep(leaf(this.#first(), this.shape, this.#isFirstTrainable));
    this.#first = null;
  }

  get #value(): Tensor {
    this.materialize();
    return this.#current as Tensor;
  }

  set #value(value: Tensor) {
    this.#current = value;
  }

  /** The number of weights, the pruned ones among them. */
  get size(): number {
    return sizeOf(this.shape);
  }

  /** The leaf that gradients are taken with respect to: the raw weight or, with a {@link pattern}, the kept weights row by row, [kept]. */
  get value(): Tensor {
    return this.#value;
  }

  /** 0/1 and of the shape of the weight, while it may change; null without one, and with a {@link pattern}. */
  get mask(): Tensor | null {
    return this.#mask;
  }

  /** The places of the kept weights of a matrix whose mask is final; else null. */
  get pattern(): SparsePattern | null {
    return this.#pattern;
  }

  /** Whether it has a mask, final or not. */
  get isPruned(): boolean {
    return this.#mask !== null || this.#pattern !== null;
  }

  get trainable(): boolean {
    // First values are not computed to know that.
    return this.#first ? this.#isFirstTrainable : this.#value.requiresGrad;
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
    if (this.trainable || this.isPruned) {
      throw new InputError(
        `${this.name} is trained or pruned, and stays in float32; only a frozen weight is held in ${dtype}.`,
      );
    }
    const held = keep(heldTensor(this.#value, dtype));
    this.dispose();
    this.#value = held;
  }

  /**
   * Has the very tensor of another parameter from now on, in place of a view of its own: many models of one backbone take much less memory
   * so. This one is frozen and has the same numbers, and the other one is not disposed of before it.
   */
  borrow(owner: Parameter): void {
    this.dispose();
    this.#value = this.#borrowed = owner.value;
  }

  /**
   * Returns the weight as the forward pass sees it, of its shape: with zeros where it is pruned.
   *
   * @throws InputError for one that is held in 8 bits, of which there are only products, see {@link matrix}
   */
  tensor(): Tensor {
    this.#assertFloats(this.#value);
    if (this.#pattern) return toDense({ pattern: this.#pattern, values: this.#value });
    return this.#mask ? mul(this.#value, this.#mask) : this.#value;
  }

  /** The same for products, which do without the zeros of a matrix whose mask is final. */
  matrix(): Tensor | SparseMatrix {
    if (this.isInt8) return this.#value;
    return this.#pattern ? { pattern: this.#pattern, values: this.#value } : this.tensor();
  }

  /**
   * Makes the mask final: only the kept weights and their places are held from now on, and gradients are theirs alone. A mask stays as it
   * is of what is no matrix, and on a backend without sparse products: in a page that has not awaited `loadSparse`, too. Nothing happens without a mask.
   */
  fixMask(): void {
    const mask = this.#mask;
    const { backend } = this.#value;
    if (!mask || !SparsePattern.fits(this.shape) || !backend.sparse || !backend.readSync) return;
    const places = backend.readSync(mask.operand.buffer);
    tidy(() => {
      const pattern = SparsePattern.of(places, this.shape, backend);
      this.#become(keptValues(this.#value.detach(), pattern), null, pattern, this.#kept);
    });
  }

  /** Makes a final mask one that may change, as scores of another pruning need it: all weights are held again, the pruned ones as 0. */
  openMask(): void {
    const pattern = this.#pattern;
    if (pattern) tidy(() => this.#become(this.#dense(), tensor(pattern.mask(), this.shape), null, this.#kept));
  }

  /** All weights as a constant. */
  #dense(): Tensor {
    const values = this.#value.detach();
    return this.#pattern ? toDense({ pattern: this.#pattern, values }) : values;
  }

  /**
   * Replaces the value; pruned weights stay 0.
   *
   * @param value of the shape of the weight, or of {@link value}
   * @throws Error if the shape differs
   */
  assign(value: Tensor): void {
    if (!this.#pattern || !sameShape(value.shape, this.#value.shape)) this.#assertFits(value);
    this.#replace(value);
  }

  #assertFits({ shape }: { readonly shape: Shape }): void {
    if (sameShape(shape, this.shape)) return;
    throw new Error(`${this.name}: ${formatShape(shape)} cannot replace a weight ${formatShape(this.shape)}.`);
  }

  /**
   * The memory of the value, for an optimiser to write new numbers to before anyone reads it; weights with a mask of 0 must stay 0.
   *
   * As with {@link assign}, the tensor that was the value is freed: a graph recorded with it cannot be differentiated any more,
   * and views of it elsewhere keep their numbers.
   */
  overwrite(): Buffer {
    this.#value = keep(this.#value.renew());
    return this.#value.operand.buffer;
  }

  /** Returns what it holds now. Nothing is read or copied; dispose of it. */
  snapshot(): Snapshot {
    return new Snapshot(this.#value, this.#mask, this.#kept, this.#pattern);
  }

  /** Holds what a snapshot does, of this or another parameter. @throws Error if its shape differs */
  restore(snapshot: Snapshot): void {
    this.#assertFits(snapshot);
    const { value, mask, pattern, kept } = snapshot;
    this.#become(value, mask, pattern, kept);
  }

  /** Sets stored values and their mask, or none; the mask may change. @throws Error if one of them does not fit the shape */
  load(values: ArrayLike<number>, mask: ArrayLike<number> | null): void {
    tidy(() => this.#become(tensor(values, this.shape), ...this.#masked(mask)));
  }

  /**
   * Sets the stored values of the kept weights, row by row, and a final mask.
   *
   * @throws Error if the mask does not fit the shape, or the number of values the mask
   */
  loadKept(values: ArrayLike<number>, mask: ArrayLike<number>): void {
    const kept = keptIn(mask);
    if (values.length !== kept) throw new Error(`${this.name}: ${values.length} values for ${kept} kept weights.`);
    const { sparse } = this.#first ? getBackend() : this.#value.backend;
    if (SparsePattern.fits(this.shape) && sparse) {
      tidy(() => {
        const kept = tensor(values, [values.length]);
        this.#become(kept, null, SparsePattern.of(mask, this.shape, kept.backend), values.length);
      });
    } else {
      this.load(spread(values, mask), mask);
    }
  }

  /**
   * Sets the mask (1 keeps, 0 prunes) and the pruned weights to 0; null removes the mask. It may change until {@link fixMask}.
   *
   * @throws Error if the mask does not fit the shape
   */
  setMask(mask: ArrayLike<number> | null): void {
    tidy(() => {
      const [next, ...rest] = this.#masked(mask);
      this.#become(this.#dense(), next, ...rest);
    });
  }

  /** A mask that may change, as {@link #become} takes it. */
  #masked(mask: ArrayLike<number> | null): [mask: Tensor | null, pattern: null, kept: number] {
    if (!mask) return [null, null, this.size];
    this.#assertFloats(this.#value);
    return [tensor(mask, this.shape), null, keptIn(mask)];
  }

  #assertFloats(value: Tensor): void {
    if (!value.isInt8) return;
    throw new InputError(
      `${this.name} is held in 8 bits and cannot be read, trained, pruned or merged; hold the backbone in float32.`,
    );
  }

  /** The number of weights that are not pruned. */
  keptCount(): number {
    return this.#kept;
  }

  /** Returns, for each weight in row-major order, 1 if it is kept, else 0; null without a mask. */
  async keptPlaces(): Promise<ArrayLike<number> | null> {
    return this.#pattern?.mask() ?? this.#mask?.data() ?? null;
  }

  /** Frees what it holds, for a model that is not used any more. Memory that others share stays theirs. */
  dispose(): void {
    if (this.#current !== this.#borrowed) this.#current?.dispose();
    this.#mask?.dispose();
    this.#pattern?.dispose();
  }

  /** A copy of all weights, the pruned ones as 0. */
  async data(): Promise<FloatArray> {
    this.#assertFloats(this.#value);
    return this.spread(await this.#value.data());
  }

  /** Returns numbers of the shape of the value, such as those of a gradient, at the places of their weights, 0 for the pruned ones. */
  spread(numbers: FloatArray): FloatArray {
    return this.#pattern ? spread(numbers, this.#pattern.mask()) : numbers;
  }

  #replace(value: Tensor, trainable = this.trainable): void {
    const isWhole = this.#pattern && sameShape(value.shape, this.shape);
    tidy(() => {
      const own = isWhole && this.#pattern ? keptValues(value.detach(), this.#pattern) : value;
      this.#become(own, this.#mask, this.#pattern, this.#kept, trainable);
    });
  }

  /** Replaces all that is held; weights are set to 0 where the mask is. */
  #become(
    value: Tensor,
    mask: Tensor | null,
    pattern: SparsePattern | null,
    kept: number,
    trainable = this.trainable,
  ): void {
    if (trainable) this.#assertFloats(value);
    const next = tidy(() => {
      const numbers = value.detach();
      const own = mask ? where(mask, numbers, scalarLike(numbers, 0)) : numbers;
      return keep(own.leafView(own.shape, trainable));
    });
    const [nextMask, nextPattern] = [mask && keep(mask.detach()), pattern?.share() ?? null];
    this.dispose();
    this.#first = null;
    this.#value = next;
    this.#mask = nextMask;
    this.#pattern = nextPattern;
    this.#kept = kept;
  }
}
