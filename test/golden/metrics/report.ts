import { balancedClassWeights, stratifiedFolds, stratifiedSplit } from '../../../src/data/index.ts';
import { Random } from '../../../src/index.ts';
import { classificationReport, mcnemar, pairedBootstrap } from '../../../src/metrics/index.ts';
import { type Case, type Compare, casesOfRows } from '../framework.ts';
import {
  compareColumns,
  compareRows,
  compareScores,
  type GoldenNumber,
  type GoldenScores,
  refuseOthers,
} from './tables.ts';

interface ReportCase {
  readonly id: string;
  readonly classes: number;
  readonly true: readonly number[];
  readonly pred: readonly number[];
  readonly accuracy: number;
  readonly per_class: Readonly<Record<'precision' | 'recall' | 'f1' | 'support', readonly number[]>>;
  readonly confusion: readonly number[][];
  readonly macro: GoldenScores;
  readonly weighted: GoldenScores;
  readonly balanced_accuracy: number;
  readonly cohen_kappa: GoldenNumber;
}
interface WeightsCase {
  readonly id: string;
  readonly labels: readonly number[];
  readonly classes: readonly number[];
  readonly weights: readonly number[];
}
interface SplitCase {
  readonly class_counts: readonly number[];
  readonly test_fraction: number;
  readonly test_size: number;
  readonly test_counts_at_least: readonly number[];
  readonly test_counts_at_most: readonly number[];
}
interface FoldsCase {
  readonly class_counts: readonly number[];
  readonly folds: number;
  readonly per_class_at_least: readonly number[];
  readonly per_class_at_most: readonly number[];
}
interface McNemarCase {
  readonly only_first_right: number;
  readonly only_second_right: number;
  readonly p_exact: number;
  readonly p_mid: number;
  readonly chi2: number;
  readonly p_chi2: number;
  readonly chi2_corrected: number;
  readonly p_chi2_corrected: number;
}
type BootstrapCase = {
  readonly id: string;
  readonly mean: number;
  readonly standard_error: number;
  readonly 'percentiles_2.5_97.5': readonly [number, number];
  readonly fraction_at_most_0: number;
} & (
  | {
      readonly differences: readonly number[];
      readonly fraction_below_0: number;
      readonly fraction_equal_0: number;
    }
  | {
      readonly first: readonly number[];
      readonly second: readonly number[];
      readonly tol_with_10000_resamples: { readonly percentile: number; readonly fraction: number };
    }
);
export interface ReportFile {
  readonly tol: number;
  readonly cases: readonly ReportCase[];
  readonly balanced_weights: readonly WeightsCase[];
  readonly stratified_splits: readonly SplitCase[];
  readonly stratified_folds: readonly FoldsCase[];
  readonly mcnemar: readonly McNemarCase[];
  readonly paired_bootstrap: readonly BootstrapCase[];
}

const seeds = [0, 1, 2, 3, 4];

export const reportCases = (file: ReportFile): Case[] => [
  ...casesOfRows('report.json', file.cases, (golden) => ({
    name: `report ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => compareReport(golden, compare, file.tol),
  })),
  ...casesOfRows('report.json, balanced_weights', file.balanced_weights, ({ id, labels, classes, weights }) => ({
    name: `balanced weights ${id}`,
    isOfNoBackend: true,
    run: (compare) => {
      const got = balancedClassWeights(labels);
      compare('classes', [...got.keys()], classes, 0);
      compare('weights', [...got.values()], weights, file.tol);
    },
  })),
  ...casesOfRows('report.json, stratified_splits', file.stratified_splits, (golden) => ({
    name: `stratified split ${golden.class_counts} ${golden.test_fraction}`,
    isOfNoBackend: true,
    run: (compare) => {
      for (const seed of seeds) compareSplit(golden, seed, compare);
    },
  })),
  ...casesOfRows('report.json, stratified_folds', file.stratified_folds, (golden) => ({
    name: `stratified folds ${golden.class_counts} ${golden.folds}`,
    isOfNoBackend: true,
    run: (compare) => {
      for (const seed of seeds) compareFolds(golden, seed, compare);
    },
  })),
  ...casesOfRows('report.json, mcnemar', file.mcnemar, (golden) => ({
    name: `McNemar ${golden.only_first_right} ${golden.only_second_right}`,
    isOfNoBackend: true,
    run: (compare) => {
      const got = mcnemar(golden.only_first_right, golden.only_second_right);
      compare('p_exact', [got.pExact], [golden.p_exact], file.tol);
      compare('p_mid', [got.pMid], [golden.p_mid], file.tol);
      compare('chi2', [got.chi2, got.pChi2], [golden.chi2, golden.p_chi2], file.tol);
      const corrected = [golden.chi2_corrected, golden.p_chi2_corrected];
      compare('corrected chi2', [got.chi2Corrected, got.pChi2Corrected], corrected, file.tol);
    },
  })),
  ...casesOfRows('report.json, paired_bootstrap', file.paired_bootstrap, (golden) => ({
    name: `paired bootstrap ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => compareBootstrap(golden, compare, file.tol),
  })),
];

function compareReport(golden: ReportCase, compare: Compare, tol: number): void {
  const report = classificationReport(golden.pred, golden.true, golden.classes);
  const numbers = [
    ['accuracy', report.accuracy, golden.accuracy],
    ['balanced_accuracy', report.balancedAccuracy, golden.balanced_accuracy],
    ['cohen_kappa', report.cohenKappa, golden.cohen_kappa],
  ] as const;
  const others = ['id', 'classes', 'true', 'pred', 'per_class', 'confusion', 'macro', 'weighted'];
  refuseOthers(golden, [...others, ...numbers.map(([name]) => name)]);
  for (const [name, got, expected] of numbers) compare(name, [got], [Number(expected)], tol);
  compareColumns(compare, report.perClass, golden.per_class, tol);
  compareRows(compare, 'confusion', report.confusionMatrix, golden.confusion, 0);
  for (const average of ['macro', 'weighted'] as const) {
    compareScores(compare, average, report[average], golden[average], tol);
  }
}

/** The labels of an unsorted table with so many examples of each class. */
const labelsOf = (counts: readonly number[]): number[] =>
  new Random('labels').shuffle(counts.flatMap((count, label) => new Array<number>(count).fill(label)));

/** 0 where all parts together have each of n places once. */
const missingPlaces = (n: number, parts: readonly (readonly number[])[]): number => {
  const places = parts.flat();
  return Math.max(n - new Set(places).size, places.length - n);
};

/** How far the counts of the classes lie outside of their ranges. */
const outside = (
  labels: readonly number[],
  places: readonly number[],
  least: readonly number[],
  most: readonly number[],
): number[] =>
  least.map((low, label) => {
    const count = places.filter((place) => labels[place] === label).length;
    return Math.max(0, low - count, count - most[label]);
  });

function compareSplit(golden: SplitCase, seed: number, compare: Compare): void {
  const { class_counts, test_fraction, test_size, test_counts_at_least, test_counts_at_most } = golden;
  const labels = labelsOf(class_counts);
  const { train, test } = stratifiedSplit(labels, test_fraction, new Random(seed));
  const none = class_counts.map(() => 0);
  compare(`seed ${seed}: size`, [test.length], [test_size], 0);
  compare(`seed ${seed}: places`, [missingPlaces(labels.length, [train, test])], [0], 0);
  compare(`seed ${seed}: classes`, outside(labels, test, test_counts_at_least, test_counts_at_most), none, 0);
  compare(`seed ${seed}: again`, stratifiedSplit(labels, test_fraction, new Random(seed)).test, test, 0);
}

function compareFolds(golden: FoldsCase, seed: number, compare: Compare): void {
  const { class_counts, folds, per_class_at_least, per_class_at_most } = golden;
  const labels = labelsOf(class_counts);
  const got = stratifiedFolds(labels, folds, new Random(seed));
  const none = class_counts.map(() => 0);
  compare(`seed ${seed}: folds`, [got.length], [folds], 0);
  compare(`seed ${seed}: places`, [missingPlaces(labels.length, got)], [0], 0);
  got.forEach((fold, i) => {
    compare(`seed ${seed}: fold ${i}`, outside(labels, fold, per_class_at_least, per_class_at_most), none, 0);
  });
  compare(`seed ${seed}: again`, stratifiedFolds(labels, folds, new Random(seed)).flat(), got.flat(), 0);
}

const RESAMPLES = 10_000;

function compareBootstrap(golden: BootstrapCase, compare: Compare, tol: number): void {
  const isExact = 'differences' in golden;
  const [first, second] = isExact
    ? [golden.differences, golden.differences.map(() => 0)]
    : [golden.first, golden.second];
  const got = pairedBootstrap(first, second, { resamples: RESAMPLES, seed: golden.id });
  const share = (p: number) =>
    isExact ? 4 * Math.sqrt((p * (1 - p)) / RESAMPLES) : golden.tol_with_10000_resamples.fraction;
  compare('mean', [got.mean], [golden.mean], tol);
  compare('standard error', [got.standardError], [golden.standard_error], tol);
  const [low, high] = golden['percentiles_2.5_97.5'];
  const step = isExact ? tol : golden.tol_with_10000_resamples.percentile;
  compare('percentiles', got.interval, [low, high], step);
  compare('at most 0', [got.fractionAtMostZero], [golden.fraction_at_most_0], share(golden.fraction_at_most_0));
  if (!isExact) return;
  compare('below 0', [got.fractionBelowZero], [golden.fraction_below_0], share(golden.fraction_below_0));
  const equal = got.fractionAtMostZero - got.fractionBelowZero;
  compare('equal to 0', [equal], [golden.fraction_equal_0], share(golden.fraction_equal_0) + tol);
}
