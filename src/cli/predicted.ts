import type { SequenceClassifier } from '../models/index.ts';
import type { Prediction } from '../training/index.ts';

/** How many answers of a prediction are given. */
export interface AnswerOptions {
  /** So many of the likeliest classes. */
  readonly topK?: number;
  /** Classes with a smaller probability are not given. */
  readonly threshold?: number;
  /** Stands between the labels of a cell; left out, these are a list. */
  readonly separator?: string;
}

interface Answer {
  readonly label: string;
  readonly probability: number;
}

type Model = Pick<SequenceClassifier, 'labels' | 'problem' | 'outputs'>;

const isMultiLabel = ({ problem }: Model): boolean => problem === 'multi_label_classification';

/** The classes that are given, the likeliest first where their number is asked for; null for numbers. */
function answersOf(
  { labels, outputs, ...model }: Model,
  prediction: Prediction,
  asked: AnswerOptions,
): Answer[] | null {
  const { classes, probabilities } = prediction;
  if (!labels || !probabilities) return null;
  const { topK, threshold = 0 } = asked;
  const all = outputs.map((label, i) => ({ label, probability: probabilities[i] }));
  const reaches = ({ probability }: Answer) => probability >= threshold;
  if (topK !== undefined)
    return all
      .sort((a, b) => b.probability - a.probability)
      .slice(0, topK)
      .filter(reaches);
  if (asked.threshold !== undefined && isMultiLabel({ labels, outputs, ...model })) return all.filter(reaches);
  return classes.map((i) => all[i]).filter(reaches);
}

/** Returns the fields of a line of JSON before the texts: everything that is known. */
export function answerFields(model: Model, prediction: Prediction, asked: AnswerOptions): object {
  const { value, logits, probabilities } = prediction;
  const byName = (values: readonly number[]) => Object.fromEntries(model.outputs.map((name, i) => [name, values[i]]));
  const answers = answersOf(model, prediction, asked);
  if (answers && probabilities) {
    const names = answers.map(({ label }) => label);
    const answer = isMultiLabel(model) ? { labels: names } : { label: names[0] ?? null };
    const top = asked.topK === undefined ? {} : { top: answers };
    return { ...answer, ...top, probabilities: byName(probabilities), logits: byName(logits) };
  }
  return model.outputs.length > 1 ? { values: byName(logits), logits } : { value, logits };
}

/** Returns the cells before the texts: a label and its probability, several of them, or numbers. */
export function answerCells(model: Model, prediction: Prediction, asked: AnswerOptions): string[] {
  const answers = answersOf(model, prediction, asked);
  if (answers) {
    if (answers.length === 0) return ['-', '-'];
    const listed = (of: (answer: Answer) => string) => answers.map(of).join(', ');
    return [listed(({ label }) => label), listed(({ probability }) => probability.toFixed(4))];
  }
  const { value, logits } = prediction;
  const { outputs } = model;
  return outputs.length > 1 ? [outputs.map((name, i) => `${name} ${logits[i]}`).join(', ')] : [String(value)];
}

/** The number of classes that have columns of their own; null where one pair of columns holds all. */
const columnCount = ({ outputs }: Model, { topK }: AnswerOptions): number | null =>
  topK === undefined ? null : Math.min(topK, outputs.length);

/** Returns the names of the columns of a table that {@link answerValues} fills. */
export function answerColumns(model: Model, asked: AnswerOptions): string[] {
  if (!model.labels)
    return model.outputs.length > 1 ? model.outputs.map((name) => `prediction_${name}`) : ['prediction'];
  const count = columnCount(model, asked);
  if (count === null) return ['prediction', 'probability'];
  return Array.from({ length: count }, (_, i) => [`prediction_${i + 1}`, `probability_${i + 1}`]).flat();
}

/** Returns the values of the columns of a table; where several classes can hold these are lists. */
export function answerValues(model: Model, prediction: Prediction, asked: AnswerOptions): Record<string, unknown> {
  const answers = answersOf(model, prediction, asked);
  const columns = answerColumns(model, asked);
  const named = (values: readonly unknown[]) => Object.fromEntries(columns.map((name, i) => [name, values[i] ?? null]));
  if (!answers) return named(model.outputs.length > 1 ? prediction.logits : [prediction.value]);
  if (columnCount(model, asked) !== null)
    return named(answers.flatMap(({ label, probability }) => [label, probability]));
  const [labels, probabilities] = [answers.map(({ label }) => label), answers.map(({ probability }) => probability)];
  if (!isMultiLabel(model)) return named([labels[0], probabilities[0]]);
  return named([asked.separator === undefined ? labels : labels.join(asked.separator), probabilities]);
}
