import type { DataReport, RowCounts } from '../training/index.ts';
import { formatBytes, formatCount, formatMetric, formatSeconds, note } from './output.ts';

/** More classes than these are counted. */
const MOST_CLASSES = 20;

const purposes: { readonly [Part in keyof RowCounts]: string } = {
  train: 'to train on',
  validation: 'to validate on',
  test: 'to test on',
};
const parts = Object.keys(purposes) as (keyof RowCounts)[];

const rowsText = (count: number): string => `${formatCount(count)} ${count === 1 ? 'row' : 'rows'}`;

/** Short: six digits. */
const numberText = (value: number): string => String(Number(value.toPrecision(6)));

function rowsLine({ rows }: DataReport): string {
  const counts = parts.filter((part) => rows[part] > 0).map((part) => `${formatCount(rows[part])} ${purposes[part]}`);
  return `${counts.join(', ')}${rows.skipped > 0 ? `; ${formatCount(rows.skipped)} that cannot be used left out` : ''}`;
}

function answersLine({ classes, numbers, rows }: DataReport): string[] {
  if (numbers) {
    const { least, most, mean } = numbers;
    return [`numbers   ${numberText(least)} to ${numberText(most)}, mean ${numberText(mean)}`];
  }
  if (!classes) return [];
  const present = parts.filter((part) => rows[part] > 0);
  const shown = classes
    .slice(0, MOST_CLASSES)
    .map((counts) => `${counts.label} ${present.map((part) => formatCount(counts[part])).join(' + ')}`);
  const more = classes.length > shown.length ? ` and ${classes.length - shown.length} more` : '';
  return [`classes   ${shown.join(', ')}${more}`];
}

function repeatedLine({ duplicates }: DataReport): string[] {
  const within = parts
    .filter((part) => duplicates[part] > 0)
    .map((part) => `${rowsText(duplicates[part])} ${purposes[part]}`);
  if (within.length === 0 && duplicates.between === 0) return [];
  const between =
    duplicates.between === 0
      ? 'no text is both trained on and judged by'
      : `${rowsText(duplicates.between)} to judge by with texts that are trained on`;
  return [`repeated  ${[...within, between].join(', ')}`];
}

const contradictingLine = ({ contradicting }: DataReport): string[] =>
  contradicting === 0
    ? []
    : [`at odds   ${rowsText(contradicting)} with texts that another row has with another label`];

function truncatedLine({ truncated }: DataReport): string[] {
  if (!truncated || truncated.rows === 0) return [];
  const { rows, longest, max_length } = truncated;
  return [
    `cut off   ${rowsText(rows)}, the longest of ${formatCount(longest)} tokens (--max-length ${formatCount(max_length)})`,
  ];
}

function baselineLine({ baseline }: DataReport): string[] {
  if (!baseline) return [];
  const place = `of the rows ${purposes[baseline.rows]}`;
  if ('accuracy' in baseline)
    return [`baseline  accuracy ${formatMetric(baseline.accuracy)} ${place}, with ${baseline.label} for all`];
  if ('f1_micro' in baseline)
    return [`baseline  micro F1 ${formatMetric(baseline.f1_micro)} ${place}, with ${baseline.label} alone for all`];
  if ('exact' in baseline)
    return [`baseline  exact ${formatMetric(baseline.exact)} ${place}, with ${baseline.label} for all`];
  const { mean, rmse, mae } = baseline;
  const errors = `root mean square error ${numberText(rmse)}, mean absolute error ${numberText(mae)}`;
  return [`baseline  ${errors} ${place}, with the mean ${numberText(mean)} for all`];
}

/** Prints what a run has read, before it is trained. @param folds of the cross-validation that it is the first run of; default: none */
export function noteData(report: DataReport, folds?: number): void {
  const { seconds, steps, memory_bytes: bytes } = report.expected;
  const ofFolds =
    folds === undefined ? '' : ` of one of ${folds} folds, about ${formatSeconds(folds * seconds)} for all`;
  note(`data      ${report.data}, ${report.task}`);
  note(`rows      ${rowsLine(report)}`);
  const lines = [answersLine, repeatedLine, contradictingLine, truncatedLine, baselineLine].flatMap((lineOf) =>
    lineOf(report),
  );
  for (const line of lines) note(line);
  note(
    `expected  about ${formatSeconds(seconds)} for ${formatCount(steps)} steps${ofFolds}, and up to ${formatBytes(bytes)} of memory (an estimate)`,
  );
}
