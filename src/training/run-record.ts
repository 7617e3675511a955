import { join } from 'node:path';
import type { EvaluationReport } from '../report/index.ts';
import type { ParameterCount } from './accounting.ts';
import { fileFingerprint } from './fingerprint.ts';
import { ownAdapter } from './model.ts';
import { unpruned } from './pruning-choice.ts';
import type { AdapterPruneReport, RunConfig, RunMetrics } from './records.ts';
import {
  fingerprintWarnings,
  readRunConfig,
  readRunMetrics,
  readRunReport,
  storedCounts,
  WEIGHTS,
} from './run-folder.ts';

/** Configuration, metrics and report of a finished run, as far as they still hold. */
export interface RunRecord {
  readonly config: RunConfig;
  readonly metrics: RunMetrics;
  /** Null without evaluation data. */
  readonly report: EvaluationReport | null;
  /** A line if the weights are not those that its files describe. */
  readonly warnings: readonly string[];
}

/**
 * Reads the configuration, metrics and report of a finished run. If its weights have been replaced, scores are left out and weights are
 * counted anew.
 *
 * @throws InputError if the folder holds no finished run, or a file that is damaged
 */
export function readRun(folder: string): RunRecord {
  const config = readRunConfig(folder);
  const metrics = readRunMetrics(folder);
  const ofTensors = fileFingerprint(join(folder, WEIGHTS)) ?? '';
  const warnings = [...new Set([config, metrics].flatMap((told) => fingerprintWarnings(folder, told, ofTensors)))];
  const isStale = [config, metrics].some(({ fingerprint = ofTensors }) => fingerprint !== ofTensors);
  if (isStale) return { ...recounted(config, metrics, storedCounts(folder)), report: null, warnings };
  const report = readRunReport(folder);
  const isOfThese = report?.fingerprint === undefined || report.fingerprint === ofTensors;
  return { config, metrics, report: isOfThese ? report : null, warnings };
}

/** Without scores, and with the pruning that the weights show. */
function recounted(
  config: RunConfig,
  metrics: RunMetrics,
  counts: readonly ParameterCount[],
): Pick<RunRecord, 'config' | 'metrics'> {
  const kept = (isHead: boolean) =>
    counts
      .filter(({ name }) => name.split('.').includes(ownAdapter) !== isHead)
      .reduce((sum, count) => sum + (count.kept ?? 0), 0);
  const pruning = reportOf(counts);
  const { adapter } = config.settings;
  return {
    config: { ...config, pruning, settings: pruning ? config.settings : unpruned(config.settings) },
    metrics: {
      ...metrics,
      metrics: null,
      kept: undefined,
      history: [],
      trained_parameters:
        adapter.kind === 'full' ? metrics.trained_parameters : { adapter: kept(false), head: kept(true) },
    },
  };
}

/** Null where nothing is pruned. */
function reportOf(counts: readonly ParameterCount[]): AdapterPruneReport | null {
  const layers = counts
    .map(({ name, total, kept }) => ({ name, total, kept: kept ?? total }))
    .filter(({ total, kept }) => kept < total);
  if (layers.length === 0) return null;
  const sum = (key: 'total' | 'kept') => layers.reduce((all, layer) => all + layer[key], 0);
  return { total: sum('total'), kept: sum('kept'), layers };
}
