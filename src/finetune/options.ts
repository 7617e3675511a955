import { windowDefaults } from '../data/index.ts';
import { fetchModel } from '../io/index.ts';
import type { Pooling } from '../models/index.ts';
import {
  defaultMaxLength,
  type RunSettings,
  runDefaults,
  type Task,
  type TaskTypes,
  textDefaults,
  trainingDefaults,
} from '../training/index.ts';

/** How a pretrained model is loaded. */
export interface FromPretrainedOptions {
  /** Tokens per input, special tokens included. Default: what the task takes, or less if the model has fewer positions. */
  readonly maxLength?: number;
  /** What the head of an encoder reads: the first token, or the mean of all. Default `cls`. */
  readonly pooling?: Pooling;
  /** False: a checkpoint's head that does not fit the labels is an error. Default true: a new one is made. */
  readonly ignoreMismatchedSizes?: boolean;
  /** From which everything random follows. Default 42. */
  readonly seed?: number;
  /** False leaves the head as it is. Default true. */
  readonly trainHead?: boolean;
}

/** Data of no run. */
const noData = {
  'text-classification': { kind: 'unknown' },
  'question-answering': { kind: 'unknown-questions', stride: windowDefaults.stride },
  'text2text-generation': { kind: 'unknown-texts', ...textDefaults, generation: {} },
} as const;

/** Returns the settings of a model that no run has made yet; one of the hub is downloaded. */
export async function settingsFor<T extends TaskTypes>(
  task: Task<T>,
  nameOrPath: string,
  { maxLength, ...options }: FromPretrainedOptions,
): Promise<RunSettings<T['data']>> {
  const { pooling, ignoreMismatchedSizes, seed, trainHead } = {
    ignoreMismatchedSizes: true,
    ...runDefaults,
    ...options,
  };
  const model = await fetchModel(nameOrPath);
  return {
    model,
    data: noData[task.name] as T['data'],
    adapter: { kind: 'houlsby' },
    pruning: null,
    training: trainingDefaults,
    pooling,
    maxLength: maxLength ?? defaultMaxLength(model, task),
    trainHead,
    ...(ignoreMismatchedSizes === false && { ignoreMismatchedSizes }),
    seed,
    backend: runDefaults.backend,
  };
}
