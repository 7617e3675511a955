import { checkRowFile, isTable, openRowFile, type RowValues, tableColumns } from '../data/index.ts';
import { isSameFile } from '../io/index.ts';
import { UsageError } from './errors.ts';
import { interruptedCode, interruptSignal } from './interrupt.ts';
import { formatCount, note, printCells, printJsonLine } from './output.ts';

export interface OutputFlags {
  readonly input?: string;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly keep?: boolean;
  readonly output?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
}

/** @throws UsageError for options that go with others, InputError for a file that no table can be written to */
export async function checkOutput({ keep, output, overwrite, json, input }: OutputFlags): Promise<void> {
  if (output === undefined) {
    if (overwrite) throw new UsageError('--overwrite goes with --output.');
    if (keep && !json) throw new UsageError('--keep goes with --output, or with --json.');
  } else {
    if (json) throw new UsageError('--json prints lines; --output ends in .jsonl for a file of them.');
    refuseOwnInput(input, output);
    await checkRowFile(output, { overwrite });
  }
  if (keep && (input === undefined || !isTable(input)))
    throw new UsageError('--keep keeps columns, which only a .csv, .tsv, .jsonl or .parquet --input has.');
}

/** @throws UsageError for an output that would replace what is read */
export function refuseOwnInput(input: string | undefined, output: string | undefined): void {
  if (input !== undefined && output !== undefined && isSameFile(input, output))
    throw new UsageError(`--output ${output} is the file of --input; name another one.`);
}

/**
 * The names of the columns that come along with predictions.
 *
 * @param usual those that are written where not all are kept
 * @param known columns that the table has, by which its delimiter is told
 */
export async function keptColumns(
  { input, keep, delimiter, encoding }: OutputFlags,
  usual: readonly string[],
  known: readonly string[] = usual,
): Promise<readonly string[]> {
  return keep && input !== undefined ? tableColumns(input, known, { delimiter, encoding }) : usual;
}

/** What is told of the prediction for one row, in each form. */
export interface PredictionForms<Row> {
  /** The columns of a table beside those that are kept. */
  readonly columns: readonly string[];
  readonly values: (row: Row) => RowValues;
  /** One object per row. */
  readonly json: (row: Row) => object;
  /** The lines of a row. */
  readonly lines: (row: Row) => readonly (readonly string[])[];
}

/** Writes predictions into the table of `--output`, with the columns that are kept, or prints them as they come. */
export async function givePredictions<Row extends { readonly kept: RowValues }>(
  { output, overwrite, json, keep }: OutputFlags,
  columns: readonly string[],
  batches: AsyncIterable<readonly Row[]>,
  forms: PredictionForms<Row>,
): Promise<void> {
  if (output !== undefined) {
    return writeTable(output, { overwrite, columns: [...columns, ...forms.columns] }, batches, (row) => ({
      ...row.kept,
      ...forms.values(row),
    }));
  }
  for await (const rows of batches) {
    for (const row of rows) {
      if (json) printJsonLine({ ...forms.json(row), ...(keep && { row: row.kept }) });
      else for (const cells of forms.lines(row)) printCells(cells);
    }
  }
}

/** Writes rows as they come. An interrupted command writes nothing. */
async function writeTable<Row>(
  output: string,
  { columns, overwrite }: { readonly columns: readonly string[]; readonly overwrite?: boolean },
  batches: AsyncIterable<readonly Row[]>,
  valuesOf: (row: Row) => RowValues,
): Promise<void> {
  const signal = interruptSignal(() => note('stopping; nothing is written'));
  const file = await openRowFile(output, columns, { overwrite });
  try {
    let count = 0;
    for await (const rows of batches) {
      if (signal.aborted) {
        process.exitCode = interruptedCode(signal);
        return;
      }
      await file.write(rows.map(valuesOf));
      count += rows.length;
    }
    await file.commit();
    note(`${formatCount(count)} rows in ${output}`);
  } finally {
    file.discard();
  }
}
