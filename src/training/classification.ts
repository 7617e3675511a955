import { chunks } from '../data/batches.ts';
import { type EncodedExample, tokenCount } from '../data/encode.ts';
import { InputError } from '../errors.ts';
import { computeMetrics, type MetricName } from '../metrics/index.ts';
import { packSequences } from '../models/batch.ts';
import type { SequenceClassifier } from '../models/classifier.ts';
import type { Parameter } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import type { Random } from '../random/index.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Objective } from './trainer.ts';
import { yieldToEvents } from './yield.ts';

/** What a model says of one example. */
export interface Prediction {
  /** Class index, or the value for regression. */
  readonly value: number;
  /** One per class, or the value itself. */
  readonly logits: readonly number[];
  /** softmax(logits); null for regression. */
  readonly probabilities: readonly number[] | null;
}

/**
 * The mean loss of a batch of labelled examples; with `random`, dropout is on.
 *
 * @param temperature divides the logits
 * @throws InputError for a temperature other than 1 where the output is a number and not logits
 */
export function classificationLoss(
  model: SequenceClassifier,
  batch: readonly EncodedExample[],
  random?: Random,
  temperature = 1,
): Tensor {
  if (temperature !== 1 && !model.labels) {
    throw new InputError('A temperature divides the logits of classes; where numbers are predicted it must be 1.');
  }
  const targets = batch.map(({ label }) => {
    if (label === undefined) throw new Error('An example to train on has no label.');
    return label;
  });
  const logits = model.forward(packSequences(batch, model.encoder.positionIds), random);
  return model.loss(temperature === 1 ? logits : mul(logits, 1 / temperature), targets);
}

/**
 * Training `parameters` of a classifier on labelled examples.
 *
 * @param penalty a term that is added to the loss of every batch, as some adapters ask for
 */
export function classificationObjective(
  model: SequenceClassifier,
  items: readonly EncodedExample[],
  parameters: readonly Parameter[],
  penalty: (() => Tensor) | null = null,
): Objective<EncodedExample> {
  const loss = (batch: readonly EncodedExample[], random?: Random) => {
    const mean = classificationLoss(model, batch, random);
    return penalty ? add(mean, penalty()) : mean;
  };
  return { items, lengthOf: tokenCount, parameters, loss };
}

export interface PredictOptions {
  /** Default 32. */
  readonly batchSize?: number;
  /** Told the number of examples done so far. */
  readonly onBatch?: (done: number) => void;
  /** When it is aborted its reason is thrown before the next batch. */
  readonly signal?: AbortSignal;
}

/**
 * Predictions in the order of the examples.
 *
 * @throws InputError if the model's output is not finite
 */
export async function predict(
  model: SequenceClassifier,
  examples: readonly EncodedExample[],
  { batchSize = 32, onBatch, signal }: PredictOptions = {},
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (const batch of chunks(examples, batchSize)) {
    await yieldToEvents();
    signal?.throwIfAborted();
    const logits = tidy(() => noGrad(() => model.forward(packSequences(batch, model.encoder.positionIds))));
    const values = await logits.data();
    logits.dispose();
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad !== undefined) {
      throw new InputError(
        `The model's output is ${bad}, its weights are too large; train with a lower learning rate.`,
      );
    }
    const width = values.length / batch.length;
    for (let i = 0; i < batch.length; i++) {
      predictions.push(toPrediction(Array.from(values.subarray(i * width, (i + 1) * width)), model.labels !== null));
    }
    onBatch?.(predictions.length);
  }
  return predictions;
}

function toPrediction(logits: number[], isClassifier: boolean): Prediction {
  if (!isClassifier) return { value: logits[0], logits, probabilities: null };
  const largest = Math.max(...logits);
  const exps = logits.map((logit) => Math.exp(logit - largest));
  const total = exps.reduce((sum, e) => sum + e, 0);
  return { value: logits.indexOf(largest), logits, probabilities: exps.map((e) => e / total) };
}

/** The metrics of a model on labelled examples. */
export async function evaluate<Name extends MetricName>(
  model: SequenceClassifier,
  examples: readonly EncodedExample[],
  metrics: readonly Name[],
  options?: PredictOptions,
): Promise<Record<Name, number>> {
  const predictions = await predict(model, examples, options);
  return computeMetrics(
    metrics,
    predictions.map(({ value }) => value),
    examples.map(({ label }) => label ?? Number.NaN),
  );
}
