import { Random } from '../../src/index.ts';
import { type ClassAnswers, classParts, type EvaluationReport, numberParts } from '../../src/report/index.ts';

/** Answers of a classifier that is right in about three of four cases, confuses neighbours, and never gives the last of several classes. */
export function drawnAnswers(classes: number, count: number, name = (i: number) => `class ${i}`): ClassAnswers {
  const random = new Random(`answers ${classes}`);
  const rows = Array.from({ length: count }, () => {
    const label = random.integer(classes);
    const drawn = random.uniform() < 0.75 ? label : (label + 1) % classes;
    const predicted = classes > 2 && drawn === classes - 1 ? 0 : drawn;
    const confidence = 0.5 + 0.5 * random.uniform();
    const others = (1 - confidence) / (classes - 1);
    const probabilities = Array.from({ length: classes }, (_, c) => (c === predicted ? confidence : others));
    return { label, predicted, probabilities };
  });
  return {
    names: Array.from({ length: classes }, (_, i) => name(i)),
    labels: rows.map(({ label }) => label),
    predictions: rows.map(({ predicted }) => predicted),
    probabilities: rows.map(({ probabilities }) => probabilities),
    textsOf: (i) => [
      `Text number ${i}, which says what it is about in some more words than fit into one cell of a table.`,
    ],
  };
}

/** A report of these answers. */
export function drawnReport(classes: number, count: number, name?: (i: number) => string): EvaluationReport {
  const { warnings, parts } = classParts(drawnAnswers(classes, count, name));
  const [summary] = parts;
  const accuracy = summary.kind === 'numbers' ? summary.values.accuracy : null;
  return { data: 'dev.csv', examples: count, scores: { accuracy }, notes: [], warnings, parts };
}

/** A report of predicted numbers that are about right. */
export function drawnNumbers(count: number): EvaluationReport {
  const random = new Random('numbers');
  const labels = Array.from({ length: count }, () => Math.round(50 * random.uniform()) / 10);
  const predictions = labels.map((label) => 0.8 * label + 0.5 + random.normal(0, 0.5));
  const textsOf = (i: number) => [`First text ${i}`, `Second text ${i}`];
  const { warnings, parts } = numberParts({ labels, predictions, textsOf });
  return { data: 'scores.csv', examples: count, scores: { pearson: 0.91, spearman: 0.9 }, notes: [], warnings, parts };
}
