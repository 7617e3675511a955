import { Random } from '../random/index.ts';
import type { TaskModel } from './model.ts';
import { withLabels } from './relabel.ts';
import type { RunCache } from './run-cache.ts';
import { columnsOf, type RunSettings, sourceOf, unknownData } from './settings.ts';
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

/** What determines the examples of a run: those of the WordNet task are drawn anew for each seed. */
const dataKey = ({ data, seed }: Pick<RunSettings, 'data' | 'seed'>): unknown[] =>
  data.kind === 'wordnet' ? [data, seed] : [data];

/**
 * Reads the data of a run, unless the cache has them.
 *
 * @returns `evaluation` is null if the settings name none
 * @throws InputError as the methods of the task
 */
export function readRunData<T extends TaskTypes>(
  task: Task<T>,
  settings: Pick<RunSettings, 'data' | 'seed'>,
  cache: RunCache,
): Promise<RunData<T>> {
  const { data, seed } = settings;
  const random = new Random(seed);
  return cache.memo(['data', ...dataKey(settings)], async () => {
    const source = sourceOf(data, random);
    const train = await task.read(source, 'train', columnsOf(data));
    if (!train) throw unknownData();
    return { train, evaluation: await task.read(source, 'evaluation', columnsOf(data), train.labels) };
  });
}

/** Encodes the data of a run for its model, whose head may have the classes in another order, unless the cache has that. */
export function encodeRunData<T extends TaskTypes>(
  { definition: task, tokenizer, labels, settings }: TaskModel<T>,
  data: RunData<T>,
  cache: RunCache,
): EncodedData<T> {
  const { model, maxLength, seed } = settings;
  const key = [model, maxLength, labels, ...dataKey(settings)];
  const train = withLabels(data.train, labels);
  const evaluation = data.evaluation && withLabels(data.evaluation, labels);
  return {
    items: cache.memo(['items', ...key], () => task.encode(train, tokenizer, settings)),
    // Where texts are written they may be sampled: then the seed is a part of how a model is judged.
    evaluation:
      evaluation &&
      cache.memo(['evaluation', ...key, ...(settings.data.kind === 'pairs' ? [seed] : [])], () =>
        task.evaluation(evaluation, tokenizer, settings),
      ),
  };
}
