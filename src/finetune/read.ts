import { type Data, type Split, sourceOf } from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { ColumnSettings, Evaluation, TaskModel, TaskTypes } from '../training/index.ts';

/** Data of any form: a path, several, an array of rows, an (async) iterable of rows that can be opened again, or a source. */
export type TrainingData = Data;

/** The columns of the rows; the label is in `label` unless another is named. */
export type DataOptions = Omit<ColumnSettings, 'known'>;

/** @throws InputError for an iterator or a stream, which give their rows once, where there are more epochs than one */
export function refuseReadOnce(data: TrainingData, epochs: number): void {
  if (epochs <= 1 || typeof data !== 'object' || data === null) return;
  if (!['next', 'getReader', 'pipe'].some((method) => method in data)) return;
  throw new InputError(
    `data gives its rows once only, and there are ${epochs} epochs; give an array, or an object whose [Symbol.asyncIterator] begins anew each time.`,
  );
}

/** @throws InputError for data without rows, and as the reading of the task */
async function readDataset<T extends TaskTypes>(
  model: TaskModel<T>,
  data: TrainingData,
  options: DataOptions,
  wanted: Split,
): Promise<T['dataset']> {
  const source = sourceOf({ data, task: model.task });
  const split = source.open(wanted) ? wanted : 'train';
  // Pairs of texts need no label: one that is named says that they have scores.
  const usual = model.task === 'feature-extraction' ? undefined : (model.definition.labelColumn ?? 'label');
  const { label = usual, problemType, labelSeparator, ...others } = options;
  const { settings } = model;
  const columns = {
    ...others,
    label,
    problemType: problemType ?? settings.problemType,
    labelSeparator: labelSeparator ?? settings.labelSeparator,
  };
  const read = await model.definition.read(source, split, columns, model.labels);
  if (read) return read;
  throw new InputError('data has no rows; give a file, rows, or a source that has some.');
}

/** Reads examples and encodes them to train on. */
export async function readItems<T extends TaskTypes>(
  model: TaskModel<T>,
  data: TrainingData,
  options: DataOptions,
): Promise<T['item'][]> {
  return model.definition.encode(await readDataset(model, data, options, 'train'), model.tokenizer, model.settings);
}

/** Reads examples to judge a model by, and tells its scores, the primary one first. */
export async function readEvaluation<T extends TaskTypes>(
  model: TaskModel<T>,
  data: TrainingData,
  options: DataOptions,
): Promise<{ readonly dataset: T['dataset']; readonly evaluation: Evaluation<T['model']> }> {
  const dataset = await readDataset(model, data, options, 'evaluation');
  const evaluation = model.definition.evaluation(dataset, model.tokenizer, model.settings);
  evaluation.check?.(model.network);
  return { dataset, evaluation };
}
