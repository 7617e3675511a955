import { InputError } from '../errors.ts';
import { fetchModel } from '../io/index.ts';
import type { EvaluationReport } from '../report/index.ts';
import { columnsOf } from './columns.ts';
import { loadRun } from './load-run.ts';
import type { TaskModel } from './model.ts';
import { readRunConfig } from './run-folder.ts';
import { evaluationReportOf } from './run-report.ts';
import { downloadData, sourceOf } from './settings.ts';
import type { RunSettings } from './settings-table.ts';
import type { PredictOptions, Scores } from './task.ts';
import { taskOf } from './tasks/index.ts';

export interface EvaluateRunOptions extends PredictOptions {
  /** Another place of the backbone. */
  readonly model?: string;
  /** Settings of the run with other data than it was evaluated on. */
  readonly settings?: RunSettings;
  readonly onWarning?: (message: string) => void;
  /** Called with the model and the number of items that will pass through the model. */
  readonly onLoaded?: (model: TaskModel, size: number) => void;
}

export interface EvaluationResult {
  /** The name of the data. */
  readonly data: string;
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
  const { settings, labels } = readRunConfig(folder);
  const task = taskOf(settings);
  if (options.settings && taskOf(options.settings) !== task)
    throw new InputError(`${folder} was trained for ${task.name}; give data of that task.`);
  const place = await fetchModel(options.model ?? settings.model);
  const read = await downloadData(options.settings ?? settings);
  const { model } = loadRun(folder, { model: place, isOnlyUsed: true });
  for (const warning of model.warnings) options.onWarning?.(warning);
  const data = await task.read(sourceOf(read, model.random), 'evaluation', columnsOf(read), labels);
  if (!data) throw new InputError(`${folder} was trained without evaluation data; give some with --data (data).`);
  for (const warning of data.warnings) options.onWarning?.(warning);
  const evaluation = task.evaluation(data, model.tokenizer, read);
  options.onLoaded?.(model, evaluation.size);
  const judgement = await evaluation.judge(model.hold(), options);
  return {
    data: data.name,
    examples: data.examples.length,
    metrics: judgement.scores,
    report: evaluationReportOf(judgement, data),
  };
}
