import { fetchDataset, isDrawn, isGlueTask, type Source, sourceOf as sourceAt } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { type FetchOptions, fetchModel } from '../io/index.ts';
import type { Random } from '../random/index.ts';
import { factsOf, type OptionTable } from '../settings/index.ts';
import { type ChooseOptions, type ChosenSettings, chosenSettings } from './choices.ts';
import { defaultMaxLength } from './default-length.ts';
import { fusedAdapters, namedRun } from './fuse.ts';
import { type GivenSettings, type RunSettings, settingTable } from './settings-table.ts';
import { taskOf } from './tasks/index.ts';

/** The settings that name where the rows of a run are. */
export type SourceChoice = Pick<
  RunSettings,
  'task' | 'data' | 'evalData' | 'dataset' | 'subset' | 'delimiter' | 'encoding' | 'trainPerClass' | 'evalPerClass'
>;

/** Whether an adapter was trained elsewhere: then its data are not known. */
export const isExternal = ({ data, dataset, task }: SourceChoice): boolean =>
  data === undefined && dataset === undefined && !isDrawn(task);

/** The error for training on data that are not there. */
export const unknownData = (): InputError =>
  new InputError('The adapter was trained elsewhere: its training data are not known.');

/**
 * Returns settings with a dataset of the hub downloaded, unless it is in the cache, and named by its commit, so that the same
 * settings mean the same files later.
 *
 * @throws InputError when it cannot be had
 */
export async function downloadData<S extends SourceChoice>(settings: S, options: FetchOptions = {}): Promise<S> {
  const { dataset, subset, task } = settings;
  if (dataset === undefined) return settings;
  if (isGlueTask(task))
    return { ...settings, dataset: (await fetchDataset(dataset, { ...options, subset: task })).name };
  const fetched = await fetchDataset(dataset, { ...options, subset });
  return { ...settings, dataset: fetched.name, ...(fetched.subset !== '' && { subset: fetched.subset }) };
}

/** Downloads the data as `downloadData` does, and the model. */
export async function downloadInputs<S extends SourceChoice & Pick<RunSettings, 'model'>>(
  settings: S,
  options: FetchOptions = {},
): Promise<S> {
  return { ...(await downloadData(settings, options)), model: await fetchModel(settings.model, options) };
}

/**
 * Returns given settings as a run stores them: with all defaults, and with models and datasets of the hub downloaded and named by
 * their commit.
 *
 * @throws InputError as `chosenSettings`, and for a model, data or runs that cannot be had
 */
export async function resolveSettings(
  given: GivenSettings,
  options: ChooseOptions & { readonly download?: FetchOptions } = {},
): Promise<RunSettings> {
  return located(await downloadInputs(chosenSettings(given, options), options.download));
}

/** Settings of a model that is there, with the length of its inputs and the adapters that it mixes. */
export function located(chosen: ChosenSettings): RunSettings {
  const table: OptionTable<unknown> = settingTable();
  const { model, fuse, maxLength = defaultMaxLength(model, taskOf(chosen)) } = chosen;
  const all = { ...chosen, maxLength, ...(fuse && { fused: fusedAdapters(fuse.map(namedRun), model) }) };
  const stored = Object.entries(all).filter(([key]) => factsOf(table[key]).isStored !== false);
  return Object.fromEntries(stored) as unknown as RunSettings;
}

/** Returns the source of a run's rows; an empty one for an adapter that was trained elsewhere. */
export const sourceOf = (settings: SourceChoice, random?: Random): Source =>
  isExternal(settings) ? sourceAt({}) : sourceAt(settings, random);
