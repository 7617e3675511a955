import { type AdapterSettings, completeSettings, type OptionValue } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import type { GlueTaskName } from '../data/index.ts';
import type { Pooling } from '../models/index.ts';
import { pruningMethodOf, type Scope } from '../pruning/index.ts';
import { widened } from './large-sparse.ts';
import type { TrainingOptions } from './trainer.ts';

/** Where examples come from. */
export type DataSettings =
  | { readonly kind: 'glue'; readonly task: GlueTaskName; readonly folder: string }
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
      readonly kind: 'wordnet';
      readonly trainPerClass: number;
      readonly evalPerClass: number;
    }
  /** Of an adapter that was trained elsewhere. */
  | { readonly kind: 'unknown' };

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
export interface RunSettings {
  /** A model folder or the name of an installed package. */
  readonly model: string;
  readonly data: DataSettings;
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
  /** False keeps the head as it is: random, as in the SparseAdapter authors' code. */
  readonly trainHead: boolean;
  readonly seed: number;
  readonly backend: BackendName;
  /** How often the model is evaluated while it is trained, at equal distances; the last time is at the end. Default 1. */
  readonly evaluations?: number;
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
