import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type AdaptableModel, loadSparseTensors, toSparseTensors } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isAdapterFolder } from '../interchange/index.ts';
import {
  type OutputFolder,
  openOutput,
  openSafetensors,
  readJsonObject,
  recoverOutput,
  type SafetensorsFile,
  serializeSafetensors,
  type TensorData,
} from '../io/index.ts';
import type { SequenceClassifier } from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import type { AdamState } from '../optim/index.ts';
import { Random } from '../random/index.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { Counted } from './accounting.ts';
import { type AdaptedModel, type AdapterPruneReport, buildModel } from './prepare.ts';
import type { RunSettings } from './settings.ts';
import type { Scores, Task, TaskTypes } from './task.ts';
import { classification, taskOf } from './tasks/index.ts';

/** The files of a finished run, and of one that was stopped. */
const CONFIG = 'sparse-adapter.json';
export const WEIGHTS = 'adapter.safetensors';
const METRICS = 'metrics.json';
const CHECKPOINT = 'checkpoint.safetensors';
const FORMAT_VERSION = 1;

/** `sparse-adapter.json`: what is needed to rebuild the model and to know how it came about. */
export interface RunConfig {
  readonly format_version: number;
  readonly settings: RunSettings;
  /** Class names; null where there are none, as in regression. */
  readonly labels: readonly string[] | null;
  readonly metrics: readonly string[];
  readonly pruning: AdapterPruneReport | null;
  /** The exact command that made it. */
  readonly command: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
}

/** The scores on the evaluation data after a number of steps. */
export interface ScoredStep {
  readonly step: number;
  readonly metrics: Scores;
}

/** `metrics.json`. */
export interface RunMetrics {
  /** On the evaluation data after the last step; null without evaluation data. */
  readonly metrics: Scores | null;
  /** Without the pruned ones. */
  readonly trained_parameters: { readonly adapter: number; readonly head: number };
  readonly backbone_parameters: number;
  readonly steps: number;
  /** The scores while it was trained; the last are those above. */
  readonly history: readonly ScoredStep[];
  /** The mean loss of each epoch. */
  readonly epoch_losses: readonly number[];
  readonly seconds: { readonly pruning: number; readonly training: number; readonly evaluation: number };
  /** In training. */
  readonly tokens_per_second: number | null;
}

/** What the folder of a run may hold. */
export const runFileNames = [CONFIG, WEIGHTS, METRICS, CHECKPOINT];

const holds = (folder: string, file: string): boolean => {
  recoverOutput(folder);
  return existsSync(join(folder, file));
};
export const isFinishedRun = (folder: string): boolean => holds(folder, CONFIG);
export const hasCheckpoint = (folder: string): boolean => holds(folder, CHECKPOINT);

/**
 * Opens the folder of a run for writing, before the work that would be lost. Nobody else can write it until it is closed.
 *
 * @param options.overwrite whether it may hold a run, which stays until the new one is finished. Default false.
 * @throws InputError if it holds a run and `overwrite` is false, or anything else, if another process writes it, and if it cannot be
 *   written
 */
export function openRunFolder(
  folder: string,
  { overwrite = false }: { readonly overwrite?: boolean } = {},
): OutputFolder {
  const output = openOutput(folder, runFileNames);
  const isStopped = existsSync(join(output.path, CHECKPOINT));
  if (overwrite || (!isStopped && !existsSync(join(output.path, CONFIG)))) return output;
  output.close();
  throw new InputError(
    isStopped
      ? `${folder} holds a stopped run: continue it with --resume, or replace it with --overwrite.`
      : `${folder} holds a finished run: choose another --output, or replace it with --overwrite.`,
  );
}

/** Does work with the folder of a run: one that is named is opened for it alone, one that is opened already stays open. */
export async function withRunFolder<Result>(
  output: string | OutputFolder,
  work: (output: OutputFolder) => Promise<Result>,
): Promise<Result> {
  if (typeof output !== 'string') return work(output);
  const opened = openRunFolder(output, { overwrite: true });
  try {
    return await work(opened);
  } finally {
    opened.close();
  }
}

/** Settings and metrics, which no parameter makes larger. */
const DOCUMENT_BYTES = 64 * 1024;

/**
 * Keeps space for the files of a run on the disk, so that what was trained can be saved when others have filled it.
 *
 * @throws InputError if there is too little for them and a checkpoint
 */
export function reserveRun(output: OutputFolder, parameters: readonly Parameter[]): void {
  const bytesOf = (some: readonly Parameter[]) => some.reduce((sum, { size }) => sum + 4 * size, 0);
  const files = bytesOf(parameters) + DOCUMENT_BYTES;
  output.reserve(files, files + 2 * bytesOf(parameters.filter(({ trainable }) => trainable)));
}

/** The bytes of the adapter and head in the sparse format. */
export async function adapterFile(parameters: readonly Parameter[]): Promise<Uint8Array> {
  const { tensors, metadata } = await toSparseTensors(parameters);
  return serializeSafetensors(tensors, metadata);
}

/** The files of a finished run by name. */
export async function runFiles(
  config: Omit<RunConfig, 'format_version'>,
  metrics: RunMetrics,
  parameters: readonly Parameter[],
): Promise<Record<string, Uint8Array | string>> {
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return {
    [CONFIG]: json({ format_version: FORMAT_VERSION, ...config }),
    [WEIGHTS]: await adapterFile(parameters),
    [METRICS]: json(metrics),
  };
}

/** Writes a finished run; an earlier one or a checkpoint in the folder is replaced at once at the end. */
export async function saveRun(
  output: OutputFolder,
  config: Omit<RunConfig, 'format_version'>,
  metrics: RunMetrics,
  parameters: readonly Parameter[],
): Promise<void> {
  output.replace(await runFiles(config, metrics, parameters));
}

/** @throws InputError if the folder holds no finished run of this format */
export function readRunConfig(folder: string): RunConfig {
  if (!isFinishedRun(folder)) {
    const hint = hasCheckpoint(folder)
      ? 'the run was stopped; finish it with train --resume'
      : isAdapterFolder(folder)
        ? 'it is an adapter of another library; take it over with convert --to sparse'
        : 'give the --output folder of train';
    throw new InputError(`${folder} has no ${CONFIG}: ${hint}.`);
  }
  const config = readJsonObject(join(folder, CONFIG)) as unknown as RunConfig;
  if (config.format_version !== FORMAT_VERSION) {
    throw new InputError(
      `${join(folder, CONFIG)}: format_version ${config.format_version} is not ${FORMAT_VERSION}; use the version of sparse-adapter that wrote it.`,
    );
  }
  const missing = ['settings', 'labels', 'metrics', 'pruning', 'command'].find((key) => !Object.hasOwn(config, key));
  if (missing !== undefined) {
    throw new InputError(`${join(folder, CONFIG)} lacks "${missing}"; restore the file, or train again.`);
  }
  return config;
}

/** @throws InputError if the folder holds no metrics */
export function readRunMetrics(folder: string): RunMetrics {
  return readJsonObject(join(folder, METRICS)) as unknown as RunMetrics;
}

/** The bytes of each file of a run, by name. */
export function runFileSizes(folder: string): Record<string, number> {
  return Object.fromEntries(
    runFileNames
      .filter((name) => existsSync(join(folder, name)))
      .map((name) => [name, statSync(join(folder, name)).size]),
  );
}

/** What a finished run holds, adapter and head, parameter by parameter. @throws InputError if the file cannot be read */
export function storedCounts(folder: string): Counted[] {
  const file = openSafetensors(join(folder, WEIGHTS));
  const sizeIn = (tensor: string) => sizeOf(file.info(tensor).shape);
  try {
    const masked = Object.keys(file.metadata).filter((name) => file.names().includes(`${name}.mask`));
    const parts = new Set(masked.flatMap((name) => [`${name}.values`, `${name}.mask`]));
    const whole = file.names().filter((name) => !parts.has(name));
    return [
      ...masked.map((name) => ({
        name,
        total: sizeOf(JSON.parse(file.metadata[name])),
        kept: sizeIn(`${name}.values`),
      })),
      ...whole.map((name) => ({ name, total: sizeIn(name), kept: sizeIn(name) })),
    ];
  } finally {
    file.close();
  }
}

export interface LoadedRun<Model extends AdaptableModel = AdaptableModel> extends AdaptedModel<Model> {
  readonly run: RunConfig;
}

/**
 * Rebuilds the model of a finished run: backbone, adapter with its masks, head.
 *
 * @param options.task what it must have been trained for, by default classification
 * @param options.model another place of the same backbone
 * @throws InputError if the folder or the backbone lacks something, or the run is one of another task
 */
export function loadRun(folder: string, options?: { readonly model?: string }): LoadedRun<SequenceClassifier>;
export function loadRun<T extends TaskTypes>(
  folder: string,
  options: { readonly task: Task<T>; readonly model?: string },
): LoadedRun<T['model']>;
export function loadRun(
  folder: string,
  { task = classification, model }: { readonly task?: Task; readonly model?: string } = {},
): LoadedRun {
  const run = readRunConfig(folder);
  const trained = taskOf(run.settings.data);
  if (trained !== task) throw new InputError(`${folder} was trained for ${trained.name}, not for ${task.name}.`);
  const settings = model === undefined ? run.settings : { ...run.settings, model };
  const built = buildModel(task, settings, run.labels, new Random(settings.seed), { head: 'new' });
  const file = openSafetensors(join(folder, WEIGHTS));
  try {
    loadSparseTensors(file, built.saved);
  } finally {
    file.close();
  }
  return { ...built, run };
}

/** Where a stopped run stood. */
export interface CheckpointHeader {
  readonly settings: RunSettings;
  /** Of the examples that it was trained on. */
  readonly fingerprint: string;
  /** The command that began the run. */
  readonly command: readonly string[];
  readonly pruning: AdapterPruneReport | null;
  readonly step: number;
  /** One per step. */
  readonly losses: readonly number[];
  readonly history: readonly ScoredStep[];
  readonly tokens: number;
  readonly seconds: { readonly pruning: number; readonly training: number; readonly evaluation: number };
}

/**
 * Writes the position of a run, its weights and the optimiser's moments in one file.
 *
 * @param options.isLast whether the run stops here, so that it may take the space that was kept
 */
export async function saveCheckpoint(
  output: OutputFolder,
  header: Omit<CheckpointHeader, 'step'>,
  parameters: readonly Parameter[],
  optimizer: AdamState,
  { isLast }: { readonly isLast: boolean },
): Promise<void> {
  const { tensors, metadata } = await toSparseTensors(parameters);
  const moments = [...optimizer.moments].flatMap(([name, moment]) =>
    (['m', 'v'] as const).map((key): TensorData => {
      const data = Float32Array.from(moment[key]);
      return { name: `adam.${key}.${name}`, dtype: 'F32', shape: [data.length], data };
    }),
  );
  const run = JSON.stringify({ ...header, step: optimizer.step } satisfies CheckpointHeader);
  const bytes = serializeSafetensors([...tensors, ...moments], { ...metadata, run });
  output.writeFile(CHECKPOINT, bytes, { useReserve: isLast });
}

function headerOf({ label, metadata }: SafetensorsFile): CheckpointHeader {
  if (metadata.run === undefined) {
    throw new InputError(`${label} is not the checkpoint of a run; begin again with --overwrite in place of --resume.`);
  }
  return JSON.parse(metadata.run);
}

/**
 * Puts weights and masks back where a run was stopped.
 *
 * @returns the header and the optimiser's state
 * @throws InputError if there is no checkpoint or it is of other parameters
 */
export function loadCheckpoint(
  folder: string,
  parameters: readonly Parameter[],
): { header: CheckpointHeader; optimizer: AdamState } {
  const file = openSafetensors(join(folder, CHECKPOINT));
  try {
    const header = headerOf(file);
    loadSparseTensors(file, parameters, (name) => name.startsWith('adam.'));
    const trained = parameters.filter(({ trainable }) => trainable);
    const moments = new Map(
      trained.map(({ name }) => [
        name,
        { m: file.readFloat32(`adam.m.${name}`), v: file.readFloat32(`adam.v.${name}`) },
      ]),
    );
    return { header, optimizer: { step: header.step, moments } };
  } finally {
    file.close();
  }
}

/** What is known of the stopped run in a folder. @throws InputError if there is none */
export function readStoppedRun(folder: string): CheckpointHeader {
  if (!hasCheckpoint(folder)) {
    const hint = isFinishedRun(folder) ? 'its run is finished' : 'start the run without --resume';
    throw new InputError(`${folder} has no ${CHECKPOINT} to resume from: ${hint}.`);
  }
  const file = openSafetensors(join(folder, CHECKPOINT));
  try {
    return headerOf(file);
  } finally {
    file.close();
  }
}
