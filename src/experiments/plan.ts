import type { BackendName } from '../backends/index.ts';
import { isGlueTask } from '../data/index.ts';
import { InputError } from '../errors.ts';
import type { Pooling } from '../models/index.ts';
import { fileDigests, hashOf, kernelsInUse, numericsVersion, type RunInputs } from '../queue/run-inputs.ts';
import {
  builtAdapter,
  chosenSettings,
  defaultMaxLength,
  type FusedAdapter,
  type GivenSettings,
  located,
  type RunSettings,
} from '../training/index.ts';
import { type Experiment, type ExperimentRow, paperWidth } from './definitions.ts';
import { type Grid, type GridPoint, pointsOf } from './protocol.ts';
import type { StoredRun } from './stored-run.ts';
import { kindOf, type PaperTaskName, scoreFrom, taskNamed, taskNames, taskTitle } from './tasks.ts';

/** Options of an experiment. */
export interface SweepSettings {
  readonly models: readonly string[];
  /** The folder with the data: those of GLUE, or a folder `glue` with them; and folders `squad` and `xsum`. */
  readonly data: string;
  /** Default: those of the experiment that one of the models can do. */
  readonly tasks?: readonly PaperTaskName[];
  /** Ids of rows. Default: all. */
  readonly rows?: readonly string[];
  readonly seeds: readonly number[];
  readonly grid: Grid;
  /** The learning rates of full fine-tuning. Default: those of the grid. */
  readonly fullLearningRate?: readonly number[];
  /** The width of bottlenecks instead of the paper's. */
  readonly width?: number;
  readonly pooling: Pooling;
  /** Tokens of an input, of every task. Default: as many as the task's inputs have, where the model has positions for that. */
  readonly maxLength?: number;
  readonly weightDecay?: number;
  /** The number of evaluations while a model is trained. Default: that of the experiment. */
  readonly evaluations?: number;
  /**
   * The part of the training rows on which grid points are chosen; the runs of the search train on the others. Default: they are
   * chosen by the development rows, as in the paper.
   */
  readonly searchSplit?: number;
  /** How the backbone is held, where it is frozen. Default: as new runs hold it. */
  readonly backboneDtype?: RunSettings['backboneDtype'];
  readonly backend: BackendName;
}

/** A method on a task with a model: all its grid points and seeds. */
export interface Cell {
  readonly model: string;
  readonly row: ExperimentRow;
  readonly task: PaperTaskName;
}

/** A run of a cell. */
export interface PlannedRun {
  readonly cell: Cell;
  readonly seed: number;
  readonly settings: RunSettings;
  readonly inputs: RunInputs;
  readonly hash: string;
}

/** Gives what is known of a run. */
export type Lookup = (hash: string) => StoredRun | null;

/**
 * The runs of an experiment with some settings. A cell with several grid points is searched with the first seed; the point with the
 * best score of the last checkpoint, of equal ones the first, is run with the other seeds, and with the first one too where the search
 * was on a part of the training rows. So which runs there are depends on results: the plan asks for them.
 */
export class SweepPlan {
  readonly experiment: Experiment;
  readonly settings: SweepSettings;
  readonly rows: readonly ExperimentRow[];
  /** Those that one of the models can do. */
  readonly tasks: readonly PaperTaskName[];
  /** In the order in which they are run: what is fused comes first. */
  readonly cells: readonly Cell[];
  /** Cells that were left out, and why. */
  readonly warnings: readonly string[];
  readonly #folderOf: (hash: string) => string;
  readonly #tasks: ReadonlyMap<string, readonly PaperTaskName[]>;
  /** By model and task. */
  readonly #inputs = new Map<string, Inputs>();

  /**
   * @param folderOf where the files of a run are
   * @throws InputError for a row or a task that the experiment does not have, a task that none of the models can do, data that are
   *   not there, and an unusable model
   */
  constructor(experiment: Experiment, settings: SweepSettings, folderOf: (hash: string) => string) {
    this.experiment = experiment;
    this.settings = settings;
    this.#folderOf = folderOf;
    const { models, data } = settings;
    const { tasks, impossible } = chooseTasks(experiment, settings);
    this.tasks = tasks;
    this.#tasks = new Map(models.map((model) => [model, tasks.filter((task) => canDo(model, task))]));
    const chosen = chooseRows(experiment, settings.rows);
    // A fusion needs adapters of several tasks.
    const left = tasks.length < 2 ? chosen.filter(({ fuses }) => fuses) : [];
    this.warnings = [
      ...impossible.map((task) => `${taskTitle(task)} is left out: ${modelFor(task)}`),
      ...left.map(({ title }) => `${title} is left out: it fuses the adapters of two tasks or more`),
    ];
    this.rows = chosen.filter((row) => !left.includes(row));
    for (const model of models) {
      for (const task of this.tasksOf(model)) {
        const maxLength = settings.maxLength ?? defaultMaxLength(model, taskNamed(task));
        const files = taskNamed(task).data(data, maxLength);
        const digests = once(() => fileDigests(model, files));
        this.#inputs.set(key(model, task), { maxLength, data: files, digests });
      }
    }
    this.cells = [...this.rows]
      .sort((a, b) => Number(a.fuses !== undefined) - Number(b.fuses !== undefined))
      .flatMap((row) => models.flatMap((model) => this.tasksOf(model).map((task) => ({ model, row, task }))));
  }

  /** Those that a model can do. */
  tasksOf(model: string): readonly PaperTaskName[] {
    return this.#tasks.get(model) ?? [];
  }

  /** Settings that name the data of the tasks, each once. */
  get inputs(): RunSettings[] {
    const [seed] = this.settings.seeds;
    const [model] = this.settings.models;
    const all = [...this.#inputs.values()].map(({ data }) => [JSON.stringify(data), data] as const);
    return [...new Map(all).values()].map((data) =>
      located(chosenSettings({ ...data, model, seed, pruning: 'none', maxLength: 1 })),
    );
  }

  /** The number of runs. */
  get size(): number {
    return this.cells.reduce((sum, cell) => sum + this.runsOf(cell), 0);
  }

  /** The number of runs of a cell. The point that a search by development rows chooses has been run with the first seed. */
  runsOf({ row, task }: Cell): number {
    const { length: points } = this.points(row);
    const isApart = points > 1 && this.#splitOf(task) !== undefined;
    return points + this.settings.seeds.length - (isApart ? 0 : 1);
  }

  /** The part of the training rows that a search of a task is on; tasks other than those of GLUE have none. */
  #splitOf(task: PaperTaskName): number | undefined {
    return isGlueTask(task) ? this.settings.searchSplit : undefined;
  }

  /** The grid points of a method. */
  points(row: ExperimentRow): GridPoint[] {
    const { grid, fullLearningRate } = this.settings;
    const learningRate = row.adapter.kind === 'full' && fullLearningRate ? fullLearningRate : grid.learningRate;
    return pointsOf({ ...grid, learningRate });
  }

  /** The runs that choose the point of a cell; none if there is nothing to choose. */
  search(cell: Cell, lookup: Lookup): PlannedRun[] {
    const points = this.points(cell.row);
    if (points.length === 1) return [];
    const split = this.#splitOf(cell.task);
    return points.flatMap((point) => this.#run(cell, point, this.settings.seeds[0], lookup, split) ?? []);
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
  #run(cell: Cell, point: GridPoint, seed: number, lookup: Lookup, validationSplit?: number): PlannedRun | null {
    const { pooling, backboneDtype, backend, evaluations = this.experiment.evaluations, weightDecay } = this.settings;
    const { model, row, task } = cell;
    const fused = row.fuses === undefined ? undefined : this.#fused(cell, row.fuses, seed, lookup);
    if (fused && fused.length < this.tasksOf(model).length) return null;
    const inputs = this.#inputs.get(key(model, task)) as Inputs;
    const { data, maxLength } = inputs;
    const chosen = chosenSettings({
      model,
      ...data,
      adapter: { ...this.#adapter(row), ...(fused && { adapters: fused.map(({ name }) => name) }) },
      ...(fused && { fused }),
      pruning: row.pruning,
      sparsity: row.sparsity,
      largeSparse: row.largeSparse,
      pruningControl: row.pruningControl,
      riglSteps: row.riglSteps,
      ...point,
      weightDecay,
      // The other tasks have heads that pool nothing.
      pooling: isGlueTask(task) ? pooling : undefined,
      maxLength,
      validationSplit,
      seed,
      backend,
      backboneDtype: row.adapter.kind === 'full' ? undefined : backboneDtype,
      evaluations: validationSplit === undefined ? evaluations : undefined,
    });
    const settings = located(chosen);
    const facts = { numerics: numericsVersion, kernels: kernelsInUse(), ...inputs.digests() };
    return { cell, seed, settings, inputs: facts, hash: hashOf(settings, facts) };
  }

  #adapter({ adapter }: ExperimentRow): ExperimentRow['adapter'] {
    const { width = paperWidth } = this.settings;
    return 'bottleneck' in adapter ? { ...adapter, bottleneck: width } : adapter;
  }

  /** The adapters of all tasks with the same seed. */
  #fused({ model }: Cell, id: string, seed: number, lookup: Lookup): FusedAdapter[] {
    const row = rowOf(this.experiment, id);
    return this.tasksOf(model).flatMap((task) => {
      const cell = { model, row, task };
      const point = this.point(cell, lookup);
      const run = point && this.#run(cell, point, seed, lookup);
      return run ? { name: task, run: this.#folderOf(run.hash), settings: builtAdapter(run.settings) } : [];
    });
  }
}

/** The paper's score of a run, if it has one. */
export const scoreIn = (run: StoredRun | null, task: PaperTaskName): number | null =>
  scoreFrom(run?.metrics?.metrics ?? null, task);

/** The data that a model reads for a task. */
interface Inputs {
  readonly maxLength: number;
  readonly data: GivenSettings;
  readonly digests: () => ReturnType<typeof fileDigests>;
}

/** The same value each time, made with the first call. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

const key = (model: string, task: PaperTaskName): string => `${task} ${model}`;

const canDo = (model: string, task: PaperTaskName): boolean => taskNamed(task).kind === kindOf(model);
const modelFor = (task: PaperTaskName): string =>
  taskNamed(task).kind === 'bart' ? 'it takes a BART among the models' : 'it takes a BERT or RoBERTa among the models';

/**
 * Those of an experiment that were asked for, or all that the models can do.
 *
 * @returns also what was not asked for and none of the models can do
 * @throws InputError for a task that the experiment does not have, one that was asked for and none of the models can do, and if there
 *   is none
 */
function chooseTasks({ name, tasks }: Experiment, { models, tasks: asked }: SweepSettings) {
  const missing = asked?.find((task) => !tasks.includes(task));
  if (missing) throw new InputError(`${name} has no task '${missing}'; it has ${tasks.join(', ')}.`);
  const chosen = taskNames.filter((task) => (asked ?? tasks).includes(task));
  const impossible = chosen.filter((task) => !models.some((model) => canDo(model, task)));
  const [first] = impossible;
  if (first && (asked || impossible.length === chosen.length)) {
    throw new InputError(`None of ${models.join(', ')} can do ${taskTitle(first)}: ${modelFor(first)}.`);
  }
  return { tasks: chosen.filter((task) => !impossible.includes(task)), impossible };
}

/** @throws InputError if the experiment has no such row */
function rowOf({ name, rows }: Experiment, id: string): ExperimentRow {
  const row = rows.find((candidate) => candidate.id === id);
  if (row) return row;
  throw new InputError(`${name} has no method '${id}'; it has ${rows.map((candidate) => candidate.id).join(', ')}.`);
}

/** Those of the ids, and what they fuse or are compared with, in the order of the experiment. */
function chooseRows(experiment: Experiment, ids?: readonly string[]): ExperimentRow[] {
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
