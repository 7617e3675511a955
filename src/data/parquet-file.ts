import type { ParquetWriter } from 'hyparquet-writer';
import { InputError } from '../errors.ts';
import { NewFile, optionalPackages, rethrow } from '../io/index.ts';
import type { RowFile, RowValues } from './row-file.ts';
import { cellText } from './row-lines.ts';

/** Rows that are written at once. */
const GROUP = 10_000;

type Kind = 'BOOLEAN' | 'DOUBLE' | 'STRING';

/** The library that writes Parquet. @throws InputError where it is not installed */
export const parquetLibrary = () =>
  optionalPackages('writing Parquet', ['hyparquet-writer'], () => import('hyparquet-writer').catch(rethrow));

/**
 * Opens a Parquet file to write. A column holds numbers or truth values if the first rows have no others, and else texts.
 *
 * @throws InputError where the library is not installed, and for a file that is there already, without `overwrite`
 */
export async function openParquetFile(
  path: string,
  columns: readonly string[],
  options: { readonly overwrite?: boolean },
): Promise<RowFile> {
  const { ByteWriter, ParquetWriter } = await parquetLibrary();
  const file = new NewFile(path, options);
  const bytes = new ByteWriter();
  let [waiting, kinds, writer]: [RowValues[], readonly Kind[], ParquetWriter | null] = [[], [], null];

  /** What was encoded is in the file from then on. */
  const flush = () => {
    file.write(new Uint8Array(bytes.buffer, 0, bytes.index));
    bytes.index = 0;
  };
  const group = async () => {
    if (!writer) {
      kinds = columns.map((column) => kindOf(waiting, column));
      const elements = columns.map((name, i) => elementOf(name, kinds[i]));
      writer = new ParquetWriter({
        writer: bytes,
        schema: [{ name: 'root', num_children: columns.length }, ...elements],
      });
    }
    const columnData = columns.map((name, i) => ({
      name,
      data: waiting.map((row) => valueIn(path, name, kinds[i], row[name])),
    }));
    waiting = [];
    if (columnData[0].data.length > 0) await writer.write({ columnData });
    flush();
  };
  return {
    async write(rows) {
      waiting.push(...rows);
      if (waiting.length >= GROUP) await group();
    },
    async commit() {
      await group();
      await writer?.finish();
      flush();
      file.commit();
    },
    discard: () => file.discard(),
  };
}

const isMissing = (value: unknown): value is null | undefined => value === undefined || value === null;

function kindOf(rows: readonly RowValues[], column: string): Kind {
  const types = new Set(rows.flatMap((row) => (isMissing(row[column]) ? [] : [typeof row[column]])));
  if (types.size !== 1) return 'STRING';
  return types.has('number') ? 'DOUBLE' : types.has('boolean') ? 'BOOLEAN' : 'STRING';
}

const elementOf = (name: string, kind: Kind) =>
  kind === 'STRING'
    ? ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const)
    : ({ name, type: kind, repetition_type: 'OPTIONAL' } as const);

function valueIn(path: string, column: string, kind: Kind, value: unknown): string | number | boolean | null {
  if (isMissing(value)) return null;
  if (kind === 'STRING') return cellText(value);
  if (typeof value === 'number' && kind === 'DOUBLE') return value;
  if (typeof value === 'boolean' && kind === 'BOOLEAN') return value;
  throw new InputError(
    `${path}: column '${column}' holds ${kind === 'DOUBLE' ? 'numbers' : 'truth values'} first and '${cellText(value)}' later; write .jsonl or .csv.`,
  );
}
