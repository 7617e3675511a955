import { type FoldsResult, runFolds } from '../training/index.ts';
import { type FinetuneSettings, readCall } from './finetune.ts';

export interface CrossValidateSettings extends FinetuneSettings {
  /** The number of runs, each of which is tested on another part of the data. */
  readonly folds: number;
  /** Called before the run of each fold, which counts from 1. */
  readonly onFold?: (fold: number, folds: number) => void;
}

/** The scores of a cross-validation: those of each fold, their mean and their standard deviation. */
export type CrossValidation = Omit<FoldsResult & { readonly status: 'finished' }, 'status'>;

/**
 * Cross-validates settings: trains and saves a model for each fold, as `finetune` does, in a folder of its own below `output`.
 *
 * @throws InputError as `finetune`
 * @throws the signal's reason when it is aborted; `resume` continues then, and finished folds are not repeated
 */
export async function crossValidate({ onFold, ...given }: CrossValidateSettings): Promise<CrossValidation> {
  const { events, ...options } = await readCall('crossValidate', given);
  const result = await runFolds({ ...options, events: { ...events, onFold } });
  if (result.status === 'stopped') throw options.signal?.reason;
  const { folds, mean, standard_deviation } = result;
  return { folds, mean, standard_deviation };
}
