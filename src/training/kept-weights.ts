import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { tensor } from '../tensor/create.ts';
import { tidy } from '../tensor/scope.ts';
import { bestOf, isStalled } from './best-step.ts';
import type { KeepSettings } from './evaluation-settings.ts';
import type { EarlyStop, KeptStep, ScoredStep } from './records.ts';
import type { GivenSettings } from './settings-table.ts';

export interface KeepOptions {
  /** The score that says which evaluation is the best. */
  readonly metric: string;
  /** Evaluations without a better score after which the training ends; left out: it goes through all steps. */
  readonly patience?: number;
}

/**
 * The trained weights at the best evaluation so far, which a training ends with. Which evaluation that is follows from the scores
 * alone, so a run that was stopped continues with these and the weights.
 */
export class KeptWeights {
  readonly #parameters: readonly Parameter[];
  readonly #options: KeepOptions;
  #values: ReadonlyMap<string, Float32Array> | null = null;

  /** @param parameters those that are trained */
  constructor(parameters: readonly Parameter[], options: KeepOptions) {
    this.#parameters = parameters;
    this.#options = options;
  }

  /** The weights by the name of their parameter, of the shape of its value; null before the first score. */
  get values(): ReadonlyMap<string, Float32Array> | null {
    return this.#values;
  }

  /** Continues with the weights of a run that was stopped. */
  set values(values: ReadonlyMap<string, Float32Array> | null) {
    this.#values = values;
  }

  /** Keeps the weights as they are now if the last evaluation is the best one. */
  async note(history: readonly ScoredStep[]): Promise<void> {
    if (history.length === 0 || bestOf(history, this.#options.metric) !== history.at(-1)) return;
    const values = new Map<string, Float32Array>();
    for (const { name, value } of this.#parameters) values.set(name, Float32Array.from(await value.data()));
    this.#values = values;
  }

  /** Whether no evaluation has been better for so long that the training ends. */
  isOver(history: readonly ScoredStep[]): boolean {
    const { metric, patience } = this.#options;
    return patience !== undefined && isStalled(history, metric, patience);
  }

  /** What is told of a training that ended before its last step; null where nothing here ended it. */
  toldEarly(plannedSteps: number): EarlyStop | null {
    const { patience } = this.#options;
    return patience === undefined ? null : { planned_steps: plannedSteps, patience };
  }

  /** Gives the parameters the weights that are kept, if there are some. */
  restore(): void {
    const values = this.#values;
    if (!values) return;
    for (const parameter of this.#parameters) {
      const kept = values.get(parameter.name);
      if (!kept) throw new Error(`${parameter.name} is not among the kept weights.`);
      tidy(() => parameter.assign(tensor(kept, parameter.value.shape)));
    }
  }

  /** What the weights are of; null if no score is a number. */
  told(history: readonly ScoredStep[]): KeptStep | null {
    const { metric } = this.#options;
    const best = bestOf(history, metric);
    return best && { step: best.step, metric, score: best.metrics[metric], chosen_by: 'evaluation rows' };
  }
}

/** The note of a report about which rows chose the weights; none for the last weights. */
export const keptNotes = (kept: KeptStep | null): string[] =>
  kept ? [`The weights are those after step ${kept.step}: the ${kept.chosen_by} chose them, by ${kept.metric}.`] : [];

/**
 * Returns what is to be kept while a model is trained, as settings say; null for the last weights.
 *
 * @param metrics the scores of an evaluation, the primary one first; undefined without evaluation data
 * @throws InputError for a metric that is none of them, and settings without effect as there are no evaluation data
 */
export function keptOf(
  {
    loadBestModelAtEnd,
    metricForBestModel,
    earlyStoppingPatience: patience,
    riglSteps,
  }: KeepSettings & Pick<GivenSettings, 'riglSteps'>,
  metrics: readonly string[] | undefined,
  parameters: readonly Parameter[],
): KeptWeights | null {
  if (!loadBestModelAtEnd) return null;
  if (riglSteps !== undefined) {
    throw new InputError(
      '--rigl-steps (riglSteps) moves weights, and the best ones are kept without their places; give --load-best-model-at-end false (loadBestModelAtEnd).',
    );
  }
  if (!metrics) {
    const given = {
      '--metric-for-best-model (metricForBestModel)': metricForBestModel,
      '--early-stopping-patience (earlyStoppingPatience)': patience,
    };
    const idle = Object.entries(given).find(([, value]) => value !== undefined);
    if (!idle) return null;
    throw new InputError(`${idle[0]} has no effect without evaluation data; give some with --eval-data (evalData).`);
  }
  if (metricForBestModel !== undefined && !metrics.includes(metricForBestModel)) {
    throw new InputError(
      `--metric-for-best-model (metricForBestModel) is '${metricForBestModel}'; the scores of these data are ${metrics.join(', ')}.`,
    );
  }
  return new KeptWeights(parameters, { metric: metricForBestModel ?? metrics[0], patience });
}
