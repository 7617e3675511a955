import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { path } from '../data/index.ts';
import { InputError } from '../errors.ts';
import {
  experiments,
  importRuns,
  type Moves,
  type PaperTaskName,
  type PlacedRun,
  ResultStore,
  type RunStatus,
  readExport,
  runTable,
  scoreIn,
  shortModel,
  statuses,
  type TableFormat,
  tableFormats,
  taskNames,
  taskTitle,
} from '../experiments/index.ts';
import { UsageError } from './errors.ts';
import { rejectExplicit } from './options.ts';
import { formatCount, formatSeconds, note, printJson, printResult, printTable } from './output.ts';
import { resultsFolder } from './reproduce.ts';
import { listOf, parserOf, shared } from './setting-options.ts';

interface Flags {
  readonly output: string;
  readonly experiment?: string;
  readonly model?: string;
  readonly task?: string;
  readonly row?: string;
  readonly seed?: number;
  readonly status?: RunStatus;
  readonly format: 'table' | 'json' | TableFormat;
  readonly import?: string;
  readonly moved?: Moves;
}

function move(text: string): Moves[number] {
  const [from, to, ...more] = text.split('=');
  if (from && to && more.length === 0) return [from.replace(/\/+$/, ''), resolve(to)];
  throw new InvalidArgumentError('It must be from=to, two folders, with commas between several.');
}

export function describeResults(command: Command): void {
  command
    .description('List the runs of reproduce, choose among them, and write them in other formats.')
    .addOption(
      new Option('-o, --output <folder>', 'folder of the results')
        .argParser(parserOf(path))
        .default(resolve(resultsFolder), resultsFolder),
    )
    .addOption(new Option('--experiment <name>', 'runs of one experiment').choices(experiments.map(({ name }) => name)))
    .addOption(shared('model', { description: 'with one model' }))
    .addOption(new Option('--task <name>', 'on one task').choices(taskNames))
    .option('--row <id>', 'of one method')
    .addOption(shared('seed', { description: 'with one seed', defaultText: null }))
    .addOption(new Option('--status <status>', 'in one state; running is also what was killed').choices(statuses))
    .addOption(
      new Option('--format <format>', 'what is written to standard output')
        .choices(['table', 'json', ...Object.keys(tableFormats)])
        .default('table'),
    )
    .addOption(
      new Option(
        '--import <file>',
        'take runs of another output folder over: its results.sqlite, or what --format json has written',
      ).argParser(parserOf(path)),
    )
    .addOption(
      new Option('--moved <from=to,...>', 'with --import: folders of data or models that lie elsewhere here').argParser(
        listOf(move),
      ),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ sparse-adapter results --experiment table1 --format csv
  $ sparse-adapter results --import other.json --moved /home/ann/glue=/data/glue`,
    );
}

export async function results(command: Command): Promise<void> {
  const { output, format, import: source, moved, ...filter } = command.opts<Flags>();
  if (source !== undefined) {
    const others = ['experiment', 'model', 'task', 'row', 'seed', 'status', 'format'] as const;
    rejectExplicit(command, others, 'chooses among runs that are there; import first');
    return importInto(output, source, moved);
  }
  if (moved) throw new UsageError('--moved goes with --import.');
  if (!existsSync(ResultStore.file(output))) {
    throw new InputError(`${output} holds no results: give the --output folder of reproduce.`);
  }
  const store = await ResultStore.openFile(ResultStore.file(output));
  let runs: PlacedRun[];
  try {
    runs = store.list(filter);
  } finally {
    store.close();
  }
  if (format === 'json') printJson(runs);
  else if (format !== 'table') printResult(tableFormats[format](runTable(runs)));
  else show(runs);
}

async function importInto(output: string, source: string, moved?: Moves): Promise<void> {
  const runs = await readExport(source);
  const store = await ResultStore.open(output);
  try {
    const { imported, known, unfinished } = importRuns(store, runs, moved);
    note(`${formatCount(imported)} runs imported, ${known} known before, ${unfinished} left out as they had not ended`);
  } finally {
    store.close();
  }
}

function show(runs: readonly PlacedRun[]): void {
  const score = (run: PlacedRun) => {
    if (run.status === 'failed') return run.error?.split('\n')[0] ?? '';
    const value = scoreIn(run, run.task as PaperTaskName);
    return value === null ? '' : (100 * value).toFixed(2);
  };
  const rows = runs.map((run) => [
    ...[run.experiment, run.row, shortModel(run.model), taskTitle(run.task as PaperTaskName), String(run.seed)],
    ...[run.status, score(run), formatSeconds(run.seconds), run.hash],
  ]);
  printTable(rows, ['experiment', 'row', 'model', 'task', 'seed', 'status', 'score (%)', 'time', 'run']);
  note(`${formatCount(runs.length)} runs`);
}
