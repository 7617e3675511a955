import { brierScore, calibration, negativeLogLikelihood, temperatureScaling } from '../../../src/metrics/index.ts';
import { type Case, type Compare, casesOfRows } from '../framework.ts';
import { compareRows, refuseOthers } from './tables.ts';

type CalibrationCase = {
  readonly id: string;
  readonly labels: readonly number[];
  readonly brier: number;
  readonly ece_15: number;
  readonly mce_15: number;
  readonly bins_15: readonly number[][];
} & (
  | { readonly probabilities: readonly number[][] }
  | {
      readonly logits: readonly number[][];
      readonly nll: number;
      readonly ece_10: number;
      readonly mce_10: number;
      readonly temperature: {
        readonly value: number;
        readonly tol: number;
        readonly nll: number;
        readonly nll_tol: number;
        readonly ece_15_with_it: number;
      };
    }
);
export interface CalibrationFile {
  readonly tol: number;
  readonly cases: readonly CalibrationCase[];
}

const softmax = (logits: readonly number[]): number[] => {
  const largest = Math.max(...logits);
  const powers = logits.map((x) => Math.exp(x - largest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
};

const keys = ['id', 'labels', 'brier', 'ece_15', 'mce_15', 'bins_15', 'probabilities'];
const keysOfLogits = ['logits', 'nll', 'ece_10', 'mce_10', 'temperature'];

export const calibrationCases = ({ tol, cases }: CalibrationFile): Case[] =>
  casesOfRows('calibration.json', cases, (golden) => ({
    name: `calibration ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => compareCalibration(golden, compare, tol),
  }));

function compareCalibration(golden: CalibrationCase, compare: Compare, tol: number): void {
  refuseOthers(golden, [...keys, ...keysOfLogits]);
  const { labels } = golden;
  const probabilities = 'logits' in golden ? golden.logits.map(softmax) : golden.probabilities;
  const { ece, mce, bins } = calibration(probabilities, labels);
  const rows = bins.map(({ count, confidence, accuracy }) => [count, confidence, accuracy]);
  compare('ece_15', [ece], [golden.ece_15], tol);
  compare('mce_15', [mce], [golden.mce_15], tol);
  compareRows(compare, 'bins_15', rows, golden.bins_15, tol);
  compare('brier', [brierScore(probabilities, labels)], [golden.brier], tol);
  if (!('logits' in golden)) return;

  const ten = calibration(probabilities, labels, { bins: 10 });
  compare('ece_10', [ten.ece], [golden.ece_10], tol);
  compare('mce_10', [ten.mce], [golden.mce_10], tol);
  compare('nll', [negativeLogLikelihood(golden.logits, labels)], [golden.nll], tol);
  const { temperature } = golden;
  const got = temperatureScaling(golden.logits, labels);
  const scaled = golden.logits.map((row) => row.map((x) => x / got));
  compare('temperature', [got], [temperature.value], temperature.tol);
  compare('nll with it', [negativeLogLikelihood(scaled, labels)], [temperature.nll], temperature.nll_tol);
  // With exactly this temperature, as the smallest difference moves examples to another bin.
  const exactly = golden.logits.map((row) => softmax(row.map((x) => x / temperature.value)));
  compare('ece_15 with it', [calibration(exactly, labels).ece], [temperature.ece_15_with_it], tol);
}
