import { assertPairs } from './pairs.ts';

/**
 * Pearson's linear correlation, computed from centred values (a large mean costs no precision).
 * NaN where it is undefined: a constant vector, fewer than two entries, an entry that is not finite.
 */
export function pearson(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  assertPairs(predictions, labels);
  // The mean of equal numbers is rounded, so a constant vector must be seen before it is centred.
  if (isConstant(predictions) || isConstant(labels)) return Number.NaN;
  const x = centred(scaled(predictions));
  const y = centred(scaled(labels));
  const r = dot(x, y) / (Math.sqrt(dot(x, x)) * Math.sqrt(dot(y, y)));
  return Math.max(-1, Math.min(1, r));
}

/** Spearman's rank correlation: Pearson's of the ranks, equal values sharing their average rank. NaN as for {@link pearson}. */
export function spearman(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  return pearson(ranks(predictions), ranks(labels));
}

/** Ranks from 1, ties averaged; all NaN if a value is not finite. */
function ranks(values: ArrayLike<number>): Float64Array {
  const result = new Float64Array(values.length);
  if (!Array.from(values).every(Number.isFinite)) return result.fill(Number.NaN);
  const order = Array.from(result, (_, i) => i).sort((a, b) => values[a] - values[b]);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) result[order[i]] = (start + 1 + end) / 2;
  }
  return result;
}

function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** The values divided by the power of two of the largest, which changes no bit, so that neither their sum nor their squares overflow or vanish. */
function scaled(values: ArrayLike<number>): Float64Array {
  const result = Float64Array.from(values);
  const largest = result.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const power = 2 ** Math.min(1023, Math.floor(Math.log2(largest)));
  return result.map((value) => value / power);
}

function centred(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

function dot(x: Float64Array, y: Float64Array): number {
  return x.reduce((sum, value, i) => sum + value * y[i], 0);
}
