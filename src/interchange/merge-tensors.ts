import type { Random } from '../random/index.ts';

/** How the sign of an entry is elected: by the sum of the entries, or by how many have it. */
export const majoritySigns = ['total', 'frequency'] as const;
export type MajoritySign = (typeof majoritySigns)[number];

/** Ways to combine tensors of one shape with weights, as PEFT's: entry by entry. */
export const combinations = ['linear', 'ties', 'magnitude_prune', 'dare_linear', 'dare_ties'] as const;
export type Combination = (typeof combinations)[number];

/** Whether a combination prunes, so that it needs a density. */
export const needsDensity = (combination: string): boolean => !/^(linear|cat|svd)/.test(combination);
export const electsSign = (combination: string): boolean => combination.includes('ties');

export interface CombineOptions {
  /** The part of the entries that are kept. */
  readonly density: number;
  readonly majoritySign: MajoritySign;
  /** The entries of the i-th tensor that DARE keeps. */
  readonly kept: (i: number) => ArrayLike<number>;
}

/** Entries that are kept by chance. */
export const randomMask = (random: Random, length: number, density: number): Uint8Array =>
  Uint8Array.from({ length }, () => Number(random.uniform() < density));

/** The entries of largest magnitude, others 0; of equal ones the first are kept. */
function largest(values: Float64Array, density: number): Float64Array {
  const count = Math.floor(density * values.length);
  const order = Array.from(values.keys()).sort((i, j) => Math.abs(values[j]) - Math.abs(values[i]) || i - j);
  const result = new Float64Array(values.length);
  for (const i of order.slice(0, count)) result[i] = values[i];
  return result;
}

/** The sum of the weighted entries that have the elected sign, divided by their number (Yadav et al., 2023). */
function elected(tensors: readonly Float64Array[], weights: readonly number[], by: MajoritySign): Float64Array {
  return tensors[0].map((_, at) => {
    const entries = tensors.map((tensor) => tensor[at]);
    const votes = entries.reduce((sum, x) => sum + (by === 'total' ? x : Math.sign(x)), 0);
    const sign = votes >= 0 ? 1 : -1;
    const having = entries.map((x) => Math.sign(x) === sign);
    const sum = entries.reduce((total, x, i) => total + (having[i] ? weights[i] * x : 0), 0);
    return sum / Math.max(having.filter(Boolean).length, 1);
  });
}

/** Combines tensors of one shape. */
export function combined(
  combination: Combination,
  tensors: readonly Float64Array[],
  weights: readonly number[],
  { density, majoritySign, kept }: CombineOptions,
): Float64Array {
  const pruned = tensors.map((values, i) => {
    if (combination === 'linear' || density >= 1) return values;
    if (!combination.startsWith('dare')) return largest(values, density);
    const mask = kept(i);
    return values.map((x, at) => (mask[at] ? x / density : 0));
  });
  if (electsSign(combination)) return elected(pruned, weights, majoritySign);
  return pruned[0].map((_, at) => pruned.reduce((sum, values, i) => sum + weights[i] * values[at], 0));
}
