import type { ExperimentRow } from './definitions.ts';
import { type Cell, type Lookup, type PlannedRun, type SweepPlan, scoreIn } from './plan.ts';
import type { GridPoint } from './protocol.ts';
import type { PaperModel, PublishedScores } from './published.ts';
import { type PairedTest, pairedTTest, sampleMean, standardDeviation } from './statistics.ts';
import type { StoredRun } from './stored-run.ts';
import { besideFrom, type PaperTaskName, paperTasks } from './tasks.ts';

/** Scores in percent by seed, and what they come to. */
export interface SeedScores {
  readonly bySeed: ReadonlyMap<number, number>;
  /** Null without any score. */
  readonly mean: number | null;
  readonly deviation: number | null;
  /** Against the dense row, over the seeds that both have. */
  readonly test: PairedTest | null;
}

/** A run with what it is for. */
export type FinishedRun = PlannedRun & { readonly stored: StoredRun };

export interface CellSummary {
  readonly cell: Cell;
  /** Null while it is not known. */
  readonly point: GridPoint | null;
  readonly scores: SeedScores;
  /** The mean over the seeds of the metric that is shown beside the score, in percent; null if there is none. */
  readonly beside: number | null;
  readonly runs: readonly FinishedRun[];
  /** Messages of runs that failed. */
  readonly errors: readonly string[];
}

/** A method with a model. */
export interface RowSummary {
  readonly row: ExperimentRow;
  readonly model: string;
  /** Of the tasks that the model can do, in the order of the plan. */
  readonly cells: readonly CellSummary[];
  /** Means over the tasks of GLUE, for seeds that have all of them. */
  readonly average: SeedScores;
  /** Of the adapter, in percent of the backbone, as the paper counts; null without a finished run. */
  readonly trained: number | null;
}

/** The rows and columns of a summary: the methods, models and tasks of a plan, or more of them. */
export type Layout = Pick<SweepPlan, 'experiment' | 'settings' | 'rows' | 'tasks' | 'tasksOf' | 'warnings'>;

/** The results of a sweep, as far as it went. */
export interface SweepSummary {
  readonly plan: Layout;
  readonly rows: readonly RowSummary[];
}

/** Returns what a plan came to: all its results, looked up. */
export const summarize = (plan: SweepPlan, lookup: Lookup): SweepSummary =>
  summaryOf(plan, (cell) => gather(plan, cell, lookup));

/** Returns the summary of all cells of a layout. @param gather what is known of a cell */
export function summaryOf(plan: Layout, gather: (cell: Cell) => Gathered): SweepSummary {
  const { models } = plan.settings;
  const rows = models.flatMap((model) => {
    const raw = new Map(
      plan.rows.map((row) => [row.id, plan.tasksOf(model).map((task) => gather({ model, row, task }))]),
    );
    return plan.rows.map((row) => {
      const dense = row.against === undefined ? undefined : raw.get(row.against);
      return rowSummary(row, model, raw.get(row.id) ?? [], dense);
    });
  });
  return { plan, rows };
}

/** The results of a cell. */
export type Gathered = Omit<CellSummary, 'scores'> & { readonly bySeed: ReadonlyMap<number, number> };

/** Returns what is known of a cell of a plan. */
export function gather(plan: SweepPlan, cell: Cell, lookup: Lookup): Gathered {
  const known = (planned: PlannedRun[]) =>
    planned.flatMap((run): FinishedRun[] => {
      const stored = lookup(run.hash);
      return stored ? [{ ...run, stored }] : [];
    });
  const results = known(plan.result(cell, lookup));
  return gathered(cell, plan.point(cell, lookup), results, known(plan.search(cell, lookup)));
}

/**
 * Returns what some runs say of a cell.
 *
 * @param results those whose scores count
 * @param searched those that were run to choose the point
 */
export function gathered(
  cell: Cell,
  point: GridPoint | null,
  results: readonly FinishedRun[],
  searched: readonly FinishedRun[] = [],
): Gathered {
  const runs = results.filter(({ stored }) => stored.status === 'finished');
  const failed = [...searched, ...results].filter(({ stored }) => stored.status === 'failed');
  const errors = [...new Set(failed.map(({ stored }) => stored.error ?? 'failed'))];
  const bySeed = new Map(
    runs.flatMap(({ seed, stored }) => {
      const score = scoreIn(stored, cell.task);
      return score === null ? [] : [[seed, 100 * score] as const];
    }),
  );
  const others = runs.flatMap(({ stored }) => besideFrom(stored.metrics?.metrics ?? null, cell.task) ?? []);
  const beside = others.length > 0 ? 100 * sampleMean(others) : null;
  return { cell, point, beside, runs, errors, bySeed };
}

function rowSummary(
  row: ExperimentRow,
  model: string,
  cells: readonly Gathered[],
  dense: readonly Gathered[] | undefined,
): RowSummary {
  const trained = cells.flatMap(({ runs }) => runs).map(({ stored: { metrics } }) => metrics);
  const share = trained[0] ? (100 * trained[0].trained_parameters.adapter) / trained[0].backbone_parameters : null;
  return {
    row,
    model,
    cells: cells.map(({ bySeed, ...cell }, i) => ({ ...cell, scores: scoresOf(bySeed, dense?.[i]?.bySeed) })),
    average: scoresOf(averages(cells), dense && averages(dense)),
    trained: share,
  };
}

/** By seed, the mean over the tasks of GLUE. */
function averages(all: readonly Gathered[]): Map<number, number> {
  const cells = all.filter(({ cell }) => isAveraged(cell.task));
  const seeds = [...(cells[0]?.bySeed.keys() ?? [])];
  const complete = seeds.filter((seed) => cells.every(({ bySeed }) => bySeed.has(seed)));
  return new Map(complete.map((seed) => [seed, sampleMean(cells.map(({ bySeed }) => bySeed.get(seed) as number))]));
}

function scoresOf(bySeed: ReadonlyMap<number, number>, dense?: ReadonlyMap<number, number>): SeedScores {
  const values = [...bySeed.values()];
  const pairs = [...bySeed].filter(([seed]) => dense?.has(seed));
  const test =
    dense && pairs.length > 0
      ? pairedTTest(
          pairs.map(([, value]) => value),
          pairs.map(([seed]) => dense.get(seed) as number),
        )
      : null;
  return { bySeed, mean: values.length > 0 ? sampleMean(values) : null, deviation: standardDeviation(values), test };
}

/** The printed numbers of a row, by backbone. */
export function publishedOf(
  { experiment }: Layout,
  row: string,
): { readonly model: PaperModel; readonly scores: PublishedScores }[] {
  return Object.entries(experiment.published).map(([model, rows]) => ({
    model: model as PaperModel,
    scores: rows[row] ?? {},
  }));
}

const isAveraged = (task: PaperTaskName): boolean => paperTasks.some((name) => name === task);

/** A column of scores: a task, or the mean over those of GLUE. */
export type ScoreColumn = PaperTaskName | 'average';

/** The columns of scores: the tasks of GLUE, their mean where there are several, and the other tasks. */
export function columnsOf({ tasks }: Layout): ScoreColumn[] {
  const averaged = tasks.filter(isAveraged);
  const others = tasks.filter((task) => !isAveraged(task));
  return [...averaged, ...(averaged.length > 1 ? (['average'] as const) : []), ...others];
}

/** The column that stands for a row: the mean, or without one the last that its model has. */
export function mainColumn(plan: Layout, { model }: RowSummary): ScoreColumn | undefined {
  const own = columnsOf(plan).filter((column) => hasColumn(plan, model, column));
  return own.find((column) => column === 'average') ?? own.at(-1);
}

/** Whether a model has scores of a column. */
export const hasColumn = (plan: Layout, model: string, column: ScoreColumn): boolean =>
  plan.tasksOf(model).some((task) => (column === 'average' ? isAveraged(task) : task === column));

/** The scores of a column. */
export function scoresIn({ cells, average }: RowSummary, column: ScoreColumn): SeedScores | null {
  return column === 'average' ? average : (cells.find(({ cell }) => cell.task === column)?.scores ?? null);
}
