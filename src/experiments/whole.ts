import { isDeepStrictEqual } from 'node:util';
import { numericsVersion, portable, portableModel } from '../queue/run-inputs.ts';
import type { RunSettings } from '../training/index.ts';
import type { Experiment } from './definitions.ts';
import { type Cell, type Lookup, SweepPlan, type SweepSettings } from './plan.ts';
import type { GridPoint } from './protocol.ts';
import type { ResultStore } from './store.ts';
import type { PlacedRun } from './stored-run.ts';
import {
  type FinishedRun,
  type Gathered,
  gather,
  gathered,
  type Layout,
  type SweepSummary,
  summaryOf,
} from './summary.ts';
import { type PaperTaskName, paperTasks, taskNamed, taskNames, taskTitle } from './tasks.ts';

/**
 * Returns what is known of a whole experiment: the cells of a plan, and all others that the store has runs of, so that a command
 * with a part of the rows, tasks, models or seeds never takes anything from the tables. A cell that is not of the plan shows the runs
 * with the plan's settings, or, if there are none, those with the most seeds, of several the latest; the warnings then name it.
 */
export function summarizeAll(plan: SweepPlan, store: ResultStore): SweepSummary {
  const known = store
    .list({ experiment: plan.experiment.name })
    .filter(({ settings }) => settings.validationSplit === undefined);
  const layout = layoutOf(plan, known);
  const lookup: Lookup = (hash) => store.find(hash);
  const own = withSettings(plan, { seeds: layout.settings.seeds }, store);
  const whole = wholePlan(plan, layout, store);
  const others: Cell[] = [];
  const summary = summaryOf(layout, (cell) => {
    if (hasCell(plan, cell)) return gather(own, cell, lookup);
    const found = whole && hasCell(whole, cell) ? gather(whole, cell, lookup) : null;
    if (found && found.runs.length > 0) return found;
    const kept = latest(cell, known);
    if (kept.runs.length > 0) others.push(cell);
    return kept;
  });
  if (others.length === 0) return summary;
  const names = others.map(({ row, task }) => `${row.title}, ${taskTitle(task)}`);
  const warning = `other settings than those of this command, from earlier ones: ${[...new Set(names)].join('; ')}`;
  return { ...summary, plan: { ...layout, warnings: [...layout.warnings, warning] } };
}

/**
 * Returns what some runs say of an experiment, without a plan: neither data nor models need be there. Of runs with several settings in
 * a cell those with the most seeds count, of several the latest; runs that chose a grid point count for none.
 */
export function summarizeRuns(
  experiment: Experiment,
  runs: readonly PlacedRun[],
  settings: SweepSettings,
): SweepSummary {
  const known = runs.filter(
    ({ experiment: name, inputs, settings: { validationSplit } }) =>
      name === experiment.name && inputs.numerics === numericsVersion && validationSplit === undefined,
  );
  const tasks = taskNames.filter((task) => experiment.tasks.includes(task) && paperTasks.some((one) => one === task));
  const layout = { experiment, settings, rows: experiment.rows, tasks, tasksOf: () => tasks, warnings: [] };
  return summaryOf(layout, (cell) => latest(cell, known));
}

/** The rows, models, tasks and seeds of a plan, and those that there are runs of. */
function layoutOf(plan: SweepPlan, known: readonly PlacedRun[]): Layout {
  const { experiment, settings } = plan;
  const named = new Set(settings.models.map(portableModel));
  const others = known.map(({ model }) => model).filter((model) => !named.has(model));
  const models = [...new Set([...settings.models, ...others])];
  const seeds = [...new Set([...settings.seeds, ...known.map(({ seed }) => seed).sort((a, b) => a - b)])];
  const tasksOf = (model: string): PaperTaskName[] => {
    const own = known.filter((run) => run.model === portableModel(model)).map(({ task }) => task as PaperTaskName);
    // The tasks that a model can do follow from those it has done, wherever its files are now.
    const [kind] = [...plan.tasksOf(model), ...own].map((task) => taskNamed(task).kind);
    return tasks.filter((task) => taskNamed(task).kind === kind);
  };
  const tasks = taskNames.filter((task) => plan.tasks.includes(task) || known.some((run) => run.task === task));
  return {
    experiment,
    settings: { ...settings, models, seeds },
    rows: experiment.rows.filter((row) => plan.rows.includes(row) || known.some((run) => run.row === row.id)),
    tasks,
    tasksOf,
    warnings: plan.warnings,
  };
}

const withSettings = (plan: SweepPlan, changes: Partial<SweepPlan['settings']>, store: ResultStore): SweepPlan =>
  new SweepPlan(plan.experiment, { ...plan.settings, ...changes }, (hash) => store.runFolder(hash));

/** All of a layout with the settings of a plan; null if models or data of earlier commands are not there any more. */
function wholePlan(plan: SweepPlan, { settings, rows, tasks }: Layout, store: ResultStore): SweepPlan | null {
  try {
    const { models, seeds } = settings;
    return withSettings(plan, { models, seeds, tasks, rows: rows.map(({ id }) => id) }, store);
  } catch {
    return null;
  }
}

const hasCell = (plan: SweepPlan, { model, row, task }: Cell): boolean =>
  plan.rows.includes(row) && plan.tasksOf(model).includes(task);

/** Returns the results that other commands have found for a cell. */
function latest(cell: Cell, known: readonly PlacedRun[]): Gathered {
  const runs = known.filter(
    ({ model, row, task }) => model === portableModel(cell.model) && row === cell.row.id && task === cell.task,
  );
  const groups: PlacedRun[][] = [];
  for (const run of runs) {
    const group = groups.find(([first]) => isDeepStrictEqual(protocolOf(first), protocolOf(run)));
    if (group) group.push(run);
    else groups.push([run]);
  }
  const finished = (group: readonly PlacedRun[]) => group.filter(({ status }) => status === 'finished').length;
  const begun = (group: readonly PlacedRun[]) => Math.max(...group.map(({ started }) => Date.parse(started)));
  const [best = []] = groups.sort((a, b) => finished(b) - finished(a) || begun(b) - begun(a));
  const results = best.map(
    (run): FinishedRun => ({
      ...{ cell, seed: run.seed, settings: run.settings, inputs: run.inputs, hash: run.hash },
      stored: run,
    }),
  );
  return gathered(cell, best.length > 0 ? pointOf(best[0].settings) : null, results);
}

/** What runs of one point share: all but the seed, and the runs that are mixed, which have that seed. */
function protocolOf({ settings, inputs }: PlacedRun): unknown {
  const { seed: _, fused: __, ...rest } = portable(settings);
  return { inputs, ...rest };
}

function pointOf({ learningRate, epochs, batchSize }: RunSettings): GridPoint | null {
  return batchSize === undefined ? null : { learningRate, epochs, batchSize };
}
