/** Searches for settings: spaces of values, ways to choose points, trials that end early, and studies in the files of Optuna. */

export { type JobQueue, openQueue } from '../queue/index.ts';
export type { Category, Distribution, SearchSpace } from './distribution.ts';
export type { HalvingOptions } from './halving.ts';
export { writeSearch } from './outputs.ts';
export {
  runOfTrial,
  type SearchEvents,
  type SearchOptions,
  type SearchResult,
  search,
  usualParallel,
} from './search.ts';
export { type SpaceSpec, searchSpace, settingsAt } from './space.ts';
export { parametersOf, type StoredTrial, type Study } from './study.ts';
export { type SearchMethod, searchMethods } from './suggest.ts';
export { bestTrial, type Direction, type Trial, type TrialState } from './trial.ts';
