import { adapterTitle } from '../adapters/index.ts';
import { finiteOrNull } from '../report/finite.ts';
import { type EvaluationReport, reportPage } from '../report/index.ts';
import { commandText } from './command-text.ts';
import { builtAdapter } from './large-sparse.ts';
import type { RunConfig } from './records.ts';
import type { Judgement } from './task.ts';
import { taskOf } from './tasks/index.ts';

/** Data that a model was judged on. */
interface JudgedData {
  readonly name: string;
  readonly examples: readonly unknown[];
}

/** What a report on test rows says of them. */
export const TEST_NOTE = 'These are test rows, which chose nothing in training: neither weights nor settings.';

/** The report of a judgement: plain JSON. @param notes what else is to be known, such as which rows chose the weights */
export const evaluationReportOf = (
  { scores, warnings = [], parts = [] }: Judgement,
  { name, examples }: JudgedData,
  notes: readonly string[] = [],
): EvaluationReport => ({
  data: name,
  examples: examples.length,
  scores: Object.fromEntries(Object.entries(scores).map(([metric, value]) => [metric, finiteOrNull(value)])),
  notes,
  warnings,
  parts,
});

/** The report of a run as a page, with what trained it. */
export const runPage = (report: EvaluationReport, config: Omit<RunConfig, 'format_version'>): string =>
  reportPage(report, { title: `${taskOf(config.settings).name}: ${report.data}`, facts: factsOf(config) });

function factsOf({ settings, pruning, command, versions }: Omit<RunConfig, 'format_version'>): [string, string][] {
  const { model, learningRate, epochs, batchSize, batchTokens, maxLength, seed, backend } = settings;
  const batches = batchTokens === undefined ? `${batchSize} examples` : `up to ${batchTokens} tokens`;
  const kept = pruning && `${settings.pruning}: ${pruning.kept} of ${pruning.total} weights kept`;
  return [
    ['model', model],
    ['adapter', adapterTitle(builtAdapter(settings))],
    ...(kept ? [['pruning', kept] satisfies [string, string]] : []),
    [
      'training',
      `${epochs} epochs, learning rate ${learningRate}, batches of ${batches}, inputs of up to ${maxLength} tokens`,
    ],
    ['seed, backend', `${seed}, ${backend}`],
    ...(command.length > 0 ? [['command', commandText(command)] satisfies [string, string]] : []),
    ...Object.entries(versions),
  ];
}
