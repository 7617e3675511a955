import type { BackendName } from '../backends/index.ts';
import type { GlueTaskName } from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { Pooling } from '../models/index.ts';
import {
  builtAdapter,
  classification,
  defaultMaxLength,
  type FusedAdapter,
  type RunSettings,
  withAllOptions,
} from '../training/index.ts';
import { type Experiment, paperWidth, type Row } from './definitions.ts';
import { type Grid, type GridPoint, paperTasks, pointsOf, protocol, scoreOf } from './protocol.ts';
import { hashOf, type StoredRun } from './store.ts';

/** How an experiment is run. */
export interface SweepSettings {
  readonly models: readonly string[];
  /** The folder with the GLUE data. */
  readonly data: string;
  /** Default: those of the experiment. */
  readonly tasks?: readonly GlueTaskName[];
  /** Ids of rows. Default: all. */
  readonly rows?: readonly string[];
  readonly seeds: readonly number[];
  readonly grid: Grid;
  /** The learning rates of full fine-tuning. Default: those of the grid. */
  readonly fullLearningRate?: readonly number[];
  /** The width of bottlenecks in place of the paper's. */
  readonly width?: number;
  readonly pooling: Pooling;
  /** Default: as long as the paper's inputs, where the model has positions for that. */
  readonly maxLength?: number;
  readonly weightDecay?: number;
  /** How often a model is evaluated while it is trained. Default: that of the experiment. */
  readonly evaluations?: number;
  readonly backend: BackendName;
}

/** A method on a task with a model: all its grid points and seeds. */
export interface Cell {
  readonly model: string;
  readonly row: Row;
  readonly task: GlueTaskName;
}

/** A run of a cell. */
export interface PlannedRun {
  readonly cell: Cell;
  readonly seed: number;
  readonly settings: RunSettings;
  readonly hash: string;
}

/** Gives what is known of a run. */
export type Lookup = (hash: string) => StoredRun | null;

/**
 * What an experiment comes to with some settings. A cell with several grid points is searched with the first seed; the point with the
 * best score of the last checkpoint on the development set, of equal ones the first, is run with the other seeds. So which runs there
 * are depends on results: the plan asks for them.
 */
export class SweepPlan {
  readonly experiment: Experiment;
  readonly settings: SweepSettings;
  readonly rows: readonly Row[];
  readonly tasks: readonly GlueTaskName[];
  /** In the order in which they are run: what is fused comes first. */
  readonly cells: readonly Cell[];
  /** What was left out, and why. */
  readonly warnings: readonly string[];
  readonly #folderOf: (hash: string) => string;
  readonly #maxLengths: ReadonlyMap<string, number>;

  /**
   * @param folderOf where the files of a run are
   * @throws InputError for a row that the experiment does not have, and an unusable model
   */
  constructor(experiment: Experiment, settings: SweepSettings, folderOf: (hash: string) => string) {
    this.experiment = experiment;
    this.settings = settings;
    this.#folderOf = folderOf;
    const { tasks = experiment.tasks } = settings;
    this.tasks = paperTasks.filter((task) => tasks.includes(task));
    const chosen = chooseRows(experiment, settings.rows);
    // A fusion needs adapters of several tasks.
    const left = this.tasks.length < 2 ? chosen.filter(({ fuses }) => fuses) : [];
    this.warnings = left.map(({ title }) => `${title} is left out: it fuses the adapters of two tasks or more`);
    this.rows = chosen.filter((row) => !left.includes(row));
    this.#maxLengths = new Map(
      settings.models.map((model) => [model, settings.maxLength ?? defaultMaxLength(model, classification)]),
    );
    this.cells = [...this.rows]
      .sort((a, b) => Number(a.fuses !== undefined) - Number(b.fuses !== undefined))
      .flatMap((row) => settings.models.flatMap((model) => this.tasks.map((task) => ({ model, row, task }))));
  }

  /** The number of runs. */
  get size(): number {
    const { seeds } = this.settings;
    return this.cells.reduce((sum, { row }) => {
      const points = this.points(row).length;
      return sum + (points === 1 ? seeds.length : points + seeds.length - 1);
    }, 0);
  }

  /** The grid points of a method. */
  points(row: Row): GridPoint[] {
    const { grid, fullLearningRate } = this.settings;
    const learningRate = row.adapter.kind === 'full' && fullLearningRate ? fullLearningRate : grid.learningRate;
    return pointsOf({ ...grid, learningRate });
  }

  /** The runs that choose the point of a cell; none if there is nothing to choose. */
  search(cell: Cell, lookup: Lookup): PlannedRun[] {
    const points = this.points(cell.row);
    if (points.length === 1) return [];
    return points.flatMap((point) => this.#run(cell, point, this.settings.seeds[0], lookup) ?? []);
  }

  /** The point of a cell; null while it is not known, or if no run of its search has a score. */
  point(cell: Cell, lookup: Lookup): GridPoint | null {
    const points = this.points(cell.row);
    if (points.length === 1) return points[0];
    const scores = this.search(cell, lookup).map(({ hash }) => scoreIn(lookup(hash), cell.task) ?? -Infinity);
    const best = Math.max(...scores);
    return best === -Infinity ? null : points[scores.indexOf(best)];
  }

  /** The runs whose scores are the result of a cell, one per seed; none if its point is not known. */
  result(cell: Cell, lookup: Lookup): PlannedRun[] {
    const point = this.point(cell, lookup);
    return point ? this.settings.seeds.flatMap((seed) => this.#run(cell, point, seed, lookup) ?? []) : [];
  }

  /** Null if what it fuses is not known. */
  #run(cell: Cell, point: GridPoint, seed: number, lookup: Lookup): PlannedRun | null {
    const { data, pooling, backend, evaluations = this.experiment.evaluations, weightDecay } = this.settings;
    const { model, row, task } = cell;
    const fused = row.fuses === undefined ? undefined : this.#fused(cell, row.fuses, seed, lookup);
    if (fused && fused.length < this.tasks.length) return null;
    const settings = withAllOptions({
      model,
      data: { kind: 'glue', task, folder: data },
      adapter: { ...this.#adapter(row), ...(fused && { adapters: fused.map(({ name }) => name) }) },
      ...(fused && { fused }),
      pruning: row.pruning,
      training: { ...protocol.training, ...point, ...(weightDecay !== undefined && { weightDecay }) },
      pooling,
      maxLength: this.#maxLengths.get(model) ?? protocol.maxLength,
      trainHead: true,
      seed,
      backend,
      ...(evaluations !== undefined && { evaluations }),
    });
    return { cell, seed, settings, hash: hashOf(settings) };
  }

  #adapter({ adapter }: Row): Row['adapter'] {
    const { width = paperWidth } = this.settings;
    return 'bottleneck' in adapter ? { ...adapter, bottleneck: width } : adapter;
  }

  /** The adapters of all tasks with the same seed. */
  #fused({ model }: Cell, id: string, seed: number, lookup: Lookup): FusedAdapter[] {
    const row = rowOf(this.experiment, id);
    return this.tasks.flatMap((task) => {
      const cell = { model, row, task };
      const point = this.point(cell, lookup);
      const run = point && this.#run(cell, point, seed, lookup);
      return run ? { name: task, run: this.#folderOf(run.hash), settings: builtAdapter(run.settings) } : [];
    });
  }
}

/** The paper's score of a run, if it has one. */
export const scoreIn = (run: StoredRun | null, task: GlueTaskName): number | null =>
  scoreFrom(run?.metrics?.metrics ?? null, task);

/** The paper's score among metrics; null where it is undefined. */
export function scoreFrom(
  metrics: Readonly<Record<string, number | undefined>> | null,
  task: GlueTaskName,
): number | null {
  const value = metrics?.[scoreOf(task)];
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** @throws InputError if the experiment has no such row */
function rowOf({ name, rows }: Experiment, id: string): Row {
  const row = rows.find((candidate) => candidate.id === id);
  if (row) return row;
  throw new InputError(`${name} has no row '${id}'; it has ${rows.map((candidate) => candidate.id).join(', ')}.`);
}

/** Those of the ids, and what they fuse or are compared with, in the order of the experiment. */
function chooseRows(experiment: Experiment, ids?: readonly string[]): Row[] {
  if (!ids) return [...experiment.rows];
  const needed = new Set<string>();
  const add = (id: string | undefined) => {
    if (id === undefined || needed.has(id)) return;
    const { fuses, against } = rowOf(experiment, id);
    needed.add(id);
    add(fuses);
    add(against);
  };
  ids.forEach(add);
  return experiment.rows.filter(({ id }) => needed.has(id));
}
