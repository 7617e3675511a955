import { join } from 'node:path';
import { completeSettings } from '../../../src/adapters/index.ts';
import { InputError } from '../../../src/errors.ts';
import { type ConversionTarget, convertAdapter, openAdapter, type TaskModel } from '../../../src/training/index.ts';
import { temporaryFolder } from '../../io/temporary.ts';
import { liven, maskRandomly } from '../../support/adapters.ts';
import { maskOf } from '../../support/parameters.ts';
import type { PeerCase } from './cases.ts';
import { type AnyModel, inputsFor, outputsOf, tasks } from './tasks.ts';

/** A run of ours on the disk, with what it computes. */
export interface PeerRun extends PeerCase {
  readonly folder: string;
  readonly outputs: readonly (readonly number[])[];
  /** The masks of the matrices that pruning may touch, by name. */
  readonly masks: Masks;
}

export type Masks = Readonly<Record<string, readonly number[] | null>>;

export const masksOf = ({ adapter }: Pick<AnyModel, 'adapter'>): Masks =>
  Object.fromEntries(adapter.prunable.map((parameter) => [parameter.name, maskOf(parameter)]));

/** The adapters that a fusion mixes, `<kind>-<number>`. */
const membersOf = ({ adapters }: PeerCase['settings']) =>
  (Array.isArray(adapters) ? adapters : []).map((name) => ({
    name,
    run: name,
    settings: completeSettings({ kind: name.replace(/-.*/, ''), bottleneck: 3 }),
  }));

/** Makes the run of a case: numbers as if trained, half of the weights that can be pruned removed. */
export async function runOf(given: PeerCase): Promise<PeerRun> {
  const model = await tasks[given.task].open(given.model);
  try {
    model.addAdapter(given.settings, membersOf(given.settings));
    liven({ parameters: model.saved }, given.id);
    maskRandomly(model.adapter.prunable, given.id);
    const folder = join(temporaryFolder(), 'run');
    await model.savePretrained(folder);
    const outputs = inputsFor(given).map((inputs) => outputsOf(model, inputs));
    return { ...given, folder, outputs, masks: masksOf(model) };
  } finally {
    model.dispose();
  }
}

/** What became of a conversion: a folder with what was said of it, or why none has the same logits in Python. */
export type Exported =
  | { readonly folder: string; readonly warnings: readonly string[] }
  | { readonly folder?: undefined; readonly reason: string };

/** Converts a run as the command does. */
export async function exported({ folder }: PeerRun, to: ConversionTarget): Promise<Exported> {
  const output = join(temporaryFolder(), 'exported');
  try {
    const { warnings } = await convertAdapter(folder, output, { to, ...(to === 'adapterhub' && { name: 'task' }) });
    const told = warnings.find((line) => /logits differ|cannot run/.test(line));
    return told === undefined ? { folder: output, warnings } : { reason: told };
  } catch (error) {
    if (error instanceof InputError) return { reason: error.message };
    throw error;
  }
}

/** Reads a folder that Python saved, as the command does. @throws InputError */
export async function reopened(folder: string, model: string): Promise<{ model: TaskModel; close: () => void }> {
  const run = join(temporaryFolder(), 'run');
  await convertAdapter(folder, run, { to: 'sparse', model });
  const { model: opened } = openAdapter(run);
  return { model: opened, close: () => opened.dispose() };
}
