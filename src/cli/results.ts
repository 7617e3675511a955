import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { path } from '../data/index.ts';
import { InputError } from '../errors.ts';
import {
  experiments,
  importRuns,
  type PaperTaskName,
  type PlacedRun,
  ResultStore,
  type RunStatus,
  readExport,
  rowLines,
  runTable,
  scoreIn,
  shortModel,
  statuses,
  type TableFormat,
  tableFormats,
  taskNames,
  taskTitle,
} from '../experiments/index.ts';
import { rejectExplicit } from './options.ts';
import { formatCount, formatSeconds, note, printResult, printTable, warn } from './output.ts';
import { resultsFolder } from './reproduce.ts';
import { parserOf, shared } from './setting-options.ts';

interface Flags {
  readonly output: string;
  readonly experiment?: string;
  readonly model?: string;
  readonly task?: string;
  readonly row?: string;
  readonly seed?: number;
  readonly status?: RunStatus;
  readonly format: 'table' | 'jsonl' | TableFormat;
  readonly import?: string;
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
        .choices(['table', 'jsonl', ...Object.keys(tableFormats)])
        .default('table'),
    )
    .addOption(
      new Option(
        '--import <file>',
        'take runs of another output folder over: its results.sqlite, or what --format jsonl has written',
      ).argParser(parserOf(path)),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ sparse-adapter results --experiment table1 --format csv
  $ sparse-adapter results --format jsonl > rows.jsonl
  $ sparse-adapter results --import rows.jsonl`,
    );
}

export async function results(command: Command): Promise<void> {
  const { output, format, import: source, ...filter } = command.opts<Flags>();
  if (source !== undefined) {
    const others = ['experiment', 'model', 'task', 'row', 'seed', 'status', 'format'] as const;
    rejectExplicit(command, others, 'chooses among runs that are there; import first');
    return importInto(output, source);
  }
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
  if (format === 'jsonl') printResult(rowLines(runs));
  else if (format !== 'table') printResult(tableFormats[format](runTable(runs)));
  else show(runs);
}

async function importInto(output: string, source: string): Promise<void> {
  const runs = await readExport(source);
  const store = await ResultStore.open(output);
  try {
    const { imported, known, unfinished, outdated } = importRuns(store, runs);
    note(`${formatCount(imported)} runs imported, ${known} known before, ${unfinished} left out as they had not ended`);
    if (outdated > 0) warn(`${formatCount(outdated)} runs are of another version of the numerics and left out`);
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
