import { comparedCells } from './compared.ts';
import { columnsOf, type RowSummary, type ScoreColumn, type SweepSummary, scoresIn } from './summary.ts';
import { formatScores, latexText, shortModel } from './tables.ts';
import { taskNamed, taskTitle } from './tasks.ts';

const columnTitle = (column: ScoreColumn): string => (column === 'average' ? 'Mean' : taskTitle(column));

/**
 * The scores of an experiment as a whole LaTeX table for the package `booktabs`: with a caption that says what numbers are and of how
 * many seeds, the best mean of each column in bold, and a star where a method differs from the one that it is compared with.
 *
 * @param level of significance, over all comparisons of the table together
 */
export function latexTable(summary: SweepSummary, level = 0.05): string {
  const { plan, rows } = summary;
  const columns = columnsOf(plan);
  const differing = comparedCells(summary).filter(({ holm }) => holm < level);
  const several = plan.settings.models.length > 1;
  const best = new Map(
    columns.map((column) => [column, Math.max(...rows.flatMap((row) => scoresIn(row, column)?.mean ?? []))]),
  );
  const cell = (summaryOfRow: RowSummary, column: ScoreColumn): string => {
    const scores = scoresIn(summaryOfRow, column);
    if (!scores || scores.mean === null) return '--';
    const text = latexText(formatScores(scores));
    // Means that are printed alike are equally good.
    const isBest = scores.mean.toFixed(1) === best.get(column)?.toFixed(1);
    const { row, model } = summaryOfRow;
    const isOther = differing.some((one) => one.row === row && one.model === model && one.task === column);
    return (isBest ? `\\textbf{${text}}` : text) + (isOther ? '$^{*}$' : '');
  };
  const line = (cells: readonly string[]) => `${cells.join(' & ')} \\\\`;
  const head = ['Method', ...(several ? ['Model'] : []), 'Trained', ...columns.map(columnTitle)].map(latexText);
  const body = rows.map((row) =>
    line([
      latexText(row.row.title),
      ...(several ? [latexText(shortModel(row.model))] : []),
      row.trained === null ? '--' : `${row.trained.toFixed(2)}\\,\\%`,
      ...columns.map((column) => cell(row, column)),
    ]),
  );
  return [
    '\\begin{table}[t]',
    '\\centering',
    `\\begin{tabular}{${head.map((_, i) => (i === 0 ? 'l' : 'r')).join('')}}`,
    '\\toprule',
    line(head),
    '\\midrule',
    ...body,
    '\\bottomrule',
    '\\end{tabular}',
    `\\caption{${latexText(captionOf(summary, level))}}`,
    `\\label{tab:${plan.experiment.name}}`,
    '\\end{table}',
    '',
  ].join('\n');
}

function captionOf({ plan, rows }: SweepSummary, level: number): string {
  const counts = rows.flatMap(({ cells }) => cells.map(({ scores }) => scores.bySeed.size)).filter((n) => n > 0);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const seeds = counts.length === 0 ? 'no seed' : least === most ? `${most} seeds` : `${least} to ${most} seeds`;
  const metrics = plan.tasks.map((task) => `${taskTitle(task)}: ${taskNamed(task).axis}`).join('; ');
  const models = plan.settings.models.map(shortModel).join(', ');
  return `${plan.experiment.title}, with ${models}. Means over ${seeds} ± one standard deviation (${metrics}); trained: weights of the adapter in percent of the backbone. Best means in bold; * differs from the method that it is compared with (bootstrap over seeds and examples, p < ${level} after Holm's correction over the table).`;
}
