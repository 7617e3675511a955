import { InputError } from '../errors.ts';
import { fetchModel } from '../io/index.ts';
import type { Random } from '../random/index.ts';
import type { EvaluationReport } from '../report/index.ts';
import { tableFacts } from './held-out.ts';
import { keptNotes } from './kept-weights.ts';
import { loadRun } from './load-run.ts';
import type { TaskModel } from './model.ts';
import { type JudgedPart, judgedParts, readJudged } from './run-data.ts';
import { readRunConfig, readRunMetrics } from './run-folder.ts';
import { evaluationReportOf, TEST_NOTE } from './run-report.ts';
import { downloadData } from './settings.ts';
import type { RunSettings } from './settings-table.ts';
import type { PredictOptions, Scores, Task } from './task.ts';
import { taskOf } from './tasks/index.ts';

export interface EvaluateRunOptions extends PredictOptions {
  /** Another place of the backbone. */
  readonly model?: string;
  /** Which of its rows. Default: those to validate on, or without such those to test on. */
  readonly split?: JudgedPart;
  /** Settings of the run with other data than it was evaluated on. */
  readonly settings?: RunSettings;
  readonly onWarning?: (message: string) => void;
  /** Called with the model and the number of items that will pass through the model. */
  readonly onLoaded?: (model: TaskModel, size: number) => void;
}

export interface EvaluationResult {
  /** The name of the data. */
  readonly data: string;
  readonly split: JudgedPart;
  readonly examples: number;
  readonly metrics: Scores;
  /** What stands behind the metrics. */
  readonly report: EvaluationReport;
}

/**
 * Evaluates a finished run; on the data and the backend of its training the metrics are the same to the last bit.
 *
 * @throws InputError if the folder, the backbone or the data is unusable, or the run names no evaluation data
 */
export async function evaluateRun(folder: string, options: EvaluateRunOptions = {}): Promise<EvaluationResult> {
  const { settings, labels, table } = readRunConfig(folder);
  const task = taskOf(settings);
  if (options.settings && taskOf(options.settings) !== task)
    throw new InputError(`${folder} was trained for ${task.name}; give data of that task.`);
  const place = await fetchModel(options.model ?? settings.model);
  const read = await downloadData(options.settings ?? settings);
  const { model } = loadRun(folder, { model: place, isOnlyUsed: true });
  for (const warning of model.warnings) options.onWarning?.(warning);
  const found = await judgedRows(task, read, options.split, labels, model.random);
  if (!found) throw unknownRows(folder, options.split);
  const { rows: data, split } = found;
  if (found.table && table?.fingerprint !== tableFacts(found.table).fingerprint) {
    options.onWarning?.(
      `${found.table.name} is not as it was for ${folder}: the rows that are held out are drawn anew, and it may have learnt from them`,
    );
  }
  for (const warning of data.warnings) options.onWarning?.(warning);
  const evaluation = task.evaluation(data, model.tokenizer, read);
  options.onLoaded?.(model, evaluation.size);
  const judgement = await evaluation.judge(model.hold(), options);
  return {
    data: data.name,
    split,
    examples: data.examples.length,
    metrics: judgement.scores,
    report: evaluationReportOf(judgement, data, options.settings ? [] : notesOf(folder, split)),
  };
}

/** What is to be known of scores on rows of the run itself. */
const notesOf = (folder: string, split: JudgedPart): string[] => [
  ...(split === 'test' ? [TEST_NOTE] : []),
  ...keptNotes(readRunMetrics(folder).kept ?? null),
];

/** The rows of a part; where none is named those to validate on, or else those to test on. */
async function judgedRows(
  task: Task,
  settings: RunSettings,
  split: JudgedPart | undefined,
  labels: readonly string[] | null,
  random: Random,
) {
  for (const part of split === undefined ? judgedParts : [split]) {
    const found = await readJudged(task, settings, part, labels, random);
    if (found) return { ...found, split: part };
  }
  return null;
}

const unknownRows = (folder: string, split: JudgedPart | undefined): InputError =>
  split === undefined
    ? new InputError(`${folder} was trained without evaluation data; give some with --data (data).`)
    : new InputError(`${folder} has no ${split} rows; leave out --split (split), or give rows with --data (data).`);
