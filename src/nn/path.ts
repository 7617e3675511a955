import type { FloatArray, Shape } from '../backends/backend.ts';
import type { StoredNumbers } from '../backends/stored.ts';
import type { Random } from '../random/random.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { HeldDType } from './held.ts';
import type { Initializer } from './init.ts';
import { Parameter } from './parameter.ts';

/** A source of parameters: a checkpoint that accounts for each of its tensors. */
export interface WeightSource {
  has(name: string): boolean;
  /**
   * Numbers, or a tensor whose memory the parameter shares until one of them is written to.
   *
   * @throws Error naming the tensor if it is missing or has another shape
   */
  take(name: string, shape: Shape): FloatArray | StoredNumbers | Tensor;
}

interface Origin {
  readonly random: Random;
  readonly source: WeightSource | null;
  readonly parameters: Map<string, Parameter>;
  /** Whether parameters take memory only when they are needed first. */
  readonly isDeferred?: boolean;
  readonly backboneDtype?: HeldDType;
}

/**
 * A place in the tree of parameter names, such as `bert.encoder.layer.0`. A layer's constructor receives its place and asks it
 * for its parameters, so that they are named as in the checkpoint. Without a source, or below `initializing()`, a parameter
 * that the source lacks is drawn from its initializer; otherwise a missing one is an error.
 */
export class ParameterPath {
  readonly prefix: string;
  readonly #origin: Origin;
  readonly #mayInitialize: boolean;

  private constructor(prefix: string, origin: Origin, mayInitialize: boolean) {
    this.prefix = prefix;
    this.#origin = origin;
    this.#mayInitialize = mayInitialize;
  }

  /** The root of a new tree. @param options.backboneDtype see {@link hold}; default float32 */
  static root(
    random: Random,
    source: WeightSource | null = null,
    { backboneDtype }: { readonly backboneDtype?: HeldDType } = {},
  ): ParameterPath {
    return new ParameterPath('', { random, source, parameters: new Map(), backboneDtype }, source === null);
  }

  /** Returns whether the source has a tensor here; undefined without a source. */
  has(name: string): boolean | undefined {
    return this.#origin.source?.has(this.#join(name));
  }

  /** The place `name` below this one; dots separate levels. */
  at(name: string | number): ParameterPath {
    return new ParameterPath(this.#join(name), this.#origin, this.#mayInitialize);
  }

  /** Returns the same place, where parameters that the source lacks are initialised: for new heads. */
  initializing(): ParameterPath {
    return new ParameterPath(this.prefix, this.#origin, true);
  }

  /** Returns the same place in the same tree, where every parameter is initialised: for adapters. */
  withoutSource(): ParameterPath {
    return new ParameterPath(this.prefix, { ...this.#origin, source: null }, true);
  }

  /** Returns the same place, where new parameters are allocated only when they are first used, so that they can be counted before. */
  deferring(): ParameterPath {
    return new ParameterPath(this.prefix, { ...this.#origin, isDeferred: true }, this.#mayInitialize);
  }

  /** The parameter `name` here. @throws Error if the source lacks it or has it in another shape, or if it was made before */
  parameter(name: string, shape: Shape, init: Initializer): Parameter {
    const fullName = this.#join(name);
    const { source, random, parameters, isDeferred = false } = this.#origin;
    if (parameters.has(fullName)) throw new Error(`The parameter ${fullName} exists already.`);
    const isNew = source === null || (this.#mayInitialize && !source.has(fullName));
    const first = () => init(shape, random.fork(fullName));
    const values = isNew ? first : source.take(fullName, shape);
    // Nothing trains a matrix in 8 bits, which another model has too.
    const trainable = !(values instanceof Tensor && values.isInt8);
    const parameter = new Parameter(fullName, values, shape, { isNew, trainable });
    if (!isDeferred) parameter.materialize();
    parameters.set(fullName, parameter);
    return parameter;
  }

  /**
   * Freezes a matrix of the backbone that was read from the source, and holds it as the tree was asked to, so that of a large model only
   * one matrix at a time takes the memory of float32.
   *
   * @throws InputError on a backend that holds float32 alone
   */
  hold(weight: Parameter): void {
    const { backboneDtype = 'float32' } = this.#origin;
    if (weight.isNew || backboneDtype === 'float32') return;
    weight.trainable = false;
    weight.hold(backboneDtype);
  }

  /** All parameters of the tree in the order of their making. */
  parameters(): Parameter[] {
    return [...this.#origin.parameters.values()];
  }

  /** Removes parameters from the tree; their names are free again. */
  remove(parameters: Iterable<Parameter>): void {
    for (const { name } of parameters) this.#origin.parameters.delete(name);
  }

  #join(name: string | number): string {
    return this.prefix ? `${this.prefix}.${name}` : String(name);
  }
}
