import { extname } from 'node:path';
import { isJsonObject } from '../io/json.ts';
import { lineChunks } from './bytes.ts';
import type { TableOptions } from './chunk-options.ts';
import { csvRecords } from './csv.ts';
import { tabLines } from './delimited-rows.ts';
import { dialectOf } from './dialect.ts';
import { parseJson } from './json-text.ts';
import { parquetColumns } from './parquet.ts';

/**
 * The names of a table's columns, in their order; of JSON lines those of all objects.
 *
 * @param known columns that it has, by which the delimiter is told
 * @throws InputError naming the file: unreadable, damaged
 */
export async function tableColumns(
  path: string,
  known: readonly string[] = [],
  options: Pick<TableOptions, 'delimiter' | 'encoding'> = {},
): Promise<readonly string[]> {
  switch (extname(path).toLowerCase()) {
    case '.parquet':
      return parquetColumns(path);
    case '.csv':
      return headerOf(path, ',', known, options);
    case '.tsv':
      return headerOf(path, '\t', known, options);
    default:
      return fieldsOf(path, options);
  }
}

/** The cells of the first record. */
async function headerOf(
  path: string,
  usual: string,
  known: readonly string[],
  { encoding = 'utf-8', ...others }: TableOptions,
): Promise<readonly string[]> {
  const options = { ...others, encoding };
  const { delimiter } = await dialectOf(
    path,
    known.map((name) => ({ name })),
    usual,
    options,
  );
  if (usual === '\t' && delimiter === usual) {
    for await (const [first] of tabLines(path, options))
      if (first) return first.fields.map((field) => field.toString('utf8').trim());
  } else {
    for await (const [first] of csvRecords(path, { ...options, delimiter })) if (first) return first.cells;
  }
  return [];
}

/** The names of the fields of all objects; lines that hold none are told when the rows are read. */
async function fieldsOf(path: string, { encoding = 'utf-8' }: TableOptions): Promise<string[]> {
  const names = new Set<string>();
  for await (const lines of lineChunks(path, { encoding })) {
    for (const line of lines) {
      const text = line.toString('utf8');
      if (text.trim() === '') continue;
      try {
        const value = parseJson(text);
        if (isJsonObject(value)) for (const name of Object.keys(value)) names.add(name);
      } catch {
        // The reader of the rows says what is wrong with it.
      }
    }
  }
  return [...names];
}
