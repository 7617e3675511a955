import { briefTables, type EvaluationReport } from '../report/index.ts';
import { note, printResult, printTable, warn } from './output.ts';

/** Tells on standard error what else is to be known of the scores, and what is amiss. */
export function noteReport({ notes, warnings }: EvaluationReport): void {
  for (const line of notes) note(line);
  for (const line of warnings) warn(line);
}

/**
 * Prints what stands behind the scores of a report, as tables.
 *
 * @param page where the whole is; null where it is nowhere
 */
export function printReport({ parts }: EvaluationReport, page: string | null): void {
  for (const { title, head, rows, words, summary = [], more } of briefTables(parts)) {
    printResult(`\n${title}\n`);
    printTable([...rows, ...summary], head, words);
    if (more !== undefined) printResult(`${more}${page === null ? '' : `; all are in ${page}`}\n`);
  }
}
