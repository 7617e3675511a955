import { isDrawn, type Source } from '../data/index.ts';
import { Random } from '../random/index.ts';
import { columnsOf } from './columns.ts';
import type { TaskModel } from './model.ts';
import { withLabels } from './relabel.ts';
import type { RunCache } from './run-cache.ts';
import { type SourceChoice, sourceOf, unknownData } from './settings.ts';
import type { RunSettings } from './settings-table.ts';
import type { Evaluation, Task, TaskTypes } from './task.ts';

/** The data of a run as its task reads them. */
export interface RunData<T extends TaskTypes> {
  readonly train: T['dataset'];
  /** Null: no evaluation. */
  readonly evaluation: T['dataset'] | null;
}

/** The same, ready for a model. */
export interface EncodedData<T extends TaskTypes> {
  readonly items: readonly T['item'][];
  readonly evaluation: Evaluation<T['model']> | null;
}

/** Returns the settings that determine a run's examples: those of the WordNet task are drawn anew for each seed. */
const dataKey = (settings: RunSettings): unknown[] => {
  const { task, data, evalData, dataset, subset, delimiter, encoding, trainPerClass, evalPerClass, seed } = settings;
  const files = { data, evalData, dataset, subset, delimiter, encoding };
  const source: SourceChoice = { task, ...files, trainPerClass, evalPerClass };
  const { known: _, ...columns } = columnsOf(settings);
  return [source, columns, ...(isDrawn(task) ? [seed] : [])];
};

/**
 * Reads the data of a run, unless the cache has them.
 *
 * @param rows the rows where the settings do not name them
 * @returns `evaluation` is null if the settings name none
 * @throws InputError as the methods of the task
 */
export function readRunData<T extends TaskTypes>(
  task: Task<T>,
  settings: RunSettings,
  cache: RunCache,
  rows?: Source,
): Promise<RunData<T>> {
  const read = async (source: Source) => {
    const train = await task.read(source, 'train', columnsOf(settings));
    if (!train) throw unknownData();
    return { train, evaluation: await task.read(source, 'evaluation', columnsOf(settings), train.labels) };
  };
  if (rows) return read(rows);
  return cache.memo(['data', ...dataKey(settings)], () => read(sourceOf(settings, new Random(settings.seed))));
}

/**
 * Encodes the data of a run for its model, whose head may have the classes in another order, unless the cache has that.
 *
 * @throws InputError for settings with which the model cannot be judged
 */
export function encodeRunData<T extends TaskTypes>(
  { definition: task, network, tokenizer, labels, settings }: TaskModel<T>,
  data: RunData<T>,
  cache: RunCache,
): EncodedData<T> {
  const { model, maxLength, seed } = settings;
  const key = [model, maxLength, labels, ...dataKey(settings)];
  const train = withLabels(data.train, labels);
  const judged = data.evaluation && withLabels(data.evaluation, labels);
  // Generated texts may be sampled, so the evaluation depends on the seed.
  const evaluation =
    judged &&
    cache.memo(['evaluation', ...key, ...(task.name === 'text2text-generation' ? [seed] : [])], () =>
      task.evaluation(judged, tokenizer, settings),
    );
  evaluation?.check?.(network);
  return { items: cache.memo(['items', ...key], () => task.encode(train, tokenizer, settings)), evaluation };
}
