import { existsSync } from 'node:fs';
import { type AdapterSettings, completeSettings } from '../adapters/index.ts';
import { fetchDataset, knownDataset, knownDatasets, type Source, sourceOf as sourceAt } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { parseHubName } from '../io/hub/repository.ts';
import { type FetchOptions, fetchModel } from '../io/index.ts';
import { pruningMethodOf } from '../pruning/index.ts';
import type { Random } from '../random/index.ts';
import { parseWith } from '../settings/index.ts';
import { widened } from './large-sparse.ts';
import {
  type ClassificationData,
  type DataSettings,
  type PruningSettings,
  type RunSettings,
  runSettings,
} from './settings-schema.ts';
import type { ColumnSettings } from './task.ts';

export type {
  ClassificationData,
  DataSettings,
  FusedAdapter,
  PruningSettings,
  QuestionData,
  RunSettings,
  TextGenerationData,
  UnknownQuestions,
  UnknownTexts,
} from './settings-schema.ts';

/** Whether the data are those of an adapter that was trained elsewhere. */
export const isUnknown = ({ kind }: DataSettings): boolean =>
  kind === 'unknown' || kind === 'unknown-questions' || kind === 'unknown-texts';

/** The error for training on data that are not there. */
export const unknownData = (): InputError =>
  new InputError('The adapter was trained elsewhere: its training data are not known.');

/** What the SparseAdapter paper uses on XSum. */
export const textDefaults = { maxTargetLength: 128 };

/** What the SparseAdapter paper uses on GLUE, where it says so. */
export const pruningDefaults: PruningSettings = { method: 'snip', sparsity: 0.4, scope: 'global', examples: 320 };

export const runDefaults: Pick<RunSettings, 'pooling' | 'maxLength' | 'trainHead' | 'seed' | 'backend'> = {
  pooling: 'cls',
  maxLength: 512,
  trainHead: true,
  seed: 42,
  backend: 'wasm',
};

/** @throws InputError for an unknown method, and an option that it does not have */
function completePruning(pruning: PruningSettings): Required<PruningSettings> {
  const { iterations, configure } = pruningMethodOf(pruning.method);
  return { prunable: 'all', iterations, ...pruning, options: configure(pruning.options) };
}

/**
 * The settings with all options of the adapter and of the pruning method.
 *
 * @throws InputError for an option that they do not have, and a setting with a value that it cannot have
 */
export function withAllOptions(
  settings: RunSettings,
): RunSettings & { readonly pruning: Required<PruningSettings> | null } {
  const adapter = completeSettings(settings.adapter, { pruned: settings.pruning !== null });
  const complete = { ...settings, adapter, pruning: settings.pruning && completePruning(settings.pruning) };
  parseWith(runSettings, complete, 'settings');
  return complete;
}

/** The adapter that a run builds: that of the settings, or a wider one of the Large-Sparse setting. @throws InputError as {@link widened} */
export function builtAdapter({ adapter, pruning }: Pick<RunSettings, 'adapter' | 'pruning'>): AdapterSettings {
  if (!pruning || typeof pruning.sparsity === 'number') return adapter;
  return widened(adapter, pruning.sparsity.largeSparse);
}

/**
 * The settings with models and datasets of the hub downloaded, unless they are in the cache, and named by their commit, so
 * that the same settings mean the same files later.
 *
 * @throws InputError when one cannot be had
 */
export async function withFetchedFiles<S extends Pick<RunSettings, 'model' | 'data'>>(settings: S): Promise<S> {
  return { ...settings, model: await fetchModel(settings.model), data: await fetchData(settings.data) };
}

/** The same for data alone. */
export async function fetchData(data: DataSettings, options: FetchOptions = {}): Promise<DataSettings> {
  if ('dataset' in data) {
    const { name: dataset, subset } = await fetchDataset(data.dataset, { ...options, subset: data.subset });
    return { ...data, dataset, subset };
  }
  if (!isHubGlue(data)) return data;
  const { name: folder } = await fetchDataset(data.folder, { ...options, subset: data.task });
  return { ...data, folder };
}

/** Where the rows of a run are; for those of an adapter that was trained elsewhere nowhere. */
export function sourceOf(data: DataSettings, random?: Random): Source {
  switch (data.kind) {
    case 'glue':
      return sourceAt({ task: data.task, [isHubGlue(data) ? 'dataset' : 'data']: data.folder });
    case 'wordnet':
      return sourceAt({ ...data, task: data.kind }, random);
    case 'unknown':
    case 'unknown-questions':
    case 'unknown-texts':
      return sourceAt({});
    default: {
      const task = data.kind === 'squad' ? data.kind : undefined;
      if ('dataset' in data) return sourceAt({ dataset: data.dataset, subset: data.subset, task });
      return sourceAt({ data: data.train, evalData: data.eval ?? undefined, task });
    }
  }
}

/** Which columns the rows of a run have. */
export function columnsOf(data: DataSettings): ColumnSettings {
  if ('text' in data) return data;
  if (data.kind === 'glue') return { known: knownDatasets[data.task], skipInvalid: data.skipInvalid };
  return { known: knownDataset(data.kind) };
}

/** Whether GLUE comes from the hub: a folder of that name goes first. */
export const isHubGlue = (data: DataSettings): data is DataSettings & { kind: 'glue' } =>
  data.kind === 'glue' && !existsSync(data.folder) && parseHubName(data.folder, 'dataset') !== undefined;

/** How many texts each example of these data has; null where that is not known. */
export function textsOf(data: ClassificationData): 1 | 2 | null {
  if (data.kind === 'unknown') return null;
  if (data.kind === 'wordnet') return 1;
  const { length } = data.kind === 'glue' ? knownDatasets[data.task].columns.text : data.text;
  return length === 2 ? 2 : 1;
}
