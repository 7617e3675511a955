import { wholeNumberIn } from '../settings/index.ts';
import type { RunSettings } from '../training/index.ts';
import type { SweepSettings } from './plan.ts';

/** Hyperparameters that are searched for each method and task. */
export interface Grid {
  readonly learningRate: readonly number[];
  readonly epochs: readonly number[];
  readonly batchSize: readonly number[];
}

/** One combination of a grid. */
export type GridPoint = Pick<RunSettings, 'learningRate' | 'epochs'> & { readonly batchSize: number };

/** The grid of a sweep where none is given: one point of that of section 3 of the paper. */
export const usualGrid = { learningRate: [1e-4], epochs: [10], batchSize: [16] } as const satisfies Grid;

/** In it full fine-tuning has a rate of its own, as one that suits adapters spoils a whole model. */
export const usualFullLearningRate = 2e-5;

/** All combinations, the learning rate changing fastest. */
export const pointsOf = ({ learningRate, epochs, batchSize }: Grid): GridPoint[] =>
  batchSize.flatMap((size) =>
    epochs.flatMap((count) => learningRate.map((rate) => ({ learningRate: rate, epochs: count, batchSize: size }))),
  );

/** The largest number of seeds of a sweep. */
export const seedCount = wholeNumberIn(1, 1000, 'each is a run of every method and task');

/** Settings that the paper fixes (section 3) beside the defaults of settings: how many runs the mean is of. */
export const protocol = { seeds: 3 } as const;

/** What a named protocol decides of a sweep; flags of the command replace single settings. */
export type Protocol = Pick<
  SweepSettings,
  'pooling' | 'maxLength' | 'grid' | 'fullLearningRate' | 'searchSplit' | 'backboneDtype'
> & { readonly seeds: number };

/**
 * `definitive`: MiniLM as it is fastest to train, every learning rate chosen on a part of the training rows, and as many seeds as
 * tell differences of the size of the paper's from noise, or say that they do not. docs/results.md says how each was chosen.
 */
export const protocols = {
  definitive: {
    pooling: 'mean',
    maxLength: 128,
    grid: { learningRate: [5e-4, 1e-3, 2e-3, 4e-3], epochs: [5], batchSize: [16] },
    fullLearningRate: [2e-5, 5e-5, 1e-4, 2e-4],
    searchSplit: 0.2,
    backboneDtype: 'int8',
    seeds: 5,
  },
} as const satisfies Readonly<Record<string, Protocol>>;
export type ProtocolName = keyof typeof protocols;
