/**
 * The tables and figures of the SparseAdapter paper (He et al., 2022) as data, and one runner for them.
 *
 * definitions.ts says what is run (tasks.ts on what, published.ts what the paper prints, protocol.ts how it trains); plan.ts makes settings of runs from
 * it; sweep.ts runs what store.ts does not have; summary.ts and statistics.ts read the results, whole.ts also those of earlier commands; import.ts brings those of other machines; tables.ts, charts.ts, report.ts and
 * outputs.ts write them.
 */

export { type JobQueue, openQueue } from '../queue/index.ts';
export { numericsVersion, type RunInputs } from '../queue/run-inputs.ts';
export { type ComparedCell, comparedCells } from './compared.ts';
export { type ComparedRun, comparisonChart } from './comparison-chart.ts';
export { type AnswerPair, type Comparison, compareOverSeedsAndExamples, holm, seedsNeeded } from './comparisons.ts';
export { type Experiment, type ExperimentRow, experiments } from './definitions.ts';
export { type ImportCount, importRuns, readExport } from './import.ts';
export { masksIn } from './masks.ts';
export { writeOutputs } from './outputs.ts';
export { jaccard, type KnownMask, type Overlap, overlapChart, overlapsOf } from './overlap.ts';
export { checkPictures, svgOf } from './pictures.ts';
export { type Cell, type Lookup, type PlannedRun, SweepPlan, type SweepSettings, scoreIn } from './plan.ts';
export {
  type Grid,
  type GridPoint,
  type Protocol,
  type ProtocolName,
  protocol,
  protocols,
  seedCount,
  usualFullLearningRate,
  usualGrid,
} from './protocol.ts';
export { readRowLines, rowLines } from './rows.ts';
export { type PairedTest, pairedTTest, sampleMean, standardDeviation } from './statistics.ts';
export { ResultStore } from './store.ts';
export { type PlacedRun, type RunStatus, type StoredRun, statuses } from './stored-run.ts';
export { type SweepSummary, summarize } from './summary.ts';
export { runSweep } from './sweep.ts';
export type { SweepEvents, SweepOptions, SweepResult } from './sweep-options.ts';
export {
  comparedTable,
  comparisonTable,
  formatScores,
  runTable,
  scoreTable,
  shortModel,
  type Table,
  type TableFormat,
  tableFormats,
} from './tables.ts';
export { type PaperTaskName, paperTasks, taskNames, taskTitle } from './tasks.ts';
export { summarizeRuns } from './whole.ts';
