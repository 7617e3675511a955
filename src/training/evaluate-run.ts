import { encodeExamples } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { fetchModel } from '../io/index.ts';
import type { MetricName } from '../metrics/index.ts';
import { evaluate, type PredictOptions } from './classification.ts';
import { readEvaluationData, runRandom } from './prepare.ts';
import { type LoadedRun, loadRun, readRunConfig } from './run-folder.ts';
import { type DataSettings, fetchData } from './settings.ts';

export interface EvaluateRunOptions extends PredictOptions {
  /** Another place of the backbone. */
  readonly model?: string;
  /** Other data than the run was evaluated on, from its evaluation part. */
  readonly data?: DataSettings;
  readonly onWarning?: (message: string) => void;
  /** Told how many examples there are. */
  readonly onLoaded?: (run: LoadedRun, examples: number) => void;
}

export interface EvaluationResult {
  /** The name of the data. */
  readonly data: string;
  readonly examples: number;
  readonly metrics: Readonly<Partial<Record<MetricName, number>>>;
}

/**
 * Evaluates a finished run; on the data and the backend of its training the metrics are the same to the last bit.
 *
 * @throws InputError if the folder, the backbone or the data is unusable, or the run names no evaluation data
 */
export async function evaluateRun(folder: string, options: EvaluateRunOptions = {}): Promise<EvaluationResult> {
  const { settings, labels } = readRunConfig(folder);
  const model = await fetchModel(options.model ?? settings.model);
  const source = await fetchData(options.data ?? settings.data);
  const loaded = loadRun(folder, { model });
  const data = await readEvaluationData(source, labels, runRandom(settings));
  if (!data) throw new InputError(`${folder} was trained without evaluation data; give some with --data.`);
  for (const warning of data.warnings) options.onWarning?.(warning);
  options.onLoaded?.(loaded, data.examples.length);
  const items = encodeExamples(data.examples, loaded.tokenizer, settings.maxLength);
  return {
    data: data.name,
    examples: items.length,
    metrics: await evaluate(loaded.model, items, data.metrics, options),
  };
}
