import { chunks } from '../../data/batches.ts';
import {
  type Dataset,
  type EncodedExample,
  type Example,
  encodeExamples,
  readExamples,
  tokenCount,
} from '../../data/browser.ts';
import { checkList } from '../../data/encode.ts';
import { InputError } from '../../errors.ts';
import type { MultilabelScoreName } from '../../metrics/multilabel.ts';
import type { MetricName } from '../../metrics/named.ts';
import { checkSequence } from '../../models/batch.ts';
import {
  type AnyClassifier,
  anyClassifierRecipe,
  type Pooling,
  type ProblemType,
  packSequences,
  SequenceClassifier,
  type TokenSequence,
} from '../../models/browser.ts';
import type { Parameter } from '../../nn/index.ts';
import { type ActivationName, activations } from '../../ops/activations.ts';
import type { Random } from '../../random/index.ts';
import type { ClassAnswers } from '../../report/class-parts.ts';
import {
  boolean,
  checkInstance,
  checkOptions,
  fraction,
  oneOf,
  option,
  positiveInteger,
  strictFields,
} from '../../settings/index.ts';
import { tidyInside } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { textsOf } from '../columns.ts';
import { withLabels } from '../relabel.ts';
import {
  type Judgement,
  type LossOptions,
  objectiveOf,
  type PredictOptions,
  type Scores,
  scaleLogits,
  type Task,
} from '../task.ts';
import { textLength } from '../text-length.ts';
import type { Objective } from '../trainer.ts';
import { yieldToEvents } from '../yield.ts';

const MULTI_LABEL = 'multi_label_classification';

/** Settings of classifiers. */
export const classificationSettings = {
  pooling: option(oneOf(['cls', 'mean'] as const satisfies readonly Pooling[]), {
    description: 'what the head reads, or the vector of a text is: the first token, or the mean of all',
    placeholder: '<how>',
    default: 'cls',
    defaultText: 'cls; mean for feature-extraction',
    for: { task: ['text-classification', 'feature-extraction'] },
  }),
};

/** Settings of classifiers of any number of labels. */
export const multilabelSettings = {
  threshold: option(fraction, {
    description: 'probability from which on a label counts as predicted',
    placeholder: '<probability>',
    default: 0.5,
    for: { task: ['text-classification'], known: ['own'], problemType: ['multi_label_classification'] },
  }),
};

const tasksWithHeads = ['text-classification', 'token-classification', 'question-answering', 'multiple-choice'];

/** Settings of the tasks whose models have a head of their own. */
export const headSettings = {
  layeredHead: option(
    strictFields({
      layers: positiveInteger,
      activation: oneOf([...(Object.keys(activations) as ActivationName[]), 'none']),
      bias: boolean,
      pooler: boolean,
    }),
    {
      description: "AdapterHub's head of linear layers, instead of that of transformers",
      flag: null,
      for: { task: tasksWithHeads },
    },
  ),
  freezeHead: option(boolean, {
    description: "leave the task's head as it is: random, as in the SparseAdapter authors' code",
    default: false,
    for: { task: tasksWithHeads },
  }),
};

/** One class, any number of labels, or one number, for a text or a pair of texts. */
export const classification: Task<{
  model: AnyClassifier;
  dataset: Dataset;
  item: EncodedExample;
}> = {
  name: 'text-classification',
  maxLength: 512,

  async read(source, split, { known, ...columns }, labels) {
    const rows = source.open(split);
    if (!rows) return null;
    const options = { ...columns, known: known?.task === 'text-classification' ? known : undefined };
    if (labels === undefined) return readExamples(rows, options);
    const ofClasses = options.problemType === MULTI_LABEL ? MULTI_LABEL : 'single_label_classification';
    const problemType = labels ? ofClasses : 'regression';
    return withLabels(await readExamples(rows, { ...options, labels: labels ?? undefined, problemType }), labels);
  },

  recipe(settings, labels, options) {
    const { pooling, problemType, layeredHead: layered } = settings;
    const problem = problemType === MULTI_LABEL ? MULTI_LABEL : undefined;
    const texts = textsOf(settings);
    return anyClassifierRecipe(
      () => (labels === undefined ? null : { labels, problem, pooling, layered, ...options }),
      texts,
    );
  },
  labelsOf: ({ labels }) => labels,
  lengths: ({ text, textPair }, tokenizer, { maxLength }) => [textLength(tokenizer, text, textPair, maxLength)],
  encode: ({ examples }, tokenizer, { maxLength }) => encodeExamples(examples, tokenizer, maxLength),
  tokenCount,
  loss: classificationLoss,
  classesOf: ({ label }) => (label === undefined ? [] : [label]),

  evaluation({ examples, metrics, positive }, tokenizer, { maxLength, threshold, classWeights }) {
    const items = encodeExamples(examples, tokenizer, maxLength);
    const textsOf = (i: number) => [
      examples[i].text,
      ...(examples[i].textPair === undefined ? [] : [examples[i].textPair]),
    ];
    return {
      size: items.length,
      async judge(model, options) {
        if (model.problem === MULTI_LABEL) return judgeLabels(model, items, textsOf, { ...options, threshold });
        const answers = await answer(model, items, options);
        const named = await scoring();
        const isNamed = (name: string): name is MetricName => Object.hasOwn(named.namedMetrics, name);
        const scoresFor = (some: Answers): Scores => scoresOf(named, model, some, metrics.filter(isNamed), positive);
        const isGrouped = examples.some(({ group }) => group !== undefined);
        const ofGroups = isGrouped ? await scoresByGroup(examples, answers, scoresFor) : {};
        const told = { textsOf, isBalanced: classWeights === 'balanced' };
        const { targets, predictions } = answers;
        return {
          scores: { ...scoresFor(answers), ...ofGroups },
          answers: { targets, predictions: predictions.map(({ value }) => value) },
          ...(await reportOf(model, answers, told)),
        };
      },
    };
  },
};

/** A page that only answers does without. */
const scoring = () => import('../../metrics/named.ts');

/** The prediction for one example. */
export interface Prediction {
  /** The likeliest class; in regression the number, the first one of several. */
  readonly value: number;
  /** The classes that hold: the likeliest one, or all with a probability from the threshold on where several can. Empty in regression. */
  readonly classes: readonly number[];
  /** One per class; in regression the numbers themselves. */
  readonly logits: readonly number[];
  /** softmax(logits), or sigmoid(logits) where several classes can hold; null for regression. */
  readonly probabilities: readonly number[] | null;
}

/** An example as token ids: what `encodeExamples` gives, or the same from elsewhere. */
export type TokenExample = TokenSequence & Pick<EncodedExample, 'label' | 'labels' | 'texts'>;

/**
 * The mean loss of a batch of labelled examples; with `random`, dropout is on.
 *
 * @throws InputError for a temperature other than 1 where the output is a number and not logits, and an example without a label
 * @throws Error for a model that gives several numbers at once
 */
export function classificationLoss(
  model: AnyClassifier,
  batch: readonly TokenExample[],
  random?: Random,
  options: LossOptions = {},
): Tensor {
  checkInstance('classificationLoss', 'model', model, SequenceClassifier);
  checkList('batch', batch);
  const { temperature = 1, classWeights: weight, labelSmoothing } = options;
  if (temperature !== 1 && !model.labels) {
    throw new InputError('A temperature divides the logits of classes; where numbers are predicted it must be 1.');
  }
  const nameOf = (i: number) => `example ${i} of the batch`;
  const packed = packSequences(batch, model.encoder.positionIds);
  const logits = () => scaleLogits(model.forward(packed, random), temperature);
  if (model.problem === MULTI_LABEL) {
    if (weight || labelSmoothing) {
      throw new InputError(
        'Class weights and label smoothing are for one class of several, and not for any number of labels.',
      );
    }
    const targets = batch.map(({ labels }, i) => labelRow(model, nameOf(i), labels));
    return tidyInside(() => model.multilabelLoss(logits(), targets));
  }
  const targets = batch.map(({ label }, i) => targetOf(model, nameOf(i), label));
  return tidyInside(() => model.loss(logits(), targets, { weight, labelSmoothing }));
}

/** 1 for each label that holds, else 0. @throws InputError if there is none, or one is no label of the model */
function labelRow({ outputs }: AnyClassifier, name: string, labels: readonly number[] | undefined): number[] {
  if (labels === undefined) {
    throw new InputError(
      `${name} has no list of labels; read the data with --problem-type multi_label_classification (problemType: 'multi_label_classification').`,
    );
  }
  const strange = labels.find((label) => !(Number.isInteger(label) && label >= 0 && label < outputs.length));
  if (strange === undefined) return outputs.map((_, i) => (labels.includes(i) ? 1 : 0));
  throw new InputError(
    `${name} has the label ${strange}; the model has ${outputs.length} labels, from 0 to ${outputs.length - 1}.`,
  );
}

/** @throws InputError if it is no label of the model */
function targetOf({ labels }: AnyClassifier, name: string, label: number | undefined): number {
  if (label === undefined || !Number.isFinite(label))
    throw new InputError(`${name} has no label, which training and evaluation need.`);
  if (!labels || (Number.isInteger(label) && label >= 0 && label < labels.length)) return label;
  throw new InputError(
    `${name} has the label ${label}; the model has ${labels.length} classes, from 0 to ${labels.length - 1}.`,
  );
}

/** @throws InputError naming an example that is none, or has another number of texts than those that the model was trained on */
function checkExamples({ texts, config }: AnyClassifier, examples: readonly TokenExample[]): void {
  checkList('examples', examples);
  for (const [i, example] of examples.entries()) {
    checkSequence(`examples[${i}]`, example, config.vocab_size);
    if (texts === null || example.texts === undefined || example.texts === texts) continue;
    const trained =
      texts === 2 ? 'pairs of texts; give a second one as "textPair"' : 'single texts; leave out "textPair"';
    throw new InputError(
      `examples[${i}] has ${example.texts === 1 ? 'one text' : 'two texts'}, and the model was trained on ${trained}.`,
    );
  }
}

/**
 * Training `parameters` of a classifier on labelled examples.
 *
 * @param regularizer a term that is added to the loss of every batch, as some adapters ask for
 * @param options class weights and label smoothing
 */
export function classificationObjective(
  model: AnyClassifier,
  items: readonly EncodedExample[],
  parameters: readonly Parameter[],
  regularizer: (() => Tensor) | null = null,
  options?: LossOptions,
): Objective<EncodedExample> {
  return objectiveOf<AnyClassifier, EncodedExample>(
    { tokenCount, loss: classificationLoss },
    model,
    items,
    parameters,
    regularizer,
    options,
  );
}

/**
 * Predictions in the order of the examples.
 *
 * @param options.threshold the probability from which on a label holds, where several can. Default 0.5
 * @throws InputError naming an example that does not fit the model, and if the model's output is not finite
 */
export async function predict(
  model: AnyClassifier,
  examples: readonly TokenExample[],
  options: PredictOptions & { readonly threshold?: number } = {},
): Promise<Prediction[]> {
  checkInstance('predict', 'model', model, SequenceClassifier);
  checkOptions('predict', options);
  const { batchSize = 32, onBatch, signal, threshold = 0.5 } = options;
  checkExamples(model, examples);
  const predictions: Prediction[] = [];
  for (const batch of chunks(examples, batchSize)) {
    await yieldToEvents();
    signal?.throwIfAborted();
    const values = await model.read(batch);
    const width = values.length / batch.length;
    for (let i = 0; i < batch.length; i++) {
      const logits = Array.from(values.subarray(i * width, (i + 1) * width));
      predictions.push(toPrediction(logits, model.problem, threshold));
    }
    onBatch?.(predictions.length);
  }
  return predictions;
}

function toPrediction(logits: number[], problem: ProblemType, threshold: number): Prediction {
  if (problem === 'regression') return { value: logits[0], classes: [], logits, probabilities: null };
  const largest = Math.max(...logits);
  const value = logits.indexOf(largest);
  if (problem === MULTI_LABEL) {
    const probabilities = logits.map((logit) => 1 / (1 + Math.exp(-logit)));
    const classes = probabilities.flatMap((probability, i) => (probability >= threshold ? [i] : []));
    return { value, classes, logits, probabilities };
  }
  const exps = logits.map((logit) => Math.exp(logit - largest));
  const total = exps.reduce((sum, e) => sum + e, 0);
  return { value, classes: [value], logits, probabilities: exps.map((e) => e / total) };
}

/**
 * The metrics of a model on labelled examples.
 *
 * @param options.positive the class that F1 is about. Default 1
 * @throws InputError as {@link predict}, if there is no example or one has no label, and for a model that gives several labels or
 *   numbers at once
 */
export async function evaluate<Name extends MetricName>(
  model: AnyClassifier,
  examples: readonly TokenExample[],
  metrics: readonly Name[],
  options: PredictOptions & { readonly positive?: number } = {},
): Promise<Record<Name, number>> {
  checkInstance('evaluate', 'model', model, SequenceClassifier);
  checkList('metrics', metrics);
  checkOptions('evaluate', options);
  const { positive, ...more } = options;
  return scoresOf(await scoring(), model, await answer(model, examples, more), metrics, positive);
}

/** Predictions of a model, and the truth. */
interface Answers {
  readonly targets: readonly number[];
  readonly predictions: readonly Prediction[];
}

/** @throws InputError as {@link evaluate} */
async function answer(
  model: AnyClassifier,
  examples: readonly TokenExample[],
  options?: PredictOptions,
): Promise<Answers> {
  if (model.problem === MULTI_LABEL || (!model.labels && model.outputs.length > 1)) {
    throw new InputError(
      `A model for ${model.problem} with ${model.outputs.length} outputs has no single answer to evaluate; evaluateLabels is for any number of labels.`,
    );
  }
  checkList('examples', examples);
  if (examples.length === 0) throw new InputError('examples is empty; there is nothing to evaluate the model on.');
  checkExamples(model, examples);
  const targets = examples.map(({ label }, i) => targetOf(model, `examples[${i}]`, label));
  return { targets, predictions: await predict(model, examples, options) };
}

/** The scores of each group of examples by itself, such as `accuracy_matched`. */
async function scoresByGroup(
  examples: readonly Example[],
  { targets, predictions }: Answers,
  scoresFor: (answers: Answers) => Scores,
): Promise<Scores> {
  // A page that only predicts does without.
  const { groupScores } = await import('../group-scores.ts');
  const groups = examples.map(({ group }) => group);
  return groupScores(groups, (rows) =>
    scoresFor({ targets: rows.map((i) => targets[i]), predictions: rows.map((i) => predictions[i]) }),
  );
}

function scoresOf<Name extends MetricName>(
  { computeMetrics }: Awaited<ReturnType<typeof scoring>>,
  { labels }: AnyClassifier,
  { targets, predictions }: Answers,
  metrics: readonly Name[],
  positive = 1,
): Record<Name, number> {
  // F1 is about class 1.
  const place = (value: number) => (!labels ? value : value === positive ? 1 : value === 1 ? positive : value);
  return computeMetrics(
    metrics,
    predictions.map(({ value }) => place(value)),
    targets.map(place),
  );
}

/** What stands behind the scores. */
async function reportOf(
  { labels }: AnyClassifier,
  { targets, predictions }: Answers,
  { textsOf, isBalanced }: Required<Pick<ClassAnswers, 'textsOf' | 'isBalanced'>>,
): Promise<Omit<Judgement, 'scores'>> {
  const answers = { labels: targets, predictions: predictions.map(({ value }) => value), textsOf };
  // A page that only predicts does without.
  if (!labels) return (await import('../../report/number-parts.ts')).numberParts(answers);
  const { classParts } = await import('../../report/class-parts.ts');
  const probabilities = predictions.map((prediction) => prediction.probabilities ?? []);
  return classParts({ ...answers, names: labels, probabilities, isBalanced });
}

/** Scores of any number of labels each: averages of F1 by the names of scikit-learn, and how many texts are right in all labels. */
export type MultilabelScores = Readonly<Record<MultilabelScoreName, number>>;

/**
 * The scores of a model of any number of labels on labelled examples.
 *
 * @param options.threshold the probability from which on a label holds. Default 0.5
 * @throws InputError as {@link predict}, and if there is no example, one has no list of labels, or the model is another one
 */
export async function evaluateLabels(
  model: AnyClassifier,
  examples: readonly TokenExample[],
  options: PredictOptions & { readonly threshold?: number } = {},
): Promise<MultilabelScores> {
  checkInstance('evaluateLabels', 'model', model, SequenceClassifier);
  checkList('examples', examples);
  checkOptions('evaluateLabels', options);
  const { labels, predictions } = await answerLabels(model, examples, options);
  // A page that only answers does without.
  return (await import('../../metrics/multilabel.ts')).multilabelScores(predictions, labels);
}

/** The labels that hold and those that are predicted, [examples][labels] of 0 and 1. @throws InputError as {@link evaluateLabels} */
async function answerLabels(
  model: AnyClassifier,
  examples: readonly TokenExample[],
  options: PredictOptions & { readonly threshold?: number },
) {
  if (model.problem !== MULTI_LABEL)
    throw new InputError(`A model for ${model.problem} gives one answer; use evaluate.`);
  if (examples.length === 0) throw new InputError('examples is empty; there is nothing to evaluate the model on.');
  const labels = examples.map((example, i) => labelRow(model, `examples[${i}]`, example.labels));
  const given = await predict(model, examples, options);
  return {
    labels,
    predictions: given.map(({ classes }) => model.outputs.map((_, i) => (classes.includes(i) ? 1 : 0))),
    probabilities: given.map(({ probabilities }) => probabilities ?? []),
  };
}

async function judgeLabels(
  model: AnyClassifier,
  examples: readonly TokenExample[],
  textsOf: (example: number) => string[],
  options: PredictOptions & { readonly threshold?: number },
): Promise<Judgement> {
  const answers = await answerLabels(model, examples, options);
  // A page that only predicts does without.
  const [{ multilabelScores }, { labelParts }] = await Promise.all([
    import('../../metrics/multilabel.ts'),
    import('../../report/label-parts.ts'),
  ]);
  const scores = multilabelScores(answers.predictions, answers.labels);
  return { scores, ...labelParts({ ...answers, names: model.outputs, textsOf }) };
}
