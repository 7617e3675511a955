import type { Random } from '../random/index.ts';
import { type Batch, BatchPlan, type BatchPlanOptions } from './batch-plan.ts';

const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

export interface StepPlanOptions<Item> extends BatchPlanOptions<Item> {
  /** Batches of one step. Default 1. */
  readonly batchesPerStep?: number;
}

/**
 * The steps of a training, each of some batches of a {@link BatchPlan}. The last step of an epoch has those that are left, so no step
 * mixes epochs and no batch is without one.
 */
export class StepPlan<Item> {
  readonly #batches: BatchPlan<Item>;
  readonly #batchesPerStep: number;
  readonly totalSteps: number;
  /** One number per epoch. */
  readonly stepsPerEpoch: readonly number[];

  constructor(items: readonly Item[], { batchesPerStep = 1, ...options }: StepPlanOptions<Item>, random: Random) {
    this.#batches = new BatchPlan(items, options, random);
    this.#batchesPerStep = batchesPerStep;
    this.stepsPerEpoch = this.#batches.stepsPerEpoch.map((count) => Math.ceil(count / batchesPerStep));
    this.totalSteps = sum(this.stepsPerEpoch);
  }

  /** The batches of a step. */
  at(step: number): Batch<Item>[] {
    const { first, end } = this.#rangeOf(step);
    return Array.from({ length: end - first }, (_, i) => this.#batches.at(first + i));
  }

  /** Whether a step is the first of its epoch. */
  startsEpoch(step: number): boolean {
    return step < this.totalSteps && this.#batches.startsEpoch(this.#rangeOf(step).first);
  }

  /** Replaces the items from an epoch on, whose first step is given; see {@link BatchPlan.replaceItems}. */
  replaceItems(step: number, items: readonly Item[]): void {
    this.#batches.replaceItems(this.#rangeOf(step).first, items);
  }

  /** The numbers of the first batch of a step, and of the one after its last. */
  #rangeOf(step: number): { readonly first: number; readonly end: number } {
    let [epoch, steps, batches] = [0, 0, 0];
    while (epoch < this.stepsPerEpoch.length && step >= steps + this.stepsPerEpoch[epoch]) {
      steps += this.stepsPerEpoch[epoch];
      batches += this.#batches.stepsPerEpoch[epoch++];
    }
    const first = batches + (step - steps) * this.#batchesPerStep;
    return { first, end: Math.min(first + this.#batchesPerStep, batches + (this.#batches.stepsPerEpoch[epoch] ?? 0)) };
  }
}
