import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { loadSparseTensors } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { openSafetensors, resolveModelFolder } from '../io/index.ts';
import { builtAdapter } from './large-sparse.ts';
import { ownAdapter, type TaskModel } from './model.ts';
import { readRunConfig, WEIGHTS } from './run-folder.ts';
import type { FusedAdapter } from './settings-table.ts';

/**
 * The adapters of finished runs, for a run that fuses them.
 *
 * @param runs the folder of each, and the name that its adapter gets
 * @param model the backbone of the new run
 * @throws InputError if there are fewer than two or their names are not distinct, and for a folder without a finished run, with one
 * on another backbone, or with a fusion
 */
export function fusedAdapters(runs: readonly Omit<FusedAdapter, 'settings'>[], model: string): FusedAdapter[] {
  if (runs.length < 2) throw new InputError('A fusion mixes the adapters of two runs or more.');
  const taken = [ownAdapter, ...runs.map(({ name }) => name)];
  const twice = taken.find((name, i) => taken.indexOf(name) < i);
  if (twice !== undefined)
    throw new InputError(`Two adapters of a fusion, or one and itself, would be called '${twice}'.`);
  return runs.map(({ name, run }) => {
    const { settings } = readRunConfig(run);
    if (!sameModel(settings.model, model)) {
      throw new InputError(
        `${run} was trained on ${settings.model}, not on ${model}; fuse runs that have one backbone.`,
      );
    }
    if (settings.fused) throw new InputError(`${run} is a fusion itself; fuse the runs that it mixes.`);
    return { name, run, settings: builtAdapter(settings) };
  });
}

/** Splits `name=folder`, as settings name a run whose adapter is fused. */
export function namedRun(named: string): { readonly name: string; readonly run: string } {
  const [name] = named.split('=', 1);
  return { name, run: named.slice(name.length + 1) };
}

function sameModel(one: string, other: string): boolean {
  if (one === other) return true;
  try {
    return realpathSync(resolveModelFolder(one)) === realpathSync(resolveModelFolder(other));
  } catch {
    // A place that is gone is not shown to be the same.
    return false;
  }
}

/** Gives the adapters that a new run fuses the weights and masks of their runs. @throws InputError if a file does not fit */
export function loadFused({ adapters, settings }: TaskModel): void {
  for (const { name, run } of settings.fused ?? []) {
    const file = openSafetensors(join(run, WEIGHTS));
    const stored = (own: string) => own.replace(`.${name}.`, `.${ownAdapter}.`);
    try {
      // The run's head stays behind.
      loadSparseTensors(file, adapters.get(name).parameters, (tensor) => !tensor.includes(`.${ownAdapter}.`), stored);
    } finally {
      file.close();
    }
  }
}
