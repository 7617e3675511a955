import { briefTables, type EvaluationReport } from '../report/index.ts';
import { note, printResult, printTable, warn } from './output.ts';

/**
 * Prints what stands behind the scores of a report: its tables on standard output, its warnings on standard error.
 *
 * @param page where the whole is; null where it is nowhere
 */
export function printReport({ parts, notes, warnings }: EvaluationReport, page: string | null): void {
  for (const { title, head, rows, words, summary = [], more } of briefTables(parts)) {
    printResult(`\n${title}\n`);
    printTable([...rows, ...summary], head, words);
    if (more !== undefined) printResult(`${more}${page === null ? '' : `; all are in ${page}`}\n`);
  }
  for (const line of notes) note(line);
  for (const line of warnings) warn(line);
}
