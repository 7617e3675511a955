import type { FloatArray } from '../backends/backend.ts';
import { loadSparse } from '../backends/index.ts';
import { InputError } from '../errors.ts';
import type { Parameter } from '../nn/index.ts';
import { type OptionValue, parseWith, wholeNumberIn } from '../settings/index.ts';
import { controlled, controlledScores, type PruningControl } from './controls.ts';
import type { PruningMethod, ScoreContext } from './method.ts';
import { pruningMethodOf } from './registry.ts';
import { budgetsOf, masksWithin, type PruningScope, removedAfter } from './select.ts';

/** The number of rounds in which weights are removed. */
export const pruningIterations = wholeNumberIn(1, 10_000, 'each of them scores all weights again');

export interface PruneSettings extends ScoreContext {
  /** The name of a method. */
  readonly method: string;
  /** The fraction of weights removed, in [0, 1). */
  readonly sparsity: number;
  /** Default `global`. */
  readonly scope?: PruningScope;
  /** The number of rounds of scoring and removing, 1 to 10,000. Default: that of the method, mostly 1. */
  readonly iterations?: number;
  /** A sanity check instead of the method's own mask. Default: none. */
  readonly control?: PruningControl;
  /** The options of the method. */
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** Told in one line of matrices that are left without a weight. */
  readonly onWarning?: (message: string) => void;
}

export interface PruneReport {
  readonly total: number;
  readonly kept: number;
  readonly layers: readonly { readonly name: string; readonly total: number; readonly kept: number }[];
}

/**
 * Prunes parameters: scores them and sets their masks, which are final then: only the kept weights are held. Exactly floor(sparsity · N + 1/2) weights
 * go (Algorithm 1 of SparseAdapter, He et al., 2022). With several iterations some go in each, and the scores of the others are
 * computed again; none comes back. If it fails all weights are as they were.
 *
 * @throws InputError for an unknown method or option, a sparsity outside [0, 1), a number of rounds that has no end in sight, a score that is not finite, and scores that are the
 * same for all weights
 */
export async function prune({
  method: name,
  sparsity,
  scope = 'global',
  iterations,
  control,
  options,
  onWarning,
  ...context
}: PruneSettings): Promise<PruneReport> {
  const method = pruningMethodOf(name);
  const config = method.configure(options);
  const rounds = parseWith(pruningIterations, iterations ?? method.iterations, 'iterations');
  const { parameters, losses, onBatch } = context;
  const shapes = parameters.map(({ shape }) => shape);
  const budgets = budgetsOf(shapes, sparsity, scope, method.densities);
  if (method.data && losses.length === 0) throw new InputError(`${name} needs training data to score weights with.`);

  const before = parameters.map((parameter) => parameter.snapshot());
  let masks: Uint8Array[] | null = null;
  try {
    for (const parameter of parameters) {
      // Behind a mask a change of the backbone has no gradient, and is scored as the others are.
      if (context.base?.has(parameter)) parameter.setMask(null);
      else parameter.openMask();
    }
    const first = control ? await Promise.all(parameters.map((parameter) => parameter.data())) : [];
    for (let round = 1; round <= rounds; round++) {
      const scores = await method.score(
        { ...context, onBatch: (done, total) => onBatch?.((round - 1) * total + done, rounds * total) },
        config,
      );
      await checkScores(method, parameters, scores, { informative: round === 1 });
      const counts = budgets.map((budget) => removedAfter(budget, round, rounds));
      masks = masksWithin(controlledScores(scores, control), budgets, counts, masks);
      for (const [i, parameter] of parameters.entries()) parameter.setMask(masks[i]);
      // Rounds of a method that needs no batches are reported too.
      if (!method.data && rounds > 1) await onBatch?.(round, rounds);
    }
    for (const [i, parameter] of parameters.entries()) {
      if (!control || !masks) break;
      const { values, mask } = controlled(first[i], masks[i], control, context.random.fork(`control ${i}`));
      parameter.load(values, mask);
    }
    await loadSparse();
    for (const parameter of parameters) parameter.fixMask();
  } catch (error) {
    for (const [i, parameter] of parameters.entries()) parameter.restore(before[i]);
    throw error;
  } finally {
    for (const snapshot of before) snapshot.dispose();
  }
  const report = reportOf(parameters);
  const warning = emptiedWarning(report);
  if (warning !== null) onWarning?.(warning);
  return report;
}

/** A line on matrices in which pruning has left no weight, or null. */
export function emptiedWarning({ layers, kept }: PruneReport): string | null {
  const emptied = layers.filter((layer) => layer.kept === 0 && layer.total > 0).length;
  if (emptied === 0) return null;
  if (kept === 0) {
    return `pruning leaves no weight in any of the ${layers.length} matrices, so that biases, norms and the head are all that is trained; lower the sparsity.`;
  }
  return `pruning leaves no weight in ${emptied} of ${layers.length} matrices, which then pass nothing on; lower the sparsity, or take scope 'layer'.`;
}

function reportOf(parameters: readonly Parameter[]): PruneReport {
  const layers = parameters.map((parameter) => ({
    name: parameter.name,
    total: parameter.size,
    kept: parameter.keptCount(),
  }));
  const sum = (key: 'total' | 'kept') => layers.reduce((total, layer) => total + layer[key], 0);
  return { total: sum('total'), kept: sum('kept'), layers };
}

/**
 * Scores that cannot tell weights apart would prune by position, which is an error: over all weights, and for a method that looks
 * at data in any matrix that starts as zeros (a dead unit may silence others, which are there all the same). After the first round
 * it is no error: a network that has lost its last path has no scores to compare.
 */
async function checkScores(
  { name, data }: PruningMethod,
  parameters: readonly Parameter[],
  z: readonly FloatArray[],
  { informative }: { readonly informative: boolean },
): Promise<void> {
  for (const values of z) {
    const bad = values.find((value) => !Number.isFinite(value));
    if (bad === undefined) continue;
    throw new InputError(
      `${name}: a score is ${bad}; the loss or a weight is not finite. Lower the learning rate or check the data.`,
    );
  }
  if (!informative) return;
  const remedy =
    "so they cannot tell weights apart; initialise the adapter with init 'bert', or, where it is, look for examples that are all alike";
  const first = z.find(({ length }) => length > 0)?.[0];
  const count = z.reduce((sum, { length }) => sum + length, 0);
  if (count > 1 && z.every((values) => values.every((value) => value === first))) {
    throw new InputError(`${name}: all scores are ${first}, ${remedy}.`);
  }
  if (!data) return;
  for (const [i, parameter] of parameters.entries()) {
    const isZero = z[i].every((value) => value === 0) && (await parameter.data()).every((value) => value === 0);
    if (isZero && z[i].length > 1) throw new InputError(`${name}: all scores of ${parameter.name} are 0, ${remedy}.`);
  }
}
