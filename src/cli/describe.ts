import { adapterTitle } from '../adapters/index.ts';
import { isEncoderDecoder, type ModelConfig } from '../models/index.ts';
import type { Parameter } from '../nn/index.ts';
import { type Bytes, type PruneReport, sparseSavings, timeShare } from '../pruning/index.ts';
import {
  type AdapterPruneReport,
  builtAdapter,
  type FoldsResult,
  isExternal,
  type ParameterCount,
  type RunConfig,
  type RunMetrics,
  type RunSettings,
  type StoredMatrix,
  type TaskModel,
} from '../training/index.ts';
import { formatBytes, formatCount, formatMetric, formatPercent, formatSeconds, note } from './output.ts';

/** `houlsby 64, snip 40 %`, or `dense` without pruning; for an adapter that was trained elsewhere only its name. */
export function methodName(settings: RunSettings): string {
  const title = adapterTitle(builtAdapter(settings));
  if (isExternal(settings) && settings.pruning === 'none') return title;
  return `${title}, ${settings.pruning === 'none' ? 'dense' : pruningName(settings)}`;
}

/** `snip 40 %`, `snip large-sparse 4`, `synflow 40 % in 100 rounds` */
function pruningName({ pruning, sparsity = 0, largeSparse, pruningIterations: rounds = 1 }: RunSettings): string {
  const removed = largeSparse === undefined ? percent(sparsity) : `large-sparse ${largeSparse}`;
  return `${pruning} ${removed}${rounds > 1 ? ` in ${rounds} rounds` : ''}`;
}

/** Without superfluous digits: 40 %, 62.5 %. */
const percent = (fraction: number): string => `${Number((100 * fraction).toFixed(4))} %`;

export const countSizes = (parameters: readonly Parameter[]): number =>
  parameters.reduce((sum, { size }) => sum + size, 0);

export const architecture = (config: ModelConfig): string =>
  isEncoderDecoder(config)
    ? `${config.model_type}, ${config.encoder_layers} and ${config.decoder_layers} layers of ${config.d_model}`
    : `${config.model_type}, ${config.num_hidden_layers} layers of ${config.hidden_size}`;

/** Prints the loaded model, and the tensors of its checkpoint that were ignored or are new. */
export function noteLoaded(name: string, loaded: TaskModel): void {
  const { config, adapter, backbone } = loaded;
  note(`backbone  ${name}: ${architecture(config)}, ${formatCount(countSizes(backbone))} parameters`);
  note(`adapter   ${formatCount(countSizes(adapter.parameters))} parameters`);
  noteCheckpoint(loaded);
}

/** Prints the tensors of a checkpoint that were ignored and those that are new, unless a warning about its head did. */
function noteCheckpoint({ folder, ignored, initialized, warnings }: TaskModel): void {
  if (warnings.some((line) => line.startsWith(`${folder}: `))) return;
  if (ignored.length > 0) note(`ignored   ${shortList(ignored)} of the checkpoint`);
  if (initialized.length > 0) note(`new       ${shortList(initialized)}`);
}

/** Said before, because scoring can take a while. */
export function notePruning(settings: RunSettings): void {
  if (settings.pruning === 'none') return;
  const { pruningExamples: examples } = settings;
  const data = examples === undefined ? '' : `, scored on at most ${formatCount(examples)} examples`;
  note(`pruning   ${pruningName(settings)}${data}`);
}

export function notePruned({ total, kept, dense }: AdapterPruneReport): void {
  note(`pruned    ${formatCount(total - kept)} of ${formatCount(total)} adapter weights`);
  if (dense !== undefined) note(`kept      ${formatCount(kept)}; the narrow, dense adapter has ${formatCount(dense)}`);
}

function shortList(names: readonly string[], length = 4): string {
  const more = names.length > length ? ` and ${names.length - length} more` : '';
  return `${names.slice(0, length).join(', ')}${more}`;
}

type Config = Omit<RunConfig, 'format_version'>;

/** Returns table rows with the results of a run. */
export function runRows(
  { settings, pruning }: Config,
  metrics: RunMetrics,
  fileBytes: number,
  matrices: readonly StoredMatrix[],
): string[][] {
  const { trained_parameters: trained, backbone_parameters: backbone, seconds, tokens_per_second: speed } = metrics;
  const times = Object.entries(seconds).filter(([, value]) => value > 0);
  return [
    ...Object.entries(metrics.metrics ?? {}).map(([name, value]) => [name, formatMetric(value)]),
    ...Object.entries(metrics.test_metrics ?? {}).map(([name, value]) => [`test ${name}`, formatMetric(value)]),
    ...keptRows(metrics),
    ...earlyRows(metrics),
    ['method', methodName(settings)],
    ...(settings.fused ? [['fused', settings.fused.map(({ name, run }) => `${name} of ${run}`).join(', ')]] : []),
    ...(settings.backboneDtype ? [['backbone held as', settings.backboneDtype]] : []),
    ...trainedRows(trained, backbone),
    ...(pruning ? [...sparsityRows(pruning), ...savingsRows(pruning, matrices)] : []),
    ['adapter file', formatBytes(fileBytes)],
    ...times.map(([name, value]) => [name, formatSeconds(value)]),
    ...(speed === null ? [] : [['speed', `${formatCount(Math.round(speed))} tokens/s`]]),
  ];
}

/** The results of a cross-validation: rows and head of a table. */
export function foldsTable({
  folds,
  mean,
  standard_deviation: deviation,
}: FoldsResult & { readonly status: 'finished' }): [rows: string[][], head: string[]] {
  const rows = Object.keys(mean).map((name) => [
    name,
    ...[mean, deviation, ...folds.map(({ metrics }) => metrics)].map((scores) => formatMetric(scores[name])),
  ]);
  return [rows, ['metric', 'mean', 'deviation', ...folds.map(({ fold }) => `fold ${fold}`)]];
}

/** A table row that says which evaluation chose the weights; none for the last weights. */
const keptRows = ({ kept, steps }: RunMetrics): string[][] =>
  kept
    ? [['weights', `those after step ${kept.step} of ${steps}, chosen by ${kept.metric} on the ${kept.chosen_by}`]]
    : [];

/** A table row that says that a training ended early; none where it took all steps. */
const earlyRows = ({ stopped_early: early, steps }: RunMetrics): string[][] =>
  early
    ? [
        [
          'stopped early',
          `after step ${steps} of ${early.planned_steps}, by --early-stopping-patience ${early.patience}`,
        ],
      ]
    : [];

/** Trained parameters as the paper counts them, in percent of the backbone: of the adapter, of the head, and of both. */
export function trainedRows(trained: RunMetrics['trained_parameters'], backbone: number): string[][] {
  const share = (count: number) => `${formatCount(count)} (${formatPercent(count / backbone)} of the backbone)`;
  return [
    ['trained, adapter', share(trained.adapter)],
    ['trained, head', share(trained.head)],
    ['trained, both', share(trained.adapter + trained.head)],
  ];
}

/** Returns table rows with the sparsity; with Large-Sparse also the weights of the narrow, dense adapter. */
export function sparsityRows({ total, kept, dense }: Omit<AdapterPruneReport, 'layers'>): string[][] {
  const rows = [['sparsity', `${formatPercent(1 - kept / total)} of ${formatCount(total)} weights`]];
  if (dense === undefined) return rows;
  return [...rows, ['large-sparse', `${formatCount(kept)} weights kept, ${formatCount(dense)} in the dense adapter`]];
}

/** Table rows with what it saves that pruned matrices are held as their kept weights; none where this backend holds them whole. */
export function savingsRows(
  counts: Pick<PruneReport, 'kept' | 'total'> & Partial<PruneReport>,
  matrices?: readonly StoredMatrix[],
): string[][] {
  const savings = sparseSavings(counts, matrices);
  if (!savings) return [];
  const { memory, training, time } = savings;
  const beside = ({ kept, whole }: Bytes) => `${formatBytes(kept)} (dense ${formatBytes(whole)})`;
  const { layers, kept } = counts;
  return [
    ...(layers ? [['sparse matrices', `${layers.length}, held as their ${formatCount(kept)} kept weights`]] : []),
    ['memory of matrices', `${beside(memory)}; in training ${beside(training)}`],
    ...(time === null ? [] : [['time of products', timeText(time)]]),
  ];
}

const timeText = (share: number): string =>
  share < 1 ? `about ${formatPercent(share)} of that with dense matrices` : 'that with dense matrices';

/** One row per module: name, parameters, those that are kept where that is known, and these in percent of the backbone. */
export const moduleHead = ['module', 'parameters', 'kept', 'of the backbone'];
export const moduleRows = (modules: readonly ParameterCount[], backbone: number): string[][] =>
  modules.map(({ name, total, kept }) => [
    name,
    formatCount(total),
    kept === null ? 'by score' : formatCount(kept),
    kept === null ? '' : formatPercent(kept / backbone),
  ]);

/** A table with one row per matrix: name, weights, kept, sparsity and, where it is known, the time of its products. */
export function layerTable(
  { layers, total, kept }: PruneReport,
  matrices: readonly StoredMatrix[] = [],
): { head: string[]; rows: string[][] } {
  const shares = new Map(matrices.map((matrix) => [matrix.name, timeShare(matrix)]));
  const isTimed = [...shares.values()].some((share) => share !== null);
  const head = ['matrix', 'weights', 'kept', 'sparsity', ...(isTimed ? ['time of dense'] : [])];
  const rows = [...layers, { name: 'all', total, kept }].map((layer) => {
    const share = shares.get(layer.name) ?? null;
    return [
      layer.name,
      formatCount(layer.total),
      formatCount(layer.kept),
      formatPercent(1 - layer.kept / layer.total),
      ...(isTimed ? [share === null ? '' : formatPercent(share)] : []),
    ];
  });
  return { head, rows };
}

/** A run as a JSON document. */
export const runDocument = (
  output: string | null,
  config: Config,
  metrics: RunMetrics,
  fileBytes: number | null,
  matrices?: readonly StoredMatrix[],
) => ({
  output,
  ...metrics,
  file_bytes: fileBytes,
  sparse: config.pruning && sparseSavings(config.pruning, matrices),
  ...config,
  metrics: metrics.metrics,
});
