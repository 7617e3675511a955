/**
 * Pruning at initialisation. A score (scores.ts, synflow.ts) maps parameters and losses to an importance for every weight. A method
 * (method.ts) is a score with a name, options and what it needs; methods.ts lists those of this package, registry.ts finds them by
 * name. Budgets say how many weights go from where (select.ts, erdos-renyi.ts), and `prune` (prune.ts) scores and removes, once or
 * in rounds.
 */

export { type PruningControl, pruningControls } from './controls.ts';
export { apportion, erdosRenyiDensities, paperLiteralDensities } from './erdos-renyi.ts';
export {
  definePruningMethod,
  type PruningMethod,
  type PruningMethodDefinition,
  type Score,
  type ScoreContext,
} from './method.ts';
export { prunableIn } from './prunable.ts';
export { emptiedWarning, type PruneReport, type PruneSettings, prune, pruningIterations } from './prune.ts';
export { pruningMethodOf, pruningMethods, registerPruningMethod } from './registry.ts';
export { type Bytes, type PrunedMatrix, type SparseSavings, sparseSavings, timeShare } from './savings.ts';
export { fisher, grasp, magnitude, randomScore, snip, snipPaperLiteral } from './scores.ts';
export {
  type Budget,
  budgetsOf,
  lowestRemoved,
  type PruningScope,
  prunedCount,
  pruningScopes,
  selectMasks,
} from './select.ts';
export { methodSettings, pruningSettings } from './settings.ts';
export { synflow } from './synflow.ts';
