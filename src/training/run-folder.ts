import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { storedShape, toSparseTensors } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isAdapterFolder } from '../interchange/index.ts';
import {
  BusyError,
  checkSpace,
  type OutputFolder,
  OVERWRITE,
  openOutput,
  openSafetensors,
  parseSafetensors,
  readJsonObject,
  recoverOutput,
  serializeSafetensors,
} from '../io/index.ts';
import type { Parameter } from '../nn/index.ts';
import type { PrunedMatrix } from '../pruning/index.ts';
import { type EvaluationReport, evaluationReport } from '../report/index.ts';
import { parseWith, shown } from '../settings/index.ts';
import { sizeOf } from '../tensor/shape.ts';
import type { ParameterCount } from './accounting.ts';
import { tensorsFingerprint } from './fingerprint.ts';
import { isCrossValidation } from './folds-record.ts';
import type { TaskModel } from './model.ts';
import { checkPlugins, pluginsOfRun } from './plugins.ts';
import { type RunConfig, type RunMetrics, runConfig, runMetrics } from './records.ts';
import { runPage } from './run-report.ts';

/** The files of a finished run, and of one that was stopped. */
const CONFIG = 'sparse-adapter.json';
export const WEIGHTS = 'adapter.safetensors';
const METRICS = 'metrics.json';
export const REPORT = 'report.json';
export const REPORT_PAGE = 'report.html';
export const CHECKPOINT = 'checkpoint.safetensors';
const FORMAT_VERSION = 1;
/** How a run is continued, in messages. */
export const RESUME = 'train --resume (resume: true)';
const RESTORE = 'Restore the file, or use the version of sparse-adapter that wrote it.';

/** Names of all files that the folder of a run may hold. */
export const runFileNames = [CONFIG, WEIGHTS, METRICS, REPORT, REPORT_PAGE, CHECKPOINT];

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
 * @param options.patience milliseconds to wait for another process that has it. Default 300.
 * @throws InputError if it holds a run and `overwrite` is false, or anything else, if another process writes it, and if it cannot be
 *   written
 */
export function openRunFolder(
  folder: string,
  { overwrite = false, patience }: { readonly overwrite?: boolean; readonly patience?: number } = {},
): OutputFolder {
  const output = openOutput(folder, runFileNames, { patience });
  const isStopped = existsSync(join(output.path, CHECKPOINT));
  if (overwrite || (!isStopped && !existsSync(join(output.path, CONFIG)))) return output;
  output.close();
  throw new InputError(
    isStopped
      ? `${folder} holds a stopped run: continue it with ${RESUME}, or replace it with ${OVERWRITE}.`
      : `${folder} holds a finished run: choose another output folder, or replace it with ${OVERWRITE}.`,
  );
}

/** Opens it, with a run in it or without; null while another process writes it. @throws InputError as {@link openRunFolder} */
export function openUnlessBusy(folder: string): OutputFolder | null {
  try {
    // A process that waited for one run of another process would never find the next one free.
    return openRunFolder(folder, { overwrite: true, patience: 0 });
  } catch (error) {
    if (error instanceof BusyError) return null;
    throw error;
  }
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

/** Numbers that determine the size of a run's JSON files: settings, counts, scores and losses. */
export interface DocumentSizes {
  readonly epochs: number;
  readonly steps: number;
  readonly evaluations: number;
  readonly labels: readonly string[] | null;
  /** Whether a checkpoint has the weights of the best evaluation too. */
  readonly isKept: boolean;
}

/** Bytes of JSON, rather more than less. */
const BYTES = { always: 64 * 1024, parameter: 256, evaluation: 512, number: 32 } as const;
/** Of the report and its page: texts of errors, what it has for each class, and for each pair of classes. */
const REPORT_BYTES = { always: 256 * 1024, class: 2 * 1024, pair: 32 } as const;

function documentBytes({ epochs, steps, evaluations, labels }: DocumentSizes, parameters: number): number {
  const names = (labels ?? []).reduce((sum, label) => sum + BYTES.number + Buffer.byteLength(JSON.stringify(label)), 0);
  const scores = BYTES.evaluation * Math.min(evaluations, steps);
  const classes = labels?.length ?? 0;
  const report = REPORT_BYTES.always + REPORT_BYTES.class * classes + REPORT_BYTES.pair * Math.min(classes, 1000) ** 2;
  return BYTES.always + BYTES.parameter * parameters + BYTES.number * epochs + scores + names + report;
}

/** The bytes of the files of a run, and of what a checkpoint takes beside them. */
function runBytes(parameters: readonly Parameter[], sizes: DocumentSizes): { files: number; others: number } {
  const bytesOf = (some: readonly Parameter[]) => some.reduce((sum, { size }) => sum + 4 * size, 0);
  const files = bytesOf(parameters) + documentBytes(sizes, parameters.length);
  const trained = bytesOf(parameters.filter(({ trainable }) => trainable));
  return { files, others: files + (sizes.isKept ? 3 : 2) * trained + BYTES.number * sizes.steps };
}

/**
 * Keeps space for the files of a run on the disk, so that a trained model can be saved even if others have filled the disk.
 *
 * @throws InputError if there is too little for them and a checkpoint
 */
export function reserveRun(output: OutputFolder, parameters: readonly Parameter[], sizes: DocumentSizes): void {
  const { files, others } = runBytes(parameters, sizes);
  output.reserve(files, others);
}

/** Checks that there is space for a run, without a file on the disk. @throws InputError as {@link reserveRun} */
export function checkRunSpace(folder: string, parameters: readonly Parameter[], sizes: DocumentSizes): void {
  const { files, others } = runBytes(parameters, sizes);
  checkSpace(folder, files + others);
}

/** The counts of a run's parameters: pruned weights do not count as trained. */
export const countedIn = ({ trainable, backbone }: TaskModel): Counts => ({
  trained_parameters: trainable.counts,
  backbone_parameters: backbone.reduce((sum, { size }) => sum + size, 0),
});
type Counts = Pick<RunMetrics, 'trained_parameters' | 'backbone_parameters'>;

/** Returns the metrics of an adapter that was not trained here. */
export const untrainedMetrics = (model: TaskModel, pruningSeconds = 0): RunMetrics => ({
  metrics: null,
  ...countedIn(model),
  steps: 0,
  history: [],
  epoch_losses: [],
  seconds: { pruning: pruningSeconds, training: 0, evaluation: 0 },
  tokens_per_second: null,
});

/** The bytes of the adapter and head in the sparse format. */
export async function adapterFile(parameters: readonly Parameter[]): Promise<Uint8Array> {
  const { tensors, metadata } = await toSparseTensors(parameters);
  return serializeSafetensors(tensors, metadata);
}

/** Configuration, metrics and report of a run, without the version of its files. */
export interface RunTold {
  readonly config: Omit<RunConfig, 'format_version'>;
  readonly metrics: RunMetrics;
  /** Null without evaluation data. */
  readonly report: EvaluationReport | null;
}

interface RunFiles extends RunTold {
  readonly files: Readonly<Record<string, Uint8Array | string>>;
}

/** The files of a finished run by name, and what they tell: also of which tensors that is. */
export async function runFiles(
  { config, metrics, report }: RunTold,
  parameters: readonly Parameter[],
): Promise<RunFiles> {
  const weights = await adapterFile(parameters);
  const fingerprint = tensorsFingerprint(parseSafetensors(weights, WEIGHTS));
  const plugins = pluginsOfRun();
  const told = {
    config: { ...config, ...(plugins && { plugins }), fingerprint },
    metrics: { ...metrics, fingerprint },
    report: report && { ...report, fingerprint },
  };
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  const files = {
    [CONFIG]: json({ format_version: FORMAT_VERSION, ...told.config }),
    [WEIGHTS]: weights,
    [METRICS]: json(told.metrics),
    // In one line: a matrix of confusions has a number for each pair of classes.
    ...(told.report && {
      [REPORT]: `${JSON.stringify(told.report)}\n`,
      [REPORT_PAGE]: runPage(told.report, told.config),
    }),
  };
  return { ...told, files };
}

/**
 * Writes a finished run; an earlier one or a checkpoint in the folder is replaced at once at the end.
 *
 * @returns the configuration, metrics and report as written, with the fingerprint of its tensors
 */
export async function saveRun(output: OutputFolder, run: RunTold, parameters: readonly Parameter[]): Promise<RunTold> {
  const { files, ...told } = await runFiles(run, parameters);
  output.replace(files);
  return told;
}

/** @throws InputError if the folder holds no finished run of this format */
export function readRunConfig(folder: string): RunConfig {
  if (!isFinishedRun(folder)) {
    const hint = hasCheckpoint(folder)
      ? `the run was stopped; finish it with ${RESUME}`
      : isCrossValidation(folder)
        ? 'it holds the runs of a cross-validation; name one of them, such as fold-1'
        : isAdapterFolder(folder)
          ? 'it is an adapter of another library; take it over with convert --to sparse'
          : 'give the output folder of a training';
    throw new InputError(`${folder} has no ${CONFIG}: ${hint}.`);
  }
  const path = join(folder, CONFIG);
  const config = readJsonObject(path);
  const { format_version: version } = config;
  if (version !== undefined && version !== FORMAT_VERSION) {
    throw new InputError(
      `${path}: format_version ${shown(version)} is not ${FORMAT_VERSION}; use the version of sparse-adapter that wrote it.`,
    );
  }
  checkPlugins(config, path);
  return parseWith(runConfig, config, path, RESTORE);
}

/** @throws InputError if the folder holds no metrics of this format */
export function readRunMetrics(folder: string): RunMetrics {
  const path = join(folder, METRICS);
  return parseWith(runMetrics, readJsonObject(path), path, RESTORE);
}

/** Returns the report of a run; null where it has none, as without evaluation data. @throws InputError if it is no report of this format */
export function readRunReport(folder: string): EvaluationReport | null {
  const path = join(folder, REPORT);
  return existsSync(path) ? parseWith(evaluationReport, readJsonObject(path), path, RESTORE) : null;
}

/** The bytes of each file of a run, by name. */
export function runFileSizes(folder: string): Record<string, number> {
  return Object.fromEntries(
    runFileNames
      .filter((name) => existsSync(join(folder, name)))
      .map((name) => [name, statSync(join(folder, name)).size]),
  );
}

/** A pruned matrix of a finished run. */
export interface StoredMatrix extends PrunedMatrix {
  readonly name: string;
}

/** Returns the pruned matrices of a finished run. @throws InputError if the file cannot be read */
export function storedMatrices(folder: string): StoredMatrix[] {
  const file = openSafetensors(join(folder, WEIGHTS));
  try {
    const masked = Object.keys(file.metadata).filter((name) => file.has(`${name}.mask`));
    return masked.map((name) => ({
      name,
      shape: storedShape(file, name),
      kept: sizeOf(file.info(`${name}.values`).shape),
    }));
  } finally {
    file.close();
  }
}

/** Returns the parameter counts of a finished run's adapter and head. @throws InputError if the file cannot be read */
export function storedCounts(folder: string): ParameterCount[] {
  const file = openSafetensors(join(folder, WEIGHTS));
  const sizeIn = (tensor: string) => sizeOf(file.info(tensor).shape);
  try {
    const masked = Object.keys(file.metadata).filter((name) => file.names().includes(`${name}.mask`));
    const parts = new Set(masked.flatMap((name) => [`${name}.values`, `${name}.mask`]));
    const whole = file.names().filter((name) => !parts.has(name));
    return [
      ...masked.map((name) => ({
        name,
        total: sizeOf(storedShape(file, name)),
        kept: sizeIn(`${name}.values`),
      })),
      ...whole.map((name) => ({ name, total: sizeIn(name), kept: sizeIn(name) })),
    ];
  } finally {
    file.close();
  }
}

/** A line if what a run's files tell is not of these tensors, or does not say of which it is. */
export function fingerprintWarnings(
  folder: string,
  { fingerprint }: Pick<RunConfig | RunMetrics, 'fingerprint'>,
  ofTensors: string,
): string[] {
  if (fingerprint === ofTensors) return [];
  return [
    fingerprint === undefined
      ? `${folder} is of an earlier version and does not say of which weights its metrics are.`
      : `The weights in ${join(folder, WEIGHTS)} are not those of the run: its metrics and its sparsity are not of these weights; evaluate it anew.`,
  ];
}
