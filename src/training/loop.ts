import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { type EvaluationTimes, evaluationSteps } from './evaluation-settings.ts';
import type { KeptWeights } from './kept-weights.ts';
import type { TaskModel } from './model.ts';
import type { RunMetrics, ScoredStep } from './records.ts';
import { countedIn } from './run-folder.ts';
import { stopwatch } from './stopwatch.ts';
import type { Evaluation, Judgement, Scores, TaskTypes } from './task.ts';
import type { Trainer } from './trainer.ts';
import { yieldToEvents } from './yield.ts';

/** What a model was judged to be after some steps. */
export interface JudgedStep {
  readonly step: number;
  readonly judgement: Judgement;
}

/** Records of a training beside its weights; they grow with every step. */
export interface Progress {
  /** One per step. */
  readonly losses: number[];
  readonly history: ScoredStep[];
  tokens: number;
  /** The scores on rows that chose nothing, once the training is over. */
  test?: Scores;
  readonly seconds: { readonly pruning: number; training: number; evaluation: number };
}

export interface StepProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Over the whole training so far. */
  readonly tokensPerSecond: number;
}

export interface LoopEvents {
  readonly onStep?: (progress: StepProgress) => void;
  readonly onEvaluate?: (done: number, total: number) => void;
  readonly onScored?: (scores: ScoredStep) => void;
  /** Called while the trained model is scored on rows that chose nothing. */
  readonly onTest?: (done: number, total: number) => void;
}

export interface Loop<T extends TaskTypes> {
  /** Null: no evaluation. */
  readonly evaluation: Evaluation<T['model']> | null;
  readonly times: EvaluationTimes;
  /** The weights of the best evaluation, which the model ends with. Default: it ends with the last ones. */
  readonly kept?: KeptWeights | null;
  readonly signal?: AbortSignal;
  readonly events: LoopEvents;
  /** Done before the first step of each epoch. */
  readonly onEpoch?: () => Promise<void>;
  /** Done after each step. */
  readonly onStepDone?: () => Promise<void>;
}

/**
 * Takes the steps and evaluations that are left, and adds their results to `progress`.
 *
 * @returns the last evaluation; null where there was none, as without evaluation data
 * @throws InputError if a weight is not finite after the last step
 * @throws the signal's reason when it is aborted; the step under way is finished before
 */
export async function trainLoop<T extends TaskTypes>(
  model: TaskModel<T>,
  trainer: Trainer<T['item']>,
  progress: Progress,
  loop: Loop<T>,
): Promise<JudgedStep | null> {
  model.hold();
  let judged: JudgedStep | null = null;
  const { riglSteps } = model.settings;
  const { signal, events, kept } = loop;
  const due = evaluationSteps(trainer.totalSteps, loop.times);
  for (;;) {
    if (trainer.done) await checkFinite(model.saved);
    const isScored = progress.history.at(-1)?.step === trainer.step;
    if (due.has(trainer.step) && !isScored) {
      const last = await score(model, trainer.step, progress, loop);
      // Of the weights that the model ends with.
      if (!kept || kept.told(progress.history)?.step === last?.step) judged = last;
    }
    if (trainer.done || kept?.isOver(progress.history)) {
      kept?.restore();
      return judged;
    }
    await yieldToEvents();
    signal?.throwIfAborted();
    if (trainer.plan.startsEpoch(trainer.step)) await loop.onEpoch?.();
    const stop = stopwatch();
    const { batch, ...report } = await trainer.trainStep();
    if (riglSteps !== undefined && trainer.step % riglSteps === 0) {
      const { moveMasks } = await import('./rigl.ts');
      await moveMasks(trainer, model.trainable.parameters);
    }
    progress.losses.push(report.loss);
    progress.tokens += batch.reduce<number>((sum, item) => sum + model.definition.tokenCount(item), 0);
    progress.seconds.training += stop();
    events.onStep?.({ ...report, tokensPerSecond: progress.tokens / progress.seconds.training });
    await loop.onStepDone?.();
  }
}

/** Returns the metrics of a finished training. @param kept what its loop kept */
export function trainingMetrics<T extends TaskTypes>(
  model: TaskModel<T>,
  trainer: Trainer<T['item']>,
  { losses, history, tokens, seconds, test }: Progress,
  kept: KeptWeights | null,
): RunMetrics {
  const chosen = kept?.told(history) ?? null;
  const early = trainer.done ? null : kept?.toldEarly(trainer.totalSteps);
  return {
    ...countedIn(model),
    metrics: history.find(({ step }) => step === chosen?.step)?.metrics ?? history.at(-1)?.metrics ?? null,
    ...(chosen && { kept: chosen }),
    ...(early && { stopped_early: early }),
    ...(test && { test_metrics: test }),
    history,
    steps: trainer.step,
    epoch_losses: epochLosses(losses, trainer.plan.stepsPerEpoch),
    seconds,
    tokens_per_second: tokens > 0 ? tokens / seconds.training : null,
  };
}

/** Evaluates the model and remembers the scores, if there are evaluation data. */
async function score<T extends TaskTypes>(
  { network }: TaskModel<T>,
  step: number,
  progress: Progress,
  { evaluation, signal, events, kept }: Loop<T>,
): Promise<JudgedStep | null> {
  if (!evaluation) return null;
  const stop = stopwatch();
  const onBatch = (done: number) => events.onEvaluate?.(done, evaluation.size);
  const judgement = await evaluation.judge(network, { onBatch, signal });
  const { scores: metrics } = judgement;
  progress.seconds.evaluation += stop();
  progress.history.push({ step, metrics });
  await kept?.note(progress.history);
  events.onScored?.({ step, metrics });
  return { step, judgement };
}

/** Returns the mean of the losses of each epoch's steps, of the last one of those that were taken. */
function epochLosses(losses: readonly number[], stepsPerEpoch: readonly number[]): number[] {
  let end = 0;
  return stepsPerEpoch.flatMap((steps) => {
    end += steps;
    const own = losses.slice(end - steps, end);
    return own.length === 0 ? [] : own.reduce((sum, loss) => sum + loss, 0) / own.length;
  });
}

/** The loss of a step cannot show that the step itself, the last one of a run, went wrong. */
async function checkFinite(parameters: readonly Parameter[]): Promise<void> {
  for (const parameter of parameters) {
    const bad = (await parameter.value.data()).find((value) => !Number.isFinite(value));
    if (bad !== undefined) {
      throw new InputError(`${parameter.name} is ${bad} after the last step; lower the learning rate.`);
    }
  }
}
