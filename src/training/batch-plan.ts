import { type BatchOrder, type BatchSize, epochBatches } from '../data/batches.ts';
import { InputError } from '../errors.ts';
import type { Random } from '../random/index.ts';
import { factsOf } from '../settings/index.ts';
import { type TrainingOptions, trainerSettings } from './training-settings.ts';

/** The examples and the random generator of one step. */
export interface Batch<Item> {
  readonly items: readonly Item[];
  /** The generator that dropout of this step draws from. */
  readonly random: Random;
  /** Counted from 0. */
  readonly epoch: number;
  /** Steps before this one. */
  readonly step: number;
  readonly totalSteps: number;
}

export interface BatchPlanOptions<Item> {
  readonly batchSize: BatchSize;
  readonly batchOrder: BatchOrder;
  readonly epochs: number;
  /** Tokens of an item. */
  readonly lengthOf: (item: Item) => number;
}

/** Returns the options of a batch plan from settings of a training. */
export const batchesOf = ({
  batchSize = factsOf(trainerSettings.batchSize).default ?? 0,
  batchTokens,
  groupByLength,
}: Pick<TrainingOptions, 'batchSize' | 'batchTokens' | 'groupByLength'>): Pick<
  BatchPlanOptions<never>,
  'batchSize' | 'batchOrder'
> => ({
  batchSize: batchTokens === undefined ? batchSize : { tokens: batchTokens },
  batchOrder: groupByLength ? 'bucketed' : 'shuffled',
});

/**
 * The batches of all steps of a training. Everything random in a step derives from the generator, the epoch and the step, so any step
 * can be made again by its number.
 */
export class BatchPlan<Item> {
  readonly totalSteps: number;
  /** One number per epoch: a limit in tokens makes more or fewer batches of another order. */
  readonly stepsPerEpoch: readonly number[];
  #items: readonly Item[];
  readonly #options: BatchPlanOptions<Item>;
  readonly #random: Random;
  #epoch: { readonly index: number; readonly batches: Item[][] } | null = null;

  constructor(items: readonly Item[], options: BatchPlanOptions<Item>, random: Random) {
    this.#items = items;
    this.#options = options;
    this.#random = random;
    const { batchSize, epochs } = options;
    // With a fixed number of items per batch, every order has the same number of batches.
    const steps = (epoch: number) =>
      typeof batchSize === 'number' ? Math.ceil(items.length / batchSize) : this.#batchesOf(epoch).length;
    this.stepsPerEpoch = Array.from({ length: epochs }, (_, epoch) => steps(epoch));
    this.totalSteps = this.stepsPerEpoch.reduce((sum, count) => sum + count, 0);
  }

  /** The batch of a step. */
  at(step: number): Batch<Item> {
    const { epoch, start } = this.#placeOf(step);
    if (this.#epoch?.index !== epoch) this.#epoch = { index: epoch, batches: this.#batchesOf(epoch) };
    const items = this.#epoch.batches[step - start];
    return { items, random: this.#random.fork(`step ${step}`), epoch, step, totalSteps: this.totalSteps };
  }

  /** Whether a step is the first of its epoch. */
  startsEpoch(step: number): boolean {
    return step < this.totalSteps && this.#placeOf(step).start === step;
  }

  /**
   * Replaces the items from an epoch on by others, as many of them.
   *
   * @param step the first of that epoch
   * @throws InputError for another number of items, or of batches where these have a limit in tokens; nothing is replaced then
   */
  replaceItems(step: number, items: readonly Item[]): void {
    const before = this.#items;
    if (items.length !== before.length) {
      throw new InputError(
        `The training data had ${before.length} examples in the first epoch and have ${items.length} now; every epoch must have as many.`,
      );
    }
    const { epoch } = this.#placeOf(step);
    this.#items = items;
    const batches = this.#batchesOf(epoch);
    if (batches.length !== this.stepsPerEpoch[epoch]) {
      this.#items = before;
      throw new InputError(
        `The training data made ${this.stepsPerEpoch[epoch]} batches of epoch ${epoch + 1} and make ${batches.length} now; where texts change from epoch to epoch give a batch size in examples.`,
      );
    }
    this.#epoch = { index: epoch, batches };
  }

  /** The epoch of a step, and the first step of that. */
  #placeOf(step: number): { readonly epoch: number; readonly start: number } {
    if (!(Number.isSafeInteger(step) && step >= 0 && step < this.totalSteps)) {
      throw new RangeError(`BatchPlan: there is no step ${step}; there are ${this.totalSteps}, from 0.`);
    }
    let [epoch, start] = [0, 0];
    while (step >= start + this.stepsPerEpoch[epoch]) start += this.stepsPerEpoch[epoch++];
    return { epoch, start };
  }

  /** Each epoch has an order of its own. */
  #batchesOf(epoch: number): Item[][] {
    const { batchSize: size, batchOrder: order, lengthOf } = this.#options;
    return epochBatches(this.#items, { size, order, lengthOf }, this.#random.fork(`epoch ${epoch}`));
  }
}
