import { regressionReport } from '../metrics/regression.ts';
import { niceWidth } from './axes.ts';
import type { ReportParts } from './class-parts.ts';
import { examplesPart } from './examples-part.ts';
import { finiteOrNull } from './finite.ts';
import type { PartOf } from './schema.ts';

/** Answers of a model that are numbers. */
export interface NumberAnswers {
  /** The number of each example. */
  readonly labels: readonly number[];
  /** That which the model gives. */
  readonly predictions: readonly number[];
  /** The texts of an example, to show errors. */
  readonly textsOf: (example: number) => readonly string[];
  /** Whether predictions are similarities, whose order alone counts, since the scores have another scale. Default false. */
  readonly areSimilarities?: boolean;
}

const MOST_POINTS = 1000;
const SCATTER_BINS = 10;
const HISTOGRAM_BINS = 20;

/** The report of a regression: a summary, predictions beside the truth, residuals, and the largest errors. */
export function numberParts({ labels, predictions, textsOf, areSimilarities = false }: NumberAnswers): ReportParts {
  const report = regressionReport(predictions, labels);
  const residuals = labels.map((label, i) => predictions[i] - label);
  const pairs = labels
    .map((actual, i) => ({ actual, predicted: predictions[i] }))
    .sort((a, b) => a.actual - b.actual || a.predicted - b.predicted);
  return {
    warnings: doubtsOf(predictions, report.r2, areSimilarities),
    parts: [
      {
        kind: 'numbers',
        title: 'Summary',
        values: {
          'mean absolute error': finiteOrNull(report.meanAbsoluteError),
          'root mean squared error': finiteOrNull(report.rootMeanSquaredError),
          'mean error': finiteOrNull(report.meanError),
          'R²': finiteOrNull(report.r2),
        },
      },
      {
        kind: 'scatter',
        title: 'Predictions and truth',
        points: evenly(pairs, MOST_POINTS),
        total: pairs.length,
        bins: binsOf(pairs),
      },
      ...histogramPart('Residuals', 'prediction minus truth', residuals),
      examplesPart(
        'Largest errors',
        labels.flatMap((label, i) => {
          const value = Math.abs(residuals[i]);
          return value > 0
            ? [{ texts: textsOf(i), expected: decimals(label), predicted: decimals(predictions[i]), value }]
            : [];
        }),
        { measure: 'error' },
      ),
    ],
  };
}

/** A line for predictions that are all equal, or worse than the mean of the labels. */
function doubtsOf(predictions: readonly number[], r2: number, areSimilarities: boolean): string[] {
  if (predictions.length > 1 && predictions.every((value) => value === predictions[0])) {
    return [`The model gives the same number, ${predictions[0]}, for all examples.`];
  }
  if (areSimilarities || !(r2 < 0)) return [];
  return [
    `The numbers are further from the truth than its mean for all examples would be: R² is ${r2.toFixed(4)}. More --epochs (epochs), or a higher --learning-rate (learningRate), may help.`,
  ];
}

const decimals = (value: number): string => String(Number(value.toPrecision(5)));

type Pair = { readonly actual: number; readonly predicted: number };

/** So many of a sorted list, at equal distances, with the first and the last. */
function evenly<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}

/** Sorted pairs by their true number where there are few different ones, else in parts of equal size. */
function binsOf(pairs: readonly Pair[]): PartOf<'scatter'>['bins'] {
  const byValue = new Map<number, Pair[]>();
  for (const pair of pairs) {
    const same = byValue.get(pair.actual);
    if (same) same.push(pair);
    else byValue.set(pair.actual, [pair]);
  }
  const parts = Array.from({ length: SCATTER_BINS }, (_, i) =>
    pairs.slice(Math.round((i * pairs.length) / SCATTER_BINS), Math.round(((i + 1) * pairs.length) / SCATTER_BINS)),
  );
  const mean = (values: readonly number[]) =>
    finiteOrNull(values.reduce((sum, value) => sum + value / values.length, 0));
  return (byValue.size <= SCATTER_BINS ? [...byValue.values()] : parts).map((bin) => ({
    from: bin[0].actual,
    to: bin[bin.length - 1].actual,
    count: bin.length,
    predicted: mean(bin.map(({ predicted }) => predicted)),
    error: mean(bin.map(({ actual, predicted }) => Math.abs(predicted - actual))),
  }));
}

/** A histogram with edges that are easy to read; none for values whose range is no number, or nothing beside their size. */
export function histogramPart(title: string, axis: string, values: readonly number[]): PartOf<'histogram'>[] {
  const low = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(high - low)) return [];
  const width = niceWidth((high - low || Math.abs(low) || 1) / HISTOGRAM_BINS);
  const first = Math.floor(low / width);
  if (!Number.isSafeInteger(first) || !Number.isFinite(high + width) || !Number.isFinite(low - width)) return [];
  const counts = new Array<number>(Math.floor(high / width) - first + 1).fill(0);
  for (const value of values) counts[Math.min(counts.length - 1, Math.floor(value / width) - first)]++;
  const edge = (i: number) => Number(((first + i) * width).toPrecision(12));
  return [
    { kind: 'histogram', title, axis, bins: counts.map((count, i) => ({ from: edge(i), to: edge(i + 1), count })) },
  ];
}
