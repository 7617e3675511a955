import { join } from 'node:path';
import { loadSparseTensors } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { hasTokenizer, openSafetensors } from '../io/index.ts';
import { isPoolerWeight } from '../models/index.ts';
import { tensorsFingerprint } from './fingerprint.ts';
import { type CreateModel, createTaskModel, loadParts, type SharedParts, type TaskModel } from './model.ts';
import type { RunConfig } from './records.ts';
import { fingerprintWarnings, readRunConfig, WEIGHTS } from './run-folder.ts';
import type { Task, TaskTypes } from './task.ts';
import { taskOf, usedTask } from './tasks/index.ts';

/** The model of a finished run, with its configuration and metrics. */
export interface LoadedRun<T extends TaskTypes = TaskTypes> {
  readonly model: TaskModel<T>;
  readonly run: RunConfig;
}

export interface LoadRunOptions<T extends TaskTypes> {
  /** The task that the run must be of, or be used as. Default: any. */
  readonly task?: Task<T>;
  /** Another place of the same backbone. */
  readonly model?: string;
  /** Whether the model is only used: the backbone is held as the run says while it is read. Default false */
  readonly isOnlyUsed?: boolean;
  /** What it has in common with other models of its backbone. */
  readonly shared?: SharedParts;
}

/**
 * Rebuilds the model of a finished run: backbone, adapter with its masks, head.
 *
 * @throws InputError if the folder or the backbone lacks something, or the run is one of another task
 */
export function loadRun<T extends TaskTypes = TaskTypes>(
  folder: string,
  { task, model: place, isOnlyUsed = false, shared }: LoadRunOptions<T> = {},
  create: CreateModel = createTaskModel,
): LoadedRun<T> {
  const run = readRunConfig(folder);
  const trained = taskOf(run.settings) as Task;
  if (task && usedTask(trained) !== (task as Task)) {
    throw new InputError(`${folder} was trained for ${trained.name}, not for ${task.name}.`);
  }
  const settings = place === undefined ? run.settings : { ...run.settings, model: place };
  const file = openSafetensors(join(folder, WEIGHTS));
  try {
    // A pooler that was trained with the head is in the file.
    const pooler = file.names().some(isPoolerWeight) ? 'head' : 'backbone';
    const holds = isOnlyUsed && settings.adapter.kind !== 'full';
    const tokenizerFolder = settings.vocabularySize !== undefined && hasTokenizer(folder) ? folder : undefined;
    const how = { head: 'new', pooler, holds, tokenizerFolder, ...shared } as const;
    const parts = loadParts(trained as Task<T>, settings, run.labels, how);
    const stale = fingerprintWarnings(folder, run, tensorsFingerprint(file));
    const model = create({
      ...parts,
      loaded: { ...parts.loaded, warnings: [...parts.loaded.warnings, ...stale] },
    });
    model.addAdapter(settings.adapter, settings.fused, { isLoaded: true });
    loadSparseTensors(file, model.saved);
    return { model, run };
  } finally {
    file.close();
  }
}
