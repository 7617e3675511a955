import { join } from 'node:path';
import { houlsby } from '../../src/adapters/index.ts';
import {
  chosenSettings,
  type GivenSettings,
  located,
  type RunOptions,
  type RunResult,
  type RunSettings,
  runTraining,
} from '../../src/training/index.ts';
import { reviewFolder } from './reviews.ts';
import { tinyFolder } from './tiny-model.ts';

const model = tinyFolder();
const reviews = reviewFolder();

/** The data of a tiny run: which reviews are positive, or, by `score`, how good they are. */
export const reviewData = (label: 'mood' | 'score' = 'mood') => ({
  data: join(reviews, 'train.csv'),
  evalData: join(reviews, 'dev.csv'),
  text: ['text'],
  label,
});

/** A run of six steps with dropout on a tiny model. */
export const tinySettings = {
  model,
  ...reviewData(),
  adapter: houlsby.configure({ bottleneck: 4 }),
  pruningExamples: 16,
  learningRate: 0.01,
  epochs: 2,
  batchSize: 8,
  maxLength: 16,
} satisfies GivenSettings;

/** Settings that leave the adapter as it is, in the place of those above. */
export const dense = { pruning: 'none', pruningExamples: undefined } as const;

/** Settings with all defaults, as a run stores them. */
export const complete = (settings: GivenSettings): RunSettings => located(chosenSettings(settings));

/** Trains with these settings; nothing stops it but the signal that is given. */
export function tinyRun(output: RunOptions['output'], options: Partial<RunOptions> = {}): Promise<RunResult> {
  return runTraining({
    settings: tinySettings,
    output,
    resume: false,
    command: ['sparse-adapter', 'train'],
    versions: { 'sparse-adapter': '0.0.0' },
    signal: new AbortController().signal,
    ...options,
  });
}

/** The same, stopped after `steps` steps; pruning is over then. */
export function stoppedRun(
  output: RunOptions['output'],
  steps: number,
  options: Partial<RunOptions> = {},
): Promise<RunResult> {
  const controller = new AbortController();
  return tinyRun(output, {
    ...options,
    signal: controller.signal,
    events: {
      onPruned: () => {
        if (steps === 0) controller.abort();
      },
      onStep: ({ step }) => {
        if (step >= steps) controller.abort();
      },
    },
  });
}
