import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { InputError } from '../errors.ts';
import {
  experiments,
  type PlacedRun,
  ResultStore,
  type RunStatus,
  runTable,
  scoreIn,
  shortModel,
  type TableFormat,
  type TaskName,
  tableFormats,
  taskNames,
  taskTitle,
} from '../experiments/index.ts';
import { model, naturalNumber, path } from './options.ts';
import { formatCount, formatSeconds, note, printJson, printTable } from './output.ts';

interface Flags {
  readonly output: string;
  readonly experiment?: string;
  readonly model?: string;
  readonly task?: string;
  readonly row?: string;
  readonly seed?: number;
  readonly status?: RunStatus;
  readonly format: 'table' | 'json' | TableFormat;
}

const statuses: RunStatus[] = ['finished', 'failed', 'stopped', 'running'];

export function describeResults(command: Command): void {
  command
    .description('List the runs of reproduce, choose among them, and write them in other formats.')
    .addOption(
      new Option('-o, --output <folder>', 'folder of the results').argParser(path).default(path('results'), 'results'),
    )
    .addOption(new Option('--experiment <name>', 'runs of one experiment').choices(experiments.map(({ name }) => name)))
    .addOption(new Option('-m, --model <model>', 'with one model').argParser(model))
    .addOption(new Option('--task <name>', 'on one task').choices(taskNames))
    .option('--row <id>', 'of one method')
    .addOption(new Option('--seed <number>', 'with one seed').argParser(naturalNumber))
    .addOption(new Option('--status <status>', 'in one state; running is also what was killed').choices(statuses))
    .addOption(
      new Option('--format <format>', 'what is written to standard output')
        .choices(['table', 'json', ...Object.keys(tableFormats)])
        .default('table'),
    );
}

export async function results(command: Command): Promise<void> {
  const { output, format, ...filter } = command.opts<Flags>();
  if (!existsSync(ResultStore.file(output))) {
    throw new InputError(`${output} holds no results: give the --output folder of reproduce.`);
  }
  const store = await ResultStore.open(output);
  let runs: PlacedRun[];
  try {
    runs = store.list(filter);
  } finally {
    store.close();
  }
  if (format === 'json') printJson(runs);
  else if (format !== 'table') process.stdout.write(tableFormats[format](runTable(runs)));
  else show(runs);
}

function show(runs: readonly PlacedRun[]): void {
  const score = (run: PlacedRun) => {
    if (run.status === 'failed') return run.error?.split('\n')[0] ?? '';
    const value = scoreIn(run, run.task as TaskName);
    return value === null ? '' : (100 * value).toFixed(2);
  };
  const rows = runs.map((run) => [
    ...[run.experiment, run.row, shortModel(run.model), taskTitle(run.task as TaskName), String(run.seed)],
    ...[run.status, score(run), formatSeconds(run.seconds), run.hash],
  ]);
  printTable(rows, ['experiment', 'row', 'model', 'task', 'seed', 'status', 'score (%)', 'time', 'run']);
  note(`${formatCount(runs.length)} runs`);
}
