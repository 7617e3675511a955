import { type AdapterSettings, completeSettings, type PrunableSet } from '../adapters/index.ts';
import type { BackendName } from '../backends/index.ts';
import type { GlueTaskName } from '../data/index.ts';
import type { Pooling } from '../models/index.ts';
import type { PruningMethod, Scope } from '../pruning/index.ts';
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
    };

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
