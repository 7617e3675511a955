import { comparedCells } from './compared.ts';
import { sampleMean } from './statistics.ts';
import type { PlacedRun } from './stored-run.ts';
import {
  columnsOf,
  mainColumn,
  publishedOf,
  type RowSummary,
  type ScoreColumn,
  type SeedScores,
  type SweepSummary,
  scoresIn,
} from './summary.ts';
import { paperTasks, taskNamed, taskTitle } from './tasks.ts';

/** Cells as text. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const columnTitle = (column: ScoreColumn): string => (column === 'average' ? 'Avg.' : taskTitle(column));
const MISSING = '–';

/** `61.3 ± 0.4`, the deviation only where there are several seeds. */
export function formatScores({ mean, deviation }: SeedScores): string {
  if (mean === null) return MISSING;
  return deviation === null ? mean.toFixed(1) : `${mean.toFixed(1)} ± ${deviation.toFixed(1)}`;
}

/** A row's scores of a column, such as `87.4 ± 0.2 (EM 79.9)`. */
function formatColumn(summary: RowSummary, column: ScoreColumn): string {
  const scores = scoresIn(summary, column);
  if (!scores) return MISSING;
  const cell = summary.cells.find(({ cell: { task } }) => task === column);
  const other = cell?.beside == null ? '' : ` (${taskNamed(cell.cell.task).beside?.title} ${cell.beside.toFixed(1)})`;
  return formatScores(scores) + other;
}

/** `+0.4 (p = 0.12)`: the difference from the dense row. */
export function formatTest(scores: SeedScores | null): string {
  const test = scores?.test;
  if (!test) return '';
  const sign = test.difference < 0 ? '−' : '+';
  const difference = `${sign}${Math.abs(test.difference).toFixed(1)}`;
  return test.p === null
    ? difference
    : `${difference} (p = ${test.p < 0.001 ? '< 0.001' : test.p.toFixed(3)})`.replace('= <', '<');
}

/** The last part of a model's place. */
export const shortModel = (model: string): string => model.split('/').filter(Boolean).at(-1) ?? model;

/** Our scores and the paper's, row by row. */
export function scoreTable({ plan, rows }: SweepSummary): Table {
  const columns = columnsOf(plan);
  const several = plan.settings.models.length > 1;
  const papers = Object.keys(plan.experiment.published);
  const printed = papers.map((paper) =>
    columns.filter((column) => plan.rows.some(({ id }) => numberOf(plan, id, paper, column) !== undefined)),
  );
  const head = [
    'Method',
    ...(several ? ['Model'] : []),
    'Trained',
    ...columns.map(columnTitle),
    'vs. dense',
    ...papers.flatMap((paper, i) => printed[i].map((column) => `${paper} ${columnTitle(column)}`)),
  ];
  const body = rows.map((summary) => {
    const { row, model, trained } = summary;
    const printedHere = papers.flatMap((paper, i) =>
      printed[i].map((column) => numberOf(plan, row.id, paper, column)?.toFixed(1) ?? MISSING),
    );
    const main = mainColumn(plan, summary);
    return [
      row.title,
      ...(several ? [shortModel(model)] : []),
      trained === null ? MISSING : `${trained.toFixed(2)} %`,
      ...columns.map((column) => formatColumn(summary, column)),
      formatTest(main ? scoresIn(summary, main) : null),
      ...printedHere,
    ];
  });
  return { head, rows: body };
}

/** A printed number. The mean is that of the GLUE tasks of the sweep, as far as their scores are printed. */
function numberOf(plan: SweepSummary['plan'], row: string, paper: string, column: ScoreColumn) {
  const scores = publishedOf(plan, row).find(({ model }) => model === paper)?.scores ?? {};
  if (column !== 'average' || paperTasks.every((task) => plan.tasks.includes(task))) return scores[column];
  const averaged = paperTasks.filter((task) => plan.tasks.includes(task));
  const values = averaged.flatMap((task) => scores[task] ?? []);
  return values.length === averaged.length ? sampleMean(values) : undefined;
}

/** The comparison with the dense row, task by task. */
export function comparisonTable({ plan, rows }: SweepSummary): Table {
  const columns = columnsOf(plan);
  const compared = rows.filter(({ row }) => row.against !== undefined);
  return {
    head: ['Method', 'Against', ...columns.map(columnTitle)],
    rows: compared.map((summary) => [
      summary.row.title,
      plan.rows.find(({ id }) => id === summary.row.against)?.title ?? MISSING,
      ...columns.map((column) => formatTest(scoresIn(summary, column)) || MISSING),
    ]),
  };
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
const chance = (p: number): string => (p < 0.001 ? '< 0.001' : p.toFixed(3));

/** Differences with intervals over seeds and examples, effects, p, and the seeds that would show the paper's differences. */
export function comparedTable(summary: SweepSummary): Table {
  const several = summary.plan.settings.models.length > 1;
  const rows = comparedCells(summary).map(({ row, against, model, task, comparison, holm, papers }) => {
    const { difference, interval, effect, p, seeds } = comparison;
    const name = `${row.title} − ${against.title}, ${taskTitle(task)}${several ? `, ${shortModel(model)}` : ''}`;
    const printed = papers.map((paper) => `${signed(paper.difference)}: ${paper.seeds ?? MISSING}`).join(', ');
    return [
      ...[name, String(seeds), `${signed(difference)} [${interval.map(signed).join(', ')}]`],
      ...[effect === null ? MISSING : effect.toFixed(2), chance(p), chance(holm), printed || MISSING],
    ];
  });
  return { head: ['', 'seeds', 'difference', 'effect', 'p', 'p (Holm)', "the paper's, and seeds for it"], rows };
}

/** The point that was chosen for each method and task. */
export function pointTable({ plan, rows }: SweepSummary): Table {
  const text = ({ cells }: RowSummary) =>
    plan.tasks.map((task) => {
      const point = cells.find(({ cell }) => cell.task === task)?.point;
      return point ? `${point.learningRate}, ${point.epochs} epochs, ${point.batchSize} examples` : MISSING;
    });
  return {
    head: ['Method', ...plan.tasks.map(columnTitle)],
    rows: rows.map((summary) => [summary.row.title, ...text(summary)]),
  };
}

/** One line per run, with everything that varies. */
export function runTable(runs: readonly PlacedRun[]): Table {
  const head = [
    ...['experiment', 'row', 'model', 'task', 'seed', 'status'],
    ...['adapter', 'pruning', 'sparsity', 'learning_rate', 'epochs', 'batch_size', 'metrics'],
    ...['trained_adapter', 'trained_head', 'backbone', 'kept', 'prunable', 'steps'],
    ...['seconds', 'tokens_per_second', 'started', 'version', 'node', 'hash', 'error'],
  ];
  const rows = runs.map(({ settings, metrics, pruning, ...run }) => {
    const { adapter, sparsity, largeSparse, batchSize, batchTokens } = settings;
    const values = [
      ...[run.experiment, run.row, run.model, run.task, run.seed, run.status],
      ...[adapter.kind, settings.pruning],
      largeSparse === undefined ? sparsity : `large-sparse ${largeSparse}`,
      ...[settings.learningRate, settings.epochs],
      batchTokens === undefined ? batchSize : `${batchTokens} tokens`,
      Object.entries(metrics?.metrics ?? {})
        .map(([name, value]) => `${name}=${value}`)
        .join(' '),
      ...[metrics?.trained_parameters.adapter, metrics?.trained_parameters.head, metrics?.backbone_parameters],
      ...[pruning?.kept, pruning?.total, metrics?.steps],
      ...[run.seconds.toFixed(2), metrics?.tokens_per_second?.toFixed(0), run.started],
      ...[run.versions['sparse-adapter'], run.versions.node, run.hash, run.error?.split('\n')[0]],
    ];
    return values.map((value) => (value === undefined || value === null ? '' : String(value)));
  });
  return { head, rows };
}

/** The formats of tables, by name. */
export const tableFormats = {
  /** RFC 4180. */
  csv: ({ head, rows }: Table): string => {
    const quoted = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    return [head, ...rows].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
  },
  markdown: ({ head, rows }: Table): string => {
    const line = (cells: readonly string[]) =>
      `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |\n`;
    return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('');
  },
  /** For the package `booktabs`. */
  latex: ({ head, rows }: Table): string => {
    const line = (cells: readonly string[]) => `${cells.map(latexText).join(' & ')} \\\\\n`;
    const columns = head.map((_, i) => (i === 0 ? 'l' : 'r')).join('');
    return `\\begin{tabular}{${columns}}\n\\toprule\n${line(head)}\\midrule\n${rows.map(line).join('')}\\bottomrule\n\\end{tabular}\n`;
  },
} as const satisfies Readonly<Record<string, (table: Table) => string>>;
export type TableFormat = keyof typeof tableFormats;

const latexSigns: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
  '×': '$\\times$',
  '−': '$-$',
  '<': '$<$',
  '–': '--',
};
/** Text with what means something to LaTeX escaped. */
export const latexText = (text: string): string =>
  text.replace(/[\\~^±×−<–]|[&%$#_{}]/g, (sign) => latexSigns[sign] ?? `\\${sign}`);
