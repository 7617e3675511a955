import { parse } from 'csv-parse';
import { parse as parseAll } from 'csv-parse/sync';
import { InputError } from '../errors.ts';
import { LONGEST_RECORD, utf8Chunks } from './bytes.ts';
import type { TableOptions } from './chunk-options.ts';

/** One record of a CSV file. */
export interface CsvRecord {
  /** The line that it ends on, from 1. */
  readonly line: number;
  readonly cells: string[];
  /** The error in it; then there are no cells. */
  readonly problem?: string;
}

/** How records are cut into cells, wherever that is done. */
const cutting = {
  record_delimiter: ['\n', '\r'],
  relax_column_count: true,
  skip_empty_lines: true,
  trim: true,
};

/** The first line by which Excel says what stands between cells, as `sep=;`. */
const EXCEL_LINE = /^sep=(.)(?:\r\n?|\n|$)/i;

/** What the first line of a text says to stand between cells, if it does, and the text after it. */
export function withoutExcelLine(text: string): { readonly delimiter?: string; readonly rest: string } {
  const [line, delimiter] = EXCEL_LINE.exec(text) ?? [];
  return line === undefined ? { rest: text } : { delimiter, rest: text.slice(line.length) };
}

/** The cells of the first record of a text; null where it is not well-formed. */
export function firstRecord(text: string, delimiter: string): readonly string[] | null {
  try {
    const [cells]: string[][] = parseAll(text, { ...cutting, delimiter, to: 1 });
    return cells ?? null;
  } catch {
    return null;
  }
}

/**
 * The records of a CSV file as RFC 4180 has them, with ',' or another delimiter, those of one chunk at a time, the header included; a first
 * line of Excel, `sep=;`, is left out.
 * Cells have no white space around them, and line breaks in them are '\n'; empty lines are left out.
 *
 * @throws InputError while iterating: unreadable, not in its encoding, a quote that nothing closes
 */
export async function* csvRecords(
  path: string,
  options: TableOptions = {},
): AsyncGenerator<CsvRecord[], void, undefined> {
  const { recordBytes = LONGEST_RECORD, delimiter = ',' } = options;
  let records: CsvRecord[] = [];
  let lastLine = 0;
  /** The error that ends the reading: the rows after it cannot be told apart. */
  let fatal: Error | null = null;
  const push = (record: CsvRecord) => {
    // A record with two faults is reported twice.
    if (record.problem !== undefined && record.line === lastLine) return;
    lastLine = record.line;
    records.push(record);
  };
  const parser = parse({
    ...cutting,
    delimiter,
    max_record_size: recordBytes,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (!error) return undefined;
      const endsAll = error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE';
      if (endsAll) fatal ??= error;
      else
        push({
          line: Number(error.lines),
          cells: [],
          problem: `not well-formed CSV: ${error.message.replace(/\s+/g, ' ')}`,
        });
      return undefined;
    },
    on_record: (cells: string[], { lines }) => {
      if (lines === 1 && EXCEL_LINE.test(cells.join(delimiter))) return null;
      push({ line: lines, cells });
      return null;
    },
  });
  parser.on('error', () => {}); // told by the callbacks below
  parser.resume();
  const told = async (act: (callback: (error?: Error | null) => void) => void): Promise<CsvRecord[]> => {
    const error = (await new Promise<Error | null>((resolve) => act((reason) => resolve(reason ?? null)))) ?? fatal;
    if (error) throw malformed(path, error, lastLine);
    const done = records;
    records = [];
    return done;
  };
  for await (const chunk of lineFeeds(utf8Chunks(path, options))) {
    const done = await told((callback) => parser.write(chunk, callback));
    if (done.length > 0) yield done;
  }
  const done = await told((callback) => {
    parser.once('error', callback);
    parser.once('end', () => callback());
    parser.end();
  });
  if (done.length > 0) yield done;
}

/** Line feeds instead of CR LF, which the parser counts as two lines where it is quoted. */
async function* lineFeeds(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let isCut = false;
  for await (const bytes of chunks) {
    const chunk: Buffer = isCut ? Buffer.concat([CARRIAGE_RETURN, bytes]) : bytes;
    isCut = chunk[chunk.length - 1] === CARRIAGE_RETURN[0];
    const whole = isCut ? chunk.subarray(0, -1) : chunk;
    if (!whole.includes('\r\n')) yield whole;
    else yield Buffer.from(whole.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  }
  if (isCut) yield CARRIAGE_RETURN;
}

const CARRIAGE_RETURN = Buffer.from('\r');

function malformed(path: string, error: Error, lastLine: number): InputError {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'CSV_QUOTE_NOT_CLOSED') {
    return new InputError(
      `${path} is not well-formed CSV: a quote that opens in line ${lastLine + 1} or later is not closed`,
    );
  }
  if (code === 'CSV_MAX_RECORD_SIZE') {
    return new InputError(
      `${path} is not well-formed CSV: the record in line ${lastLine + 1} is too long; is a quote not closed?`,
    );
  }
  return new InputError(`${path} is not well-formed CSV: ${error.message}`);
}
