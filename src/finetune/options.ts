import { fetchModel } from '../io/index.ts';
import type { Pooling } from '../models/index.ts';
import { checkOptions, type OptionNames } from '../settings/index.ts';
import { chosenSettings, located, type RunSettings, type Task, type TaskTypes } from '../training/index.ts';
import { checkName } from './inputs.ts';

/** Options of loading a pretrained model. */
export interface FromPretrainedOptions {
  /** Tokens per input, special tokens included. Default: what the task takes, or less if the model has fewer positions. */
  readonly maxLength?: number;
  /** The input of an encoder's head: the first token, or the mean of all. Default `cls`. */
  readonly pooling?: Pooling;
  /** `multi_label_classification`: any number of the labels of a classifier can hold for a text. Default: one of them does. */
  readonly problemType?: RunSettings['problemType'];
  /** False: a checkpoint's head that does not fit the labels is an error. Default true: a new one is made. */
  readonly ignoreMismatchedSizes?: boolean;
  /** How frozen matrices of linear layers are held; `int8` is faster and smaller. Default `float32`. */
  readonly backboneDtype?: RunSettings['backboneDtype'];
  /** Random seed. Default 42. */
  readonly seed?: number;
  /** Leaves the head as it is. Default false. */
  readonly freezeHead?: boolean;
  /** Of a model that answers questions, where there may be no answer: by how much the score of that must be above the best answer's. */
  readonly nullScoreDiffThreshold?: number;
}

/** The names of the options of all models. */
export const pretrainedOptionNames: OptionNames<FromPretrainedOptions> = {
  maxLength: true,
  pooling: true,
  problemType: true,
  ignoreMismatchedSizes: true,
  backboneDtype: true,
  seed: true,
  freezeHead: true,
  nullScoreDiffThreshold: true,
};

/**
 * Returns the settings of a model that no run has made yet; one of the hub is downloaded.
 *
 * @throws InputError for an option that is wrong or has no effect for the task
 */
export async function settingsFor<T extends TaskTypes>(
  { name: task }: Task<T>,
  nameOrPath: string,
  options: FromPretrainedOptions,
): Promise<RunSettings> {
  checkName(nameOrPath);
  checkOptions('fromPretrained', options, pretrainedOptionNames);
  const given = { ...options, model: nameOrPath, task, pruning: 'none' };
  const chosen = chosenSettings(given, { isTrained: false });
  return located({ ...chosen, model: await fetchModel(chosen.model) });
}
