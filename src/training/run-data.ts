import { isDrawn, type Source, sourceOf as sourceAt } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { Random } from '../random/index.ts';
import { isOwnTable, mayHoldOut } from './choices.ts';
import { columnsOf } from './columns.ts';
import { holdOut, usualValidation } from './held-out.ts';
import type { TaskModel } from './model.ts';
import { withLabels } from './relabel.ts';
import type { RunCache } from './run-cache.ts';
import { type SourceChoice, sourceOf, unknownData } from './settings.ts';
import { type RunSettings, settingGroups, settingTable } from './settings-table.ts';
import type { Evaluation, Task, TaskTypes } from './task.ts';
import { usedTask } from './tasks/index.ts';

/** The data of a run as its task reads them. */
export interface RunData<T extends TaskTypes> {
  readonly train: T['dataset'];
  /** Rows to evaluate on while it is trained; null: none. */
  readonly evaluation: T['dataset'] | null;
  /** Rows that choose nothing, for the score at the end; null: none. */
  readonly test: T['dataset'] | null;
  /** The rows of a table of which some are held out, as they were read; null where none are. */
  readonly table: T['dataset'] | null;
  /** Why there are no rows to validate on, where nothing else is said. */
  readonly unvalidated?: string;
  /** Lines about rows that are held out. */
  readonly warnings: readonly string[];
}

/** The same, ready for a model. */
export interface EncodedData<T extends TaskTypes> {
  readonly items: readonly T['item'][];
  readonly evaluation: Evaluation<T['model']> | null;
  readonly test: Evaluation<T['model']> | null;
}

/** Where the rows of a run are, where its settings do not name them. */
export interface OwnRows {
  readonly rows: Source;
  /** Rows that choose nothing. Default: none. */
  readonly testRows?: Source;
}

/** Returns the settings that determine a run's examples: those of the WordNet task are drawn anew for each seed, and so are rows that are held out. */
const dataKey = (settings: RunSettings): unknown[] => {
  const { task, data, evalData, dataset, subset, delimiter, encoding, trainPerClass, evalPerClass, seed } = settings;
  const files = { data, evalData, dataset, subset, delimiter, encoding };
  const source: SourceChoice = { task, ...files, trainPerClass, evalPerClass };
  const { validationSplit, testData, testSplit, folds, fold } = settings;
  const { known: _, ...columns } = columnsOf(settings);
  const parts = { validationSplit, testData, testSplit, folds, fold };
  const isHeld = mayHoldOut(settings) && (evalData === undefined || testSplit !== undefined);
  return [source, columns, parts, ...(isHeld || isDrawn(task) ? [seed] : [])];
};

/** Groups of settings that say nothing about how examples are encoded and judged. */
const otherGroups: readonly string[] = ['Adapter', 'Pruning', 'Training', 'Run'];

/** Returns all settings by which examples are encoded and judged, those that tasks of plugins declare too. */
function encodingKey(settings: RunSettings): unknown {
  const others = new Set(
    settingGroups().flatMap(({ title, settings: table }) => (otherGroups.includes(title) ? Object.keys(table) : [])),
  );
  return Object.entries(settings).filter(([key]) => !others.has(key));
}

/** Rows that are there to be judged by, whichever split they are called. */
const judging = (source: Source): Source => ({
  open: (split) => (split === 'train' ? null : (source.open('evaluation') ?? source.open('train'))),
});

/** The source of the rows that choose nothing, where a file or a program has them. */
function testSourceOf(settings: RunSettings, own: OwnRows | undefined): Source | null {
  if (own?.testRows) return judging(own.testRows);
  const { testData: data, evalData: _, ...others } = settings;
  return data === undefined ? null : judging(sourceAt({ ...others, data }));
}

/**
 * Reads the data of a run, unless the cache has them. Rows of a table of one's own are held out to evaluate on where there are no others.
 *
 * @param own the rows where the settings do not name them
 * @throws InputError as the methods of the task, and as `holdOut`
 */
export function readRunData<T extends TaskTypes>(
  task: Task<T>,
  settings: RunSettings,
  cache: RunCache,
  own?: OwnRows,
): Promise<RunData<T>> {
  const columns = columnsOf(settings);
  const read = async (source: Source): Promise<RunData<T>> => {
    const train = await task.read(source, 'train', columns);
    if (!train) throw unknownData();
    const { labels } = train;
    const isSplit = mayHoldOut(settings);
    // A part of GLUE's training rows chooses, so that its other file judges nothing.
    const evaluation = isSplit && !isOwnTable(settings) ? null : await task.read(source, 'evaluation', columns, labels);
    const others = testSourceOf(settings, own);
    const test = others && (await task.read(others, 'evaluation', columns, labels));
    if (!isSplit) return { train, evaluation, test, table: null, warnings: [] };
    const { validationSplit, folds } = settings;
    if (evaluation && (validationSplit || folds)) {
      const setting = folds ? 'folds' : 'validationSplit';
      throw new InputError(`${setting} cannot be combined with evalData: the rows to evaluate on are given.`);
    }
    const held = holdOut(train, evaluation ? { ...settings, validationSplit: 0 } : settings);
    const parts = {
      evaluation: evaluation ?? judged(task, held.evaluation, settings),
      test: test ?? judged(task, held.test, settings),
    };
    const isWhole = !held.evaluation && !held.test;
    const { unvalidated, warnings } = held;
    return { train: held.train, ...parts, table: isWhole ? null : train, unvalidated, warnings };
  };
  if (own) return read(own.rows);
  return cache.memo(['data', ...dataKey(settings)], () => read(sourceOf(settings, new Random(settings.seed))));
}

/** Rows that were held out, as the task reads rows to evaluate on. */
const judged = <T extends TaskTypes>(task: Task<T>, rows: T['dataset'] | null, settings: RunSettings) =>
  rows && (task.judged?.(rows, columnsOf(settings)) ?? rows);

/** The settings of a run with what was decided from its rows: the part that is held out to evaluate on, and whether that chooses. */
export function decidedBy<T extends TaskTypes>(
  { evaluation, table }: Pick<RunData<T>, 'evaluation' | 'table'>,
  settings: RunSettings,
): RunSettings {
  const { validationSplit = usualValidation, evalData } = settings;
  if (!mayHoldOut(settings) || evalData !== undefined) return settings;
  // Rows that a program gives beside others to evaluate on.
  if (evaluation && !table) return settings;
  return inOrder(evaluation ? { ...settings, validationSplit } : { ...withoutBest(settings), validationSplit: 0 });
}

/** The same settings in the order of their table, in which a run that is resumed reads them: its files end with the same bytes. */
function inOrder(settings: RunSettings): RunSettings {
  const order = Object.keys(settingTable());
  const sorted = Object.entries(settings).toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return Object.fromEntries(sorted) as unknown as RunSettings;
}

/** Without rows to evaluate on no weights are the best; settings that ask for them by more than the default stay, to be refused. */
function withoutBest(settings: RunSettings): RunSettings {
  const { loadBestModelAtEnd: _, ...others } = settings;
  const { metricForBestModel, earlyStoppingPatience } = others;
  return metricForBestModel === undefined && earlyStoppingPatience === undefined ? others : settings;
}

/** Names of the rows of a finished run that it is judged by. */
export const judgedParts = ['validation', 'test'] as const;
export type JudgedPart = (typeof judgedParts)[number];

/**
 * Reads the rows that a finished run was evaluated on: those of a file, or those that were held out of its table.
 *
 * @param labels the classes of the run
 * @returns null if it has none; `table` as for the run
 */
export async function readJudged<T extends TaskTypes>(
  task: Task<T>,
  settings: RunSettings,
  part: JudgedPart,
  labels: readonly string[] | null,
  random: Random,
): Promise<{ readonly rows: T['dataset']; readonly table: T['dataset'] | null } | null> {
  const columns = columnsOf(settings);
  const source = part === 'test' ? testSourceOf(settings, undefined) : sourceOf(settings, random);
  const isOwnFile = part === 'test' || isOwnTable(settings) || !mayHoldOut(settings);
  const given = isOwnFile && source && (await task.read(source, 'evaluation', columns, labels));
  if (given) return { rows: given, table: null };
  const { validationSplit = 0, testSplit = 0, fold } = settings;
  const isHeld = part === 'test' ? testSplit > 0 || fold !== undefined : validationSplit > 0;
  if (!isHeld || !mayHoldOut(settings)) return null;
  const table = await task.read(sourceOf(settings, random), 'train', columns, labels);
  if (!table) return null;
  const held = holdOut(table, { ...settings, validationSplit });
  const rows = judged(task, part === 'test' ? held.test : held.evaluation, settings);
  return rows && { rows, table };
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
  const { seed, classWeights } = settings;
  const key = [encodingKey(settings), labels, ...dataKey(settings)];
  const evaluationOf = (name: string, rows: T['dataset'] | null): Evaluation<T['model']> | null => {
    const known = rows && withLabels(rows, labels);
    // Generated texts may be sampled, so the evaluation depends on the seed.
    const evaluation =
      known &&
      cache.memo(
        [
          name,
          ...key,
          classWeights,
          ...(usedTask(task as unknown as Task).name === 'text2text-generation' ? [seed] : []),
        ],
        () => task.evaluation(known, tokenizer, settings),
      );
    evaluation?.check?.(network);
    return evaluation;
  };
  const train = withLabels(data.train, labels);
  const evaluation = evaluationOf('evaluation', data.evaluation);
  const test = evaluationOf('test', data.test);
  return { items: cache.memo(['items', ...key], () => task.encode(train, tokenizer, settings)), evaluation, test };
}
