import { statSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { utf8Chunks } from './bytes.ts';
import type { TableOptions } from './chunk-options.ts';
import { firstRecord, withoutExcelLine } from './csv.ts';
import { delimiters, delimiterTitle } from './delimiters.ts';
import type { Column } from './source.ts';

/** What stands between the cells of a table. */
export interface Dialect {
  readonly delimiter: string;
  /** What was assumed, in one line, where it is not what the file's ending says. */
  readonly note?: string;
}

/** The header is looked for in so many bytes. */
const PEEKED = 2 ** 16;

/**
 * Finds out what stands between the cells of a table: what its ending says if the header then has the columns that are asked for, else
 * the only other character with which it has them.
 *
 * @param usual the delimiter that the ending says
 * @throws InputError where several are possible, and as the reading of the file
 */
export async function dialectOf(
  path: string,
  columns: readonly Column[],
  usual: string,
  { delimiter, ...options }: TableOptions,
): Promise<Dialect> {
  if (delimiter !== undefined) return { delimiter };
  // A pipe gives its bytes once.
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return { delimiter: usual };
  const { delimiter: said, rest: text } = withoutExcelLine(await beginningOf(path, options));
  if (said !== undefined && delimiters.includes(said)) return { delimiter: said };
  const names = new Map(delimiters.map((one) => [one, firstRecord(text, one) ?? []]));
  const needed = columns.filter(({ optional }) => !optional);
  const hasAll = (one: string) => needed.every(({ name }) => names.get(one)?.includes(name));
  if (hasAll(usual)) return { delimiter: usual };
  const others = delimiters.filter((one) => one !== usual && hasAll(one));
  if (others.length > 1) {
    const choice = others.map(delimiterTitle).join(' or ');
    throw new InputError(`${path}: its cells may be separated by ${choice}; say which with --delimiter (delimiter)`);
  }
  const width = (one: string) => names.get(one)?.length ?? 0;
  // Where a column is missing in any case, the message about it is to list the others.
  const [widest] = [...delimiters].sort((a, b) => width(b) - width(a));
  const chosen = others[0] ?? (width(usual) > 1 ? usual : widest);
  if (chosen === usual || width(chosen) <= 1) return { delimiter: usual };
  return {
    delimiter: chosen,
    note: `${path}: cells are separated by ${delimiterTitle(chosen)}; --delimiter (delimiter) says otherwise`,
  };
}

async function beginningOf(path: string, options: TableOptions): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of utf8Chunks(path, { ...options, chunkBytes: PEEKED })) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= PEEKED) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
