import { decideLabels, multilabelReport } from '../../../src/metrics/index.ts';
import { type Case, casesOfRows } from '../framework.ts';
import { compareColumns, compareRows, compareScores, type GoldenScores, refuseOthers } from './tables.ts';

interface MultilabelCase {
  readonly id: string;
  readonly true: readonly number[][];
  readonly pred: readonly number[][];
  readonly micro: GoldenScores;
  readonly macro: GoldenScores;
  readonly weighted: GoldenScores;
  readonly samples: GoldenScores;
  readonly per_label?: Readonly<Record<'precision' | 'recall' | 'f1' | 'support', readonly number[]>>;
  readonly subset_accuracy?: number;
  readonly hamming_loss?: number;
  readonly jaccard_samples?: number;
}
export interface MultilabelFile {
  readonly tol: number;
  readonly cases: readonly MultilabelCase[];
  readonly decisions: readonly {
    readonly id: string;
    readonly logits: readonly number[][];
    readonly threshold: number;
    readonly pred: readonly number[][];
  }[];
}

const averages = ['micro', 'macro', 'weighted', 'samples'] as const;

export const multilabelCases = ({ tol, cases, decisions }: MultilabelFile): Case[] => [
  ...casesOfRows('multilabel.json', cases, (golden) => ({
    name: `multilabel ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => {
      const { per_label, subset_accuracy, hamming_loss, jaccard_samples } = golden;
      const report = multilabelReport(golden.pred, golden.true);
      const numbers = [
        ['subset_accuracy', report.subsetAccuracy, subset_accuracy],
        ['hamming_loss', report.hammingLoss, hamming_loss],
        ['jaccard_samples', report.jaccard, jaccard_samples],
      ] as const;
      refuseOthers(golden, ['id', 'true', 'pred', 'per_label', ...averages, ...numbers.map(([name]) => name)]);
      for (const average of averages) compareScores(compare, average, report[average], golden[average], tol);
      for (const [name, got, expected] of numbers) if (expected !== undefined) compare(name, [got], [expected], tol);
      if (per_label) compareColumns(compare, report.perLabel, per_label, tol);
    },
  })),
  ...casesOfRows('multilabel.json, decisions', decisions, ({ id, logits, threshold, pred }) => ({
    name: `decisions ${id}`,
    isOfNoBackend: true,
    run: (compare) => compareRows(compare, 'pred', decideLabels(logits, threshold), pred, 0),
  })),
];
