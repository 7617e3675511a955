import { existsSync } from 'node:fs';
import { type AdapterSettings, completeSettings, type PrunableSet } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import { fetchDataset, type GlueTaskName } from '../data/index.ts';
import { parseHubName } from '../io/hub/repository.ts';
import { type FetchOptions, fetchModel } from '../io/index.ts';
import type { Pooling } from '../models/index.ts';
import type { PruningMethod, Scope } from '../pruning/index.ts';
import type { TrainingOptions } from './trainer.ts';

/** Where examples with a class or a number come from. */
export type ClassificationData =
  | {
      readonly kind: 'glue';
      readonly task: GlueTaskName;
      /** Of the official files; or a dataset of the hub, `org/name@revision`, with a subset for each task. */
      readonly folder: string;
    }
  | {
      readonly kind: 'table';
      readonly train: string;
      /** Null: no evaluation. */
      readonly eval: string | null;
      readonly text: readonly string[];
      readonly label: string;
      /** What the label column holds; `auto`: numbers if all its values are. */
      readonly labelKind: 'auto' | 'classification' | 'regression';
    }
  | {
      readonly kind: 'dataset';
      /** A dataset of the hub: `org/name`, `org/name@revision`. */
      readonly dataset: string;
      /** The part of one that has several; left out: the only one, or `default`. */
      readonly subset?: string;
      readonly text: readonly string[];
      readonly label: string;
      readonly labelKind: 'auto' | 'classification' | 'regression';
    }
  | {
      readonly kind: 'wordnet';
      readonly trainPerClass: number;
      readonly evalPerClass: number;
    };

/** Where questions about texts come from. */
export interface QuestionData {
  readonly kind: 'squad';
  /** A file of SQuAD v1.1, or a folder with one whose name begins with `train`. */
  readonly train: string;
  /** The same, with `dev`. Null: the one in the folder of `train`; no evaluation if that is a file. */
  readonly eval: string | null;
  /** Tokens from the beginning of one window of a text to that of the next. */
  readonly stride: number;
}

/** Where examples come from; the kind tells the task. */
export type DataSettings = ClassificationData | QuestionData;

export interface PruningSettings {
  readonly method: PruningMethod;
  /** The fraction of prunable weights removed. */
  readonly sparsity: number;
  readonly scope: Scope;
  /** Which parts of the adapter are pruned. Default `all`. */
  readonly prunable?: PrunableSet;
  /** Training examples to score with. */
  readonly examples: number;
}

/** Everything that determines a run; plain JSON, stored with its results. */
export interface RunSettings<Data extends DataSettings = DataSettings> {
  /** A model folder, the name of an installed package, or a model of the hub: `org/name`, `org/name@revision`. */
  readonly model: string;
  readonly data: Data;
  /** Options that are left out have the defaults of its family. */
  readonly adapter: AdapterSettings;
  /** Null: a dense adapter. */
  readonly pruning: PruningSettings | null;
  readonly training: TrainingOptions;
  readonly pooling: Pooling;
  /** Tokens per example, special tokens included. */
  readonly maxLength: number;
  /** False keeps the head as it is: random, as in the SparseAdapter authors' code. */
  readonly trainHead: boolean;
  readonly seed: number;
  readonly backend: BackendName;
}

/** What the SparseAdapter paper uses on GLUE, where it says so. */
export const pruningDefaults: PruningSettings = { method: 'snip', sparsity: 0.4, scope: 'global', examples: 320 };

export const runDefaults: Pick<RunSettings, 'pooling' | 'maxLength' | 'trainHead' | 'seed' | 'backend'> = {
  pooling: 'cls',
  maxLength: 512,
  trainHead: true,
  seed: 42,
  backend: 'wasm',
};

/** The settings with all options of the adapter. @throws InputError for an option that its family does not have */
export function withAllOptions(settings: RunSettings): RunSettings {
  return { ...settings, adapter: completeSettings(settings.adapter, { pruned: settings.pruning !== null }) };
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
  if (data.kind === 'dataset') {
    const { name: dataset, subset } = await fetchDataset(data.dataset, { ...options, subset: data.subset });
    return { ...data, dataset, subset };
  }
  if (!isHubGlue(data)) return data;
  const { name: folder } = await fetchDataset(data.folder, { ...options, subset: data.task });
  return { ...data, folder };
}

/** Whether GLUE comes from the hub: a folder of that name goes first. */
export const isHubGlue = (data: DataSettings): data is DataSettings & { kind: 'glue' } =>
  data.kind === 'glue' && !existsSync(data.folder) && parseHubName(data.folder, 'dataset') !== undefined;
