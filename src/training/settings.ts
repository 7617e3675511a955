import { existsSync } from 'node:fs';
import { type AdapterSettings, completeSettings, type OptionValue } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import { fetchDataset, type GlueTaskName, type LabelKind } from '../data/index.ts';
import { parseHubName } from '../io/hub/repository.ts';
import { type FetchOptions, fetchModel } from '../io/index.ts';
import type { rougeTokenizers } from '../metrics/index.ts';
import type { GenerationSettings, Pooling } from '../models/index.ts';
import { pruningMethodOf, type Scope } from '../pruning/index.ts';
import { widened } from './large-sparse.ts';
import type { TrainingOptions } from './trainer.ts';

/** Files on this machine. */
interface OwnFiles {
  readonly train: string;
  /** Null: no evaluation. */
  readonly eval: string | null;
}

/** How rows are read. */
interface RowReading {
  /** Rows that cannot be used are left out and counted. Default false: they are an error that lists them. */
  readonly skipInvalid?: boolean;
}

/** A dataset of the hub, with files of its own for training and evaluation. */
export interface HubDataset {
  /** `org/name`, `org/name@revision`. */
  readonly dataset: string;
  /** The part of one that has several; left out: the only one, or `default`. */
  readonly subset?: string;
}

/** For messages: with its subset. */
export const datasetName = ({ dataset, subset }: HubDataset): string => (subset ? `${dataset} ${subset}` : dataset);

/** Where examples with a class or a number come from. */
export type ClassificationData =
  | ({
      readonly kind: 'glue';
      readonly task: GlueTaskName;
      /** Of the official files; or a dataset of the hub, `org/name@revision`, with a subset for each task. */
      readonly folder: string;
    } & RowReading)
  | ({
      readonly kind: 'table';
      readonly text: readonly string[];
      readonly label: string;
      /** What the label column holds; `auto`: numbers if all its values are. */
      readonly labelKind: LabelKind;
    } & OwnFiles &
      RowReading)
  | ({
      readonly kind: 'dataset';
      readonly text: readonly string[];
      readonly label: string;
      readonly labelKind: LabelKind;
    } & HubDataset &
      RowReading)
  | {
      readonly kind: 'wordnet';
      readonly trainPerClass: number;
      readonly evalPerClass: number;
    }
  /** Of an adapter that was trained elsewhere. */
  | { readonly kind: 'unknown' };

/** Where texts come from, each with one to write for it, and how such are written when the model is evaluated. */
export type TextGenerationData = {
  readonly kind: 'pairs';
  /** The column with the text to read. */
  readonly text: string;
  /** The column with the text to write. */
  readonly target: string;
  /** Tokens of a text to write, special tokens included. */
  readonly maxTargetLength: number;
  /** What is left out is as the checkpoint says. */
  readonly generation: Partial<GenerationSettings>;
  /** What ROUGE takes for words. Default `ascii`, as the official scorer. */
  readonly rougeTokenizer?: (typeof rougeTokenizers)[number];
} & (OwnFiles | HubDataset) &
  RowReading;

/**
 * Where questions about texts come from: files of SQuAD v1.1, or folders with one whose name begins with `train` or `dev`; without
 * `eval` the one in the folder of `train`.
 */
export type QuestionData = {
  readonly kind: 'squad';
  /** Tokens from the beginning of one window of a text to that of the next. */
  readonly stride: number;
} & (OwnFiles | HubDataset);

/** Where examples come from; the kind tells the task. */
export type DataSettings = ClassificationData | QuestionData | TextGenerationData;

export interface PruningSettings {
  /** The name of a pruning method. */
  readonly method: string;
  /**
   * The fraction of prunable weights removed. Large-Sparse: the adapter is made so many times as wide, and as many weights are
   * removed as the others have then.
   */
  readonly sparsity: number | { readonly largeSparse: number };
  readonly scope: Scope;
  /** Which parts of the adapter are pruned, see `prunableIn`. Default `all`. */
  readonly prunable?: string;
  /** In how many rounds. Default: that of the method. */
  readonly iterations?: number;
  /** Of the method; those that are left out have its defaults. */
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** Training examples to score with. */
  readonly examples: number;
}

/** An adapter of a finished run that the adapter of another one mixes. */
export interface FusedAdapter {
  /** Its name there. */
  readonly name: string;
  /** The folder of the finished run. Its weights are taken over once, when the other run begins. */
  readonly run: string;
  readonly settings: AdapterSettings;
}

/** Everything that determines a run; plain JSON, stored with its results. */
export interface RunSettings<Data extends DataSettings = DataSettings> {
  /** A model folder, the name of an installed package, or a model of the hub: `org/name`, `org/name@revision`. */
  readonly model: string;
  readonly data: Data;
  /** Options that are left out have the defaults of its family. */
  readonly adapter: AdapterSettings;
  /** The adapters that it mixes, if it does. */
  readonly fused?: readonly FusedAdapter[];
  /** Null: a dense adapter. */
  readonly pruning: PruningSettings | null;
  readonly training: TrainingOptions;
  readonly pooling: Pooling;
  /** Tokens per example, special tokens included. */
  readonly maxLength: number;
  /**
   * False leaves dropout out below the first layer with a part of the adapter; the output of those layers is then computed once for
   * each example. Default true.
   */
  readonly dropoutBelow?: boolean;
  /** False keeps the head as it is: random, as in the SparseAdapter authors' code. */
  readonly trainHead: boolean;
  /**
   * False: a checkpoint's head that does not fit the labels is an error, as one that is missing. True, the default: a new one is made.
   */
  readonly ignoreMismatchedSizes?: boolean;
  readonly seed: number;
  readonly backend: BackendName;
  /** How often the model is evaluated while it is trained, at equal distances; the last time is at the end. Default 1. */
  readonly evaluations?: number;
}

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

/** The settings with all options of the adapter and of the pruning method. @throws InputError for an option that they do not have */
export function withAllOptions(
  settings: RunSettings,
): RunSettings & { readonly pruning: Required<PruningSettings> | null } {
  const adapter = completeSettings(settings.adapter, { pruned: settings.pruning !== null });
  return { ...settings, adapter, pruning: settings.pruning && completePruning(settings.pruning) };
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

/** Whether GLUE comes from the hub: a folder of that name goes first. */
export const isHubGlue = (data: DataSettings): data is DataSettings & { kind: 'glue' } =>
  data.kind === 'glue' && !existsSync(data.folder) && parseHubName(data.folder, 'dataset') !== undefined;
