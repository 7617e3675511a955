import { computeMetrics, type MetricName } from '../metrics/index.ts';
import { Random } from '../random/index.ts';
import { centralT, sampleMean, standardDeviation } from './statistics.ts';
import type { StoredRun } from './stored-run.ts';

type JudgedAnswers = NonNullable<StoredRun['answers']>;

/** The answers of two methods with one seed, on the same examples. */
export interface AnswerPair {
  readonly first: JudgedAnswers;
  readonly second: JudgedAnswers;
}

/** A difference of two methods, first - second, in the unit of the metric. */
export interface Comparison {
  readonly seeds: number;
  readonly difference: number;
  /** 95 % of the resampled differences lie in it. */
  readonly interval: readonly [low: number, high: number];
  /** The difference in standard deviations of the differences between runs with one seed (Cohen's d of pairs); null where that is 0. */
  readonly effect: number | null;
  /** The standard deviation of the differences between runs with one seed; null for one seed. */
  readonly deviation: number | null;
  /** Two-sided, of no difference on other seeds and other examples. */
  readonly p: number;
}

/** A p of 0.001 at the least, and a second for a pair of methods. */
const RESAMPLES = 2000;

/**
 * Compares two methods over seeds and examples by the bootstrap (Efron, 1979): seeds are drawn with replacement, and examples too, the
 * same ones for both methods and all seeds, again and again. So the interval holds for other seeds and for other examples of the kind,
 * of which a test over seeds alone says nothing.
 *
 * @param pairs one for each seed
 * @param metric of those that {@link computeMetrics} knows
 * @throws RangeError without pairs, and where examples are not the same
 */
export function compareOverSeedsAndExamples(
  pairs: readonly AnswerPair[],
  metric: MetricName,
  { resamples = RESAMPLES, seed = 0 }: { readonly resamples?: number; readonly seed?: number } = {},
): Comparison {
  if (pairs.length === 0) throw new RangeError('There is no pair of runs to compare.');
  const [{ first }] = pairs;
  const { targets } = first;
  for (const { first: one, second } of pairs) {
    for (const other of [one, second]) {
      if (other.targets.length === targets.length && other.targets.every((target, i) => target === targets[i]))
        continue;
      throw new RangeError('The runs were judged on different examples.');
    }
  }
  const scorers = pairs.map((pair) => [scorerOf(pair.first, metric), scorerOf(pair.second, metric)] as const);
  const all = Int32Array.from(targets, (_, i) => i);
  const own = scorers.map(([a, b]) => a(all) - b(all));
  const random = new Random(seed);
  const draws = Float64Array.from({ length: resamples }, () => {
    const examples = all.map(() => random.integer(all.length));
    const chosen = own.map(() => scorers[random.integer(scorers.length)]);
    const drawn = [...new Set(chosen)].map((pair) => [pair, pair[0](examples) - pair[1](examples)] as const);
    const byPair = new Map(drawn);
    return sampleMean(chosen.map((pair) => byPair.get(pair) ?? 0));
  }).sort();
  const deviation = standardDeviation(own);
  const difference = sampleMean(own);
  const atMost = draws.filter((value) => value <= 0).length;
  const atLeast = draws.filter((value) => value >= 0).length;
  return {
    seeds: pairs.length,
    difference,
    interval: [draws[Math.floor(0.025 * (resamples - 1))], draws[Math.ceil(0.975 * (resamples - 1))]],
    // Differences that are equal but for rounding have no scatter.
    effect: deviation !== null && deviation > 1e-12 ? difference / deviation : null,
    deviation,
    // One draw more on each side, so that no finite number of them gives a p of 0.
    p: Math.min(1, (2 * (Math.min(atMost, atLeast) + 1)) / (resamples + 1)),
  };
}

/** The metric of drawn examples; 0 where it is undefined, as the correlation with a constant answer. */
function scorerOf({ targets, predictions }: JudgedAnswers, metric: MetricName): (examples: Int32Array) => number {
  const [t, p] = [Float64Array.from(targets), Float64Array.from(predictions)];
  const [drawnTargets, drawn] = [new Float64Array(t.length), new Float64Array(t.length)];
  return (examples) => {
    for (let i = 0; i < examples.length; i++) {
      drawnTargets[i] = t[examples[i]];
      drawn[i] = p[examples[i]];
    }
    const value = computeMetrics([metric], drawn, drawnTargets)[metric];
    return Number.isFinite(value) ? value : 0;
  };
}

/** The p-values that hold for all of them together (Holm, 1979): the i-th smallest of n times n - i + 1, never below a smaller one's. */
export function holm(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const adjusted = new Array<number>(values.length);
  let least = 0;
  for (const [rank, i] of order.entries()) {
    least = Math.min(1, Math.max(least, values[i] * (values.length - rank)));
    adjusted[i] = least;
  }
  return adjusted;
}

/** The quantile of Student's t: P(T <= t) = p, for p from 1/2. */
function quantileOfT(p: number, degrees: number): number {
  let [low, high] = [0, 1e3];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if ((1 + centralT(middle, degrees)) / 2 < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The number of seeds with which a t-test of pairs shows a true difference four times of five: the smallest n with
 * (t(1 - α/2) + t(0.8)) s / √n <= difference, each t of n - 1 degrees of freedom.
 *
 * @param deviation s, of the differences between runs with one seed
 * @returns null where more than 10,000 are needed
 */
export function seedsNeeded(difference: number, deviation: number, alpha = 0.05): number | null {
  if (deviation === 0) return 2;
  for (let n = 2; n <= 10_000; n = n < 200 ? n + 1 : Math.ceil(n * 1.02)) {
    const t = quantileOfT(1 - alpha / 2, n - 1) + quantileOfT(0.8, n - 1);
    if ((t * deviation) / Math.sqrt(n) <= Math.abs(difference)) return n;
  }
  return null;
}
