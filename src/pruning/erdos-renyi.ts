import type { Shape } from '../backends/backend.ts';

/** (n_in + n_out) / (n_in · n_out): the relative density of a matrix in an Erdos-Renyi topology. */
const sparseness = ([out, inner]: Shape): number => (inner + out) / (inner * out);

/**
 * Densities proportional to (n_in + n_out)/(n_in · n_out) that meet the total budget (Mocanu et al., 2018; Evci et al., 2020).
 * Where the proportion would exceed 1 the matrix is dense, and the others share what is left.
 *
 * @param shapes [out, in] of each matrix
 * @param sparsity the fraction removed over all matrices
 * @returns the density (fraction kept) of each matrix
 */
export function erdosRenyiDensities(shapes: readonly Shape[], sparsity: number): number[] {
  const sizes = shapes.map(([out, inner]) => out * inner);
  const budget = (1 - sparsity) * sizes.reduce((sum, n) => sum + n, 0);
  const dense = new Set<number>();
  for (;;) {
    const open = shapes.map((_, i) => i).filter((i) => !dense.has(i));
    const taken = [...dense].reduce((sum, i) => sum + sizes[i], 0);
    const scale = (budget - taken) / open.reduce((sum, i) => sum + sizes[i] * sparseness(shapes[i]), 0);
    const full = open.filter((i) => scale * sparseness(shapes[i]) > 1);
    if (full.length === 0) return shapes.map((shape, i) => (dense.has(i) ? 1 : scale * sparseness(shape)));
    for (const i of full) dense.add(i);
  }
}

/**
 * The rule as the paper's text prints it: sparsities proportional to 1 - (n_in + n_out)/(n_in · n_out), clipped to [0, 1],
 * meeting the total budget. Matrices whose proportion is 0 are pruned, evenly, only where the others have no weight left.
 *
 * @returns the density of each matrix
 */
export function paperLiteralDensities(shapes: readonly Shape[], sparsity: number): number[] {
  const sizes = shapes.map(([out, inner]) => out * inner);
  const weights = shapes.map((shape) => Math.max(0, 1 - sparseness(shape)));
  const budget = sparsity * sizes.reduce((sum, n) => sum + n, 0);
  const even = shapes.map(() => 1);
  const empty = new Set<number>();
  for (;;) {
    const open = shapes.map((_, i) => i).filter((i) => !empty.has(i));
    const taken = [...empty].reduce((sum, i) => sum + sizes[i], 0);
    const shares = open.some((i) => weights[i] > 0) ? weights : even;
    const scale = (budget - taken) / open.reduce((sum, i) => sum + sizes[i] * shares[i], 0);
    const full = open.filter((i) => scale * shares[i] > 1);
    if (full.length === 0) return shares.map((share, i) => (empty.has(i) ? 0 : 1 - scale * share));
    for (const i of full) empty.add(i);
  }
}

/**
 * Whole numbers of weights to remove from each matrix, as near to the densities as their exact sum allows: each is rounded
 * down, and the largest remainders get one more.
 *
 * @param total the sum
 */
export function apportion(sizes: readonly number[], densities: readonly number[], total: number): number[] {
  const exact = sizes.map((size, i) => size * (1 - densities[i]));
  const counts = exact.map(Math.floor);
  const byRemainder = exact.map((_, i) => i).sort((a, b) => exact[b] - counts[b] - (exact[a] - counts[a]) || a - b);
  let missing = total - counts.reduce((sum, n) => sum + n, 0);
  for (let k = 0; missing > 0; k = (k + 1) % sizes.length) {
    const i = byRemainder[k];
    if (counts[i] < sizes[i]) {
      counts[i]++;
      missing--;
    }
  }
  return counts;
}
