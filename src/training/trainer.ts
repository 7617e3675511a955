import { grad } from '../autograd/grad.ts';
import type { FloatArray } from '../backends/backend.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { concat } from '../ops/layout.ts';
import { reshape } from '../ops/reduce.ts';
import {
  AdamW,
  type AdamWState,
  clipCoefficient,
  constantWithWarmupSchedule,
  cosineSchedule,
  exceptBiasesAndNorms,
  globalNorm,
  linearSchedule,
} from '../optim/index.ts';
import type { Random } from '../random/index.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Batch, batchesOf } from './batch-plan.ts';
import { StepPlan } from './step-plan.ts';
import type { TrainingOptions } from './training-settings.ts';
import { yieldToEvents } from './yield.ts';

/** The items to train on, the parameters to update, and the loss. */
export interface Objective<Item> {
  readonly items: readonly Item[];
  /** Tokens of an item. */
  lengthOf(item: Item): number;
  /** Parameters to update. */
  readonly parameters: readonly Parameter[];
  /** The mean loss of a batch, a tensor with one element; dropout draws from `random`. */
  loss(batch: readonly Item[], random: Random): Tensor;
}

export interface StepReport<Item> {
  /** Steps done so far, this one included. */
  readonly step: number;
  readonly totalSteps: number;
  /** The mean over the batches of the step. */
  readonly loss: number;
  readonly learningRate: number;
  /** The items of all batches of the step. */
  readonly batch: readonly Item[];
}

/** The loss and its gradient by each parameter. */
interface Differentiated {
  readonly loss: Tensor;
  readonly gradients: readonly Tensor[];
}

/** Factors of the learning rate by step: those of Hugging Face's Trainer. */
const schedules: {
  readonly [Name in TrainingOptions['lrSchedulerType']]: (step: number, warmup: number, total: number) => number;
} = {
  linear: linearSchedule,
  cosine: cosineSchedule,
  constant: () => 1,
  constant_with_warmup: constantWithWarmupSchedule,
};

/**
 * The training loop. A run that is stopped and restored from its state continues exactly as if it had not been; see
 * {@link StepPlan}.
 *
 * With several batches per step (`gradientAccumulationSteps`) the gradient is that of the mean of their losses, as in Hugging Face's
 * Trainer: each batch counts the same, whatever its size, also in the last step of an epoch, which has the batches that are left.
 */
export class Trainer<Item> {
  readonly plan: StepPlan<Item>;
  readonly #objective: Objective<Item>;
  readonly #options: TrainingOptions;
  readonly #optimizer: AdamW;
  #step = 0;

  constructor(objective: Objective<Item>, options: TrainingOptions, random: Random) {
    this.#objective = objective;
    this.#options = options;
    const { betas, weightDecay } = options;
    this.#optimizer = new AdamW(objective.parameters, { betas, weightDecay, decays: exceptBiasesAndNorms });
    const { epochs, gradientAccumulationSteps: batchesPerStep } = options;
    const lengthOf = (item: Item) => objective.lengthOf(item);
    this.plan = new StepPlan(objective.items, { ...batchesOf(options), epochs, lengthOf, batchesPerStep }, random);
  }

  /** Steps done so far. */
  get step(): number {
    return this.#step;
  }

  get totalSteps(): number {
    return this.plan.totalSteps;
  }

  get done(): boolean {
    return this.#step >= this.totalSteps;
  }

  /** Takes one step. @throws InputError if the loss or a gradient is not finite; the weights are then as before the step */
  async trainStep(): Promise<StepReport<Item>> {
    const batches = this.plan.at(this.#step);
    const { gradients, coefficient, numbers } = this.#scaled(await this.#differentiateAll(batches));
    try {
      const [loss, norm] = await numbers.data();
      this.#assertFinite(loss, 'loss is');
      this.#assertFinite(norm, 'gradient has the norm');
      this.#optimizer.learningRate = this.#learningRate();
      tidy(() => this.#optimizer.step(gradients, { gradientScale: coefficient }));
      this.#step++;
      const { learningRate } = this.#optimizer;
      const batch = batches.flatMap(({ items }) => items);
      return { step: this.#step, totalSteps: this.totalSteps, loss, learningRate, batch };
    } finally {
      for (const tensor of [...gradients, coefficient, numbers]) tensor?.dispose();
    }
  }

  /** Returns the gradients of the batches of the last step at the weights of now, by parameter. */
  async gradientsOfLast(): Promise<ReadonlyMap<string, FloatArray>> {
    const { loss, gradients } = await this.#differentiateAll(this.plan.at(this.#step - 1));
    try {
      const read = gradients.map(async (gradient, i) => {
        return [this.#objective.parameters[i].name, await gradient.data()] as const;
      });
      return new Map(await Promise.all(read));
    } finally {
      for (const tensor of [loss, ...gradients]) tensor.dispose();
    }
  }

  /** Returns the mean loss of batches and its gradients; of the batches one at a time is held. */
  async #differentiateAll([first, ...others]: readonly Batch<Item>[]): Promise<Differentiated> {
    const share = 1 / (1 + others.length);
    let sum = this.#differentiate(first, share);
    for (const batch of others) {
      const before = sum;
      try {
        await yieldToEvents();
        sum = tidy(() => plus(before, this.#differentiate(batch, share)));
      } finally {
        for (const tensor of [before.loss, ...before.gradients]) tensor.dispose();
      }
    }
    return sum;
  }

  #differentiate({ items, random }: Batch<Item>, share: number): Differentiated {
    const { parameters } = this.#objective;
    return tidy(() => {
      // A scope of its own: the backward pass frees its tensors as it proceeds.
      const loss = tidy(() => {
        const mean = this.#objective.loss(items, random);
        return share === 1 ? mean : mul(mean, share);
      });
      const number = loss.detach();
      return {
        loss: number,
        gradients: grad(
          loss,
          parameters.map((parameter) => parameter.value),
        ),
      };
    });
  }

  /** Returns what to scale the gradients by, and loss and norm [2], which are read at once. */
  #scaled({ loss, gradients }: Differentiated): {
    gradients: readonly Tensor[];
    coefficient: Tensor | null;
    numbers: Tensor;
  } {
    const { maxGradNorm } = this.#options;
    const scaled = tidy(() => {
      const norm = globalNorm(gradients);
      const numbers = concat([reshape(loss, [1]), reshape(norm, [1])]);
      return { coefficient: maxGradNorm === null ? null : clipCoefficient(norm, maxGradNorm), numbers };
    });
    loss.dispose();
    return { gradients, ...scaled };
  }

  #assertFinite(value: number, what: string): void {
    if (Number.isFinite(value)) return;
    const { learningRate, weightDecay } = this.#options;
    // A step multiplies weights by 1 - learningRate * weightDecay.
    const remedy =
      weightDecay > 1 && learningRate * weightDecay > 1
        ? `lower the weight decay (now ${weightDecay}) or the learning rate (now ${learningRate})`
        : `lower the learning rate (now ${learningRate}) or check the data for extreme values`;
    throw new InputError(`The ${what} ${value} at step ${this.#step + 1} of ${this.totalSteps}; ${remedy}.`);
  }

  #learningRate(): number {
    const { learningRate, lrSchedulerType, warmupRatio = 0 } = this.#options;
    const warmup = Math.ceil(warmupRatio * this.totalSteps);
    return learningRate * schedules[lrSchedulerType](this.#step, warmup, this.totalSteps);
  }

  /** The optimiser's state, of which the step count is the position in the run. */
  state(): Promise<AdamWState> {
    return this.#optimizer.state();
  }

  /** Frees the optimiser's state; no step can be taken any more. */
  dispose(): void {
    this.#optimizer.dispose();
  }

  /** Continues where the state was taken; the parameters must be restored too. */
  restore(state: AdamWState): void {
    this.#optimizer.restore(state);
    this.#step = state.step;
  }
}

/** a + b */
const plus = (a: Differentiated, b: Differentiated): Differentiated => ({
  loss: add(a.loss, b.loss),
  gradients: a.gradients.map((gradient, i) => add(gradient, b.gradients[i])),
});
