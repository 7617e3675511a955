import type { OutputFolder } from '../io/index.ts';
import { loadFused } from './fuse.ts';
import { tableFacts } from './held-out.ts';
import type { AdapterPruneReport, RunConfig, RunMetrics } from './records.ts';
import { type PrepareEvents, prepareRun } from './run.ts';
import { saveRun, untrainedMetrics, withRunFolder } from './run-folder.ts';
import { resolveSettings } from './settings.ts';
import type { GivenSettings } from './settings-table.ts';
import { stopwatch } from './stopwatch.ts';

export interface PruningOptions {
  readonly settings: GivenSettings;
  /** The folder to write, or null. If it is opened already, it stays open. */
  readonly output: string | OutputFolder | null;
  /** The exact command, for the record. */
  readonly command: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** When it is aborted its reason is thrown before the next pruning batch; nothing has been written then. */
  readonly signal?: AbortSignal;
  readonly events?: PrepareEvents;
}

export interface PruningResult {
  readonly config: Omit<RunConfig, 'format_version'>;
  readonly metrics: RunMetrics;
  readonly pruning: AdapterPruneReport;
}

/**
 * A run without its training: attaches the adapter, prunes it at initialisation and saves it as a run of no steps.
 *
 * @throws InputError for bad input, and settings without pruning; nothing has been written then
 */
export async function runPruning(options: PruningOptions): Promise<PruningResult> {
  const { output } = options;
  return output === null
    ? pruneAndSave(null, options)
    : withRunFolder(output, (opened) => pruneAndSave(opened, options));
}

async function pruneAndSave(output: OutputFolder | null, options: PruningOptions): Promise<PruningResult> {
  const { command, versions, signal, events = {} } = options;
  const { model, data, items, settings } = await prepareRun(await resolveSettings(options.settings), {
    ...events,
    isPrunedOnly: true,
  });
  loadFused(model);
  const seconds = stopwatch();
  const { onPruning: onBatch, onWarning } = events;
  const pruning = await model.pruneAdapter(items, { onBatch, onWarning, signal });
  if (!pruning) throw new Error('The settings name no pruning method.');
  const metrics = untrainedMetrics(model, seconds());
  const { metrics: names } = data.evaluation ?? data.train;
  const table = data.table ? { table: tableFacts(data.table) } : {};
  const told = {
    config: { settings, labels: model.labels, metrics: names, ...table, pruning, command, versions },
    metrics,
    report: null,
  };
  return { ...(output === null ? told : await saveRun(output, told, model.saved)), pruning };
}
