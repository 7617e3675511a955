import { type Data, type Split, sourceOf } from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { Evaluation, TaskModel, TaskTypes } from '../training/index.ts';

/** Data of any form: a path, several, an array of rows, an (async) iterable of rows that can be opened again, or a source. */
export type TrainingData = Data;

/** Which columns the rows have. */
export interface DataOptions {
  /** The column with the text, or the two with a pair of texts. Default: `text`, and `textPair` if it is there. */
  readonly text?: string | readonly string[];
  /** The column with the class or the number. Default `label`. */
  readonly label?: string;
  /** The column with the text to write. Default `target`. */
  readonly target?: string;
  /** Leave out rows that cannot be used, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
}

/** Whether data are an iterator, which gives its rows once. */
export const isReadOnce = (data: TrainingData): boolean => typeof data === 'object' && data !== null && 'next' in data;

/** The columns as the settings of each task have them. */
const columnsOf = (model: TaskModel, { text, label = 'label', target = 'target', skipInvalid }: DataOptions) => {
  const { data } = model.settings;
  switch (model.task) {
    case 'text-classification':
      return {
        kind: 'table',
        text: text === undefined ? undefined : [text].flat(),
        label,
        labelKind: 'auto',
        skipInvalid,
      };
    case 'question-answering':
      return { ...data, kind: 'squad' };
    case 'text2text-generation':
      return { ...data, kind: 'pairs', text: text ?? 'text', target, skipInvalid };
  }
};

/** @throws InputError for data without rows, and as the reading of the task */
async function readDataset<T extends TaskTypes>(
  model: TaskModel<T>,
  data: TrainingData,
  options: DataOptions,
  wanted: Split,
): Promise<T['dataset']> {
  const source = sourceOf({ data, task: model.task });
  const split = source.open(wanted) ? wanted : 'train';
  const columns = columnsOf(model as unknown as TaskModel, options) as unknown as T['data'];
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

/** Reads examples to judge a model by. */
export async function readEvaluation<T extends TaskTypes>(
  model: TaskModel<T>,
  data: TrainingData,
  options: DataOptions,
): Promise<Evaluation<T['model']>> {
  return model.definition.evaluation(
    await readDataset(model, data, options, 'evaluation'),
    model.tokenizer,
    model.settings,
  );
}
