import type { MetricName } from '../metrics/index.ts';
import { type Comparison, compareOverSeedsAndExamples, holm, seedsNeeded } from './comparisons.ts';
import type { ExperimentRow } from './definitions.ts';
import type { PaperModel } from './published.ts';
import { type CellSummary, publishedOf, type SweepSummary } from './summary.ts';
import { type PaperTaskName, paperTasks, taskNamed } from './tasks.ts';

/** A method beside the one that it is compared with, on a task; in percent. */
export interface ComparedCell {
  readonly row: ExperimentRow;
  readonly against: ExperimentRow;
  readonly model: string;
  readonly task: PaperTaskName;
  readonly comparison: Comparison;
  /** The p that holds for all comparisons of the table together. */
  readonly holm: number;
  /** The differences that the paper prints, and the number of seeds that would show each of them with our scatter. */
  readonly papers: readonly {
    readonly model: PaperModel;
    readonly difference: number;
    readonly seeds: number | null;
  }[];
}

const known = new WeakMap<SweepSummary, readonly ComparedCell[]>();

/** All comparisons of a table: of each task of GLUE with at least two pairs of runs with the same seed. They are made once. */
export function comparedCells(summary: SweepSummary): readonly ComparedCell[] {
  const cells = known.get(summary) ?? compare(summary);
  known.set(summary, cells);
  return cells;
}

function compare({ plan, rows }: SweepSummary): ComparedCell[] {
  const found = rows.flatMap((summary) => {
    const { row, model, cells } = summary;
    const other = rows.find((one) => one.model === model && one.row.id === row.against);
    if (!other) return [];
    return cells.flatMap((cell, i) => {
      const { task } = cell.cell;
      if (!paperTasks.some((name) => name === task)) return [];
      const pairs = pairsOf(cell, other.cells[i]);
      if (pairs.length < 2) return [];
      const comparison = inPercent(compareOverSeedsAndExamples(pairs, taskNamed(task).score as MetricName));
      const printed = (id: string) => publishedOf(plan, id);
      const papers = printed(row.id).flatMap(({ model: backbone, scores }) => {
        const dense = printed(other.row.id).find((one) => one.model === backbone)?.scores[task];
        const own = scores[task];
        if (own === undefined || dense === undefined) return [];
        const difference = own - dense;
        // Of no difference no number of seeds shows anything.
        const isShown = comparison.deviation !== null && Math.abs(difference) > 1e-9;
        const seeds = isShown ? seedsNeeded(difference, comparison.deviation ?? 0) : null;
        return [{ model: backbone, difference, seeds }];
      });
      return [{ row, against: other.row, model, task, comparison, papers }];
    });
  });
  const adjusted = holm(found.map(({ comparison: { p } }) => p));
  return found.map((cell, i) => ({ ...cell, holm: adjusted[i] }));
}

/** The answers of runs with the same seed. */
function pairsOf(cell: CellSummary, other: CellSummary) {
  return cell.runs.flatMap(({ seed, stored: { answers: first } }) => {
    const second = other.runs.find((run) => run.seed === seed)?.stored.answers;
    return first && second ? [{ first, second }] : [];
  });
}

const inPercent = ({ difference, interval: [low, high], deviation, ...rest }: Comparison): Comparison => ({
  ...rest,
  difference: 100 * difference,
  interval: [100 * low, 100 * high],
  deviation: deviation === null ? null : 100 * deviation,
});
