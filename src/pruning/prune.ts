import type { FloatArray } from '../backends/backend.ts';
import { InputError } from '../errors.ts';
import { apportion, erdosRenyiDensities, paperLiteralDensities } from './erdos-renyi.ts';
import * as scores from './scores.ts';
import { lowestRemoved, prunedCount, type Scope, selectMasks } from './select.ts';

/** From the context to one mask per parameter: 1 kept, 0 removed. */
type Method = (context: scores.ScoreContext, sparsity: number, scope: Scope) => Promise<Uint8Array[]>;

const scored =
  (name: string, score: scores.Score): Method =>
  async (context, sparsity, scope) => {
    const z = await score(context);
    checkNumbers(name, z);
    return selectMasks(z, sparsity, scope);
  };

/** A score computed from data: one that cannot tell weights apart would prune by position, which is an error. */
const dataDriven = (name: string, score: scores.Score): Method =>
  scored(name, async (context) => {
    if (context.losses.length === 0) throw new InputError(`${name} needs training data to score weights with.`);
    const z = await score(context);
    checkInformative(name, z);
    return z;
  });

/** Random inside each matrix, which gets its Erdos-Renyi share of the budget. With scope `layer` all shares are equal. */
const erdosRenyi =
  (densitiesOf: typeof erdosRenyiDensities): Method =>
  async (context, sparsity, scope) => {
    const z = await scores.random(context);
    if (scope === 'layer') return selectMasks(z, sparsity, scope);
    const sizes = z.map(({ length }) => length);
    const total = prunedCount(
      sparsity,
      sizes.reduce((sum, n) => sum + n, 0),
    );
    const densities = densitiesOf(
      context.parameters.map(({ shape }) => shape),
      sparsity,
    );
    return apportion(sizes, densities, total).map((count, i) => lowestRemoved(z[i], count));
  };

/** The methods that score weights by the loss on training data. */
const byData = {
  snip: dataDriven('snip', scores.snip),
  grasp: dataDriven('grasp', scores.grasp),
  /** The signed score that the paper's text prints for SNIP. */
  'snip:paper-literal': dataDriven('snip:paper-literal', scores.snipPaperLiteral),
} as const satisfies Record<string, Method>;

const methods = {
  random: scored('random', scores.random),
  magnitude: scored('magnitude', scores.magnitude),
  er: erdosRenyi(erdosRenyiDensities),
  ...byData,
  /** The sparsity rule that the paper's text prints for ER. */
  'er:paper-literal': erdosRenyi(paperLiteralDensities),
} as const satisfies Record<string, Method>;

export type PruningMethod = keyof typeof methods;
export const pruningMethods = Object.keys(methods) as PruningMethod[];

/** True for methods that need pruning batches. */
export const needsData = (method: PruningMethod): boolean => Object.hasOwn(byData, method);

function checkNumbers(name: string, z: readonly FloatArray[]): void {
  if (z.some((values) => values.some(Number.isNaN))) {
    throw new InputError(
      `${name}: a score is NaN; the loss or a weight is not finite. Lower the learning rate or check the data.`,
    );
  }
}

function checkInformative(name: string, z: readonly FloatArray[]): void {
  const first = z.find(({ length }) => length > 0)?.[0];
  if (z.every((values) => values.every((value) => value === first))) {
    throw new InputError(
      `${name}: all scores are ${first}, so they cannot tell weights apart; initialise the adapter with init 'bert'.`,
    );
  }
}

export interface PruneOptions extends scores.ScoreContext {
  readonly method: PruningMethod;
  /** The fraction of weights removed, in [0, 1). */
  readonly sparsity: number;
  /** Default `global`. */
  readonly scope?: Scope;
}

export interface PruneReport {
  readonly total: number;
  readonly kept: number;
  readonly layers: readonly { readonly name: string; readonly total: number; readonly kept: number }[];
}

/**
 * Prunes parameters once: scores them, sets their masks and thereby the removed weights to 0. Exactly
 * floor(sparsity · N + 1/2) weights go (Algorithm 1 of SparseAdapter, He et al., 2022).
 *
 * @throws InputError for a sparsity outside [0, 1), when a score is NaN, and when a data-driven one is the same for all weights
 */
export async function prune({ method, sparsity, scope = 'global', ...context }: PruneOptions): Promise<PruneReport> {
  if (!Object.hasOwn(methods, method)) {
    throw new InputError(`Unknown pruning method '${method}'; there are: ${pruningMethods.join(', ')}.`);
  }
  prunedCount(sparsity, 1);
  const masks = await methods[method](context, sparsity, scope);
  const layers = context.parameters.map((parameter, i) => {
    parameter.setMask(masks[i]);
    return { name: parameter.name, total: parameter.size, kept: masks[i].reduce((sum, m) => sum + m, 0) };
  });
  const sum = (key: 'total' | 'kept') => layers.reduce((total, layer) => total + layer[key], 0);
  return { total: sum('total'), kept: sum('kept'), layers };
}
