export { apportion, erdosRenyiDensities, paperLiteralDensities } from './erdos-renyi.ts';
export { needsData, type PruneOptions, type PruneReport, type PruningMethod, prune, pruningMethods } from './prune.ts';
export { grasp, magnitude, random, type Score, type ScoreContext, snip, snipPaperLiteral } from './scores.ts';
export { lowestRemoved, prunedCount, type Scope, selectMasks } from './select.ts';
