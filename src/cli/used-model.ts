import type { BackendName } from '../backends/index.ts';
import { type HoldOptions, type Loaded, longestSequence } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import type { Tokenizer } from '../text/index.ts';
import {
  defaultOf,
  loadRun,
  type RunSettings,
  readRunConfig,
  type Task,
  type TaskTypes,
  tokenizerOf,
} from '../training/index.ts';
import { heldCheckpoint, refuseBesideRun } from './backbone.ts';
import { useBackend } from './backend.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { warn } from './output.ts';

/** Options that name a model. */
export interface ModelFlags {
  readonly model?: string;
  readonly backboneDtype?: HeldDType;
  readonly backend?: BackendName;
  readonly sourceLang?: string;
  readonly targetLang?: string;
}

/** A model that is only used, with its tokenizer. */
export interface UsedModel<Model> {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
}

/** Loads the model of a run. @throws UsageError for a type of the backbone, InputError as `loadRun` */
export async function modelOfRun<T extends TaskTypes>(
  run: string,
  task: Task<T>,
  flags: ModelFlags,
): Promise<UsedModel<T['model']> & { readonly settings: RunSettings }> {
  refuseBesideRun(flags);
  if (flags.sourceLang !== undefined || flags.targetLang !== undefined) {
    throw new UsageError(
      '--source-lang and --target-lang are for a checkpoint (--model); a run has the languages that it was trained with.',
    );
  }
  const { settings } = readRunConfig(run);
  await useBackend(flags.backend ?? settings.backend);
  const place = await useModel(flags.model ?? settings.model);
  const { model } = loadRun(run, { task, model: place, isOnlyUsed: true });
  for (const warning of model.warnings) warn(warning);
  return { model: model.hold(), tokenizer: model.tokenizer, settings };
}

/**
 * Loads a checkpoint with a head of its own.
 *
 * @param kind what it must have, for the message where none is named
 * @returns the model, and the shorter of `maxLength` and the longest sequence that it reads
 * @throws UsageError where none is named, InputError as `load`
 */
export async function modelOfCheckpoint<Model>(
  { model, backend = defaultOf('backend'), ...flags }: ModelFlags,
  kind: string,
  maxLength: number,
  load: (folder: string, random: Random, held: HoldOptions) => Loaded<Model>,
): Promise<UsedModel<Model> & { readonly maxLength: number }> {
  if (model === undefined) throw new UsageError(`name the folder of a run, or with --model a checkpoint ${kind}.`);
  await useBackend(backend);
  const place = await useModel(model);
  const held = heldCheckpoint(flags);
  const loaded = load(place, new Random(defaultOf('seed')), held.options);
  for (const warning of [...loaded.warnings, ...held.warnings]) warn(warning);
  const longest = Math.min(maxLength, longestSequence(loaded.config));
  const tokenizer = tokenizerOf(loaded, warn, { source: flags.sourceLang, target: flags.targetLang });
  return { model: loaded.model, tokenizer, maxLength: longest };
}
