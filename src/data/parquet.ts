import { readFileSync } from 'node:fs';
import { type FileMetaData, parquetMetadata, parquetSchema } from 'hyparquet';
import { readColumn } from 'hyparquet/src/column.js';
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js';
import { parquetPlan } from 'hyparquet/src/plan.js';
import { getTreePath } from 'hyparquet/src/schema.js';
import { InputError } from '../errors.ts';
import { unreadable } from './files.ts';

/**
 * Columns of a Parquet file by name, each with as many values as there are rows. The file is small enough to lie in memory, so
 * the parts of the library are called that need not wait.
 *
 * @throws InputError if the file cannot be read, is not Parquet or is compressed in another way than Snappy
 */
export function readParquet(path: string): { readonly names: string[]; values(name: string): unknown[] } {
  const bytes = readBytes(path);
  const metadata = attempt(path, () => parquetMetadata(bytes));
  const names = parquetSchema(metadata).children.map(({ element }) => element.name);
  return { names, values: (name) => attempt(path, () => columnOf(bytes, metadata, name)) };
}

function columnOf(bytes: ArrayBuffer, metadata: FileMetaData, name: string): unknown[] {
  const schema = parquetSchema(metadata);
  const { groups } = parquetPlan({
    metadata,
    file: { byteLength: bytes.byteLength, slice: async () => bytes },
    columns: [name],
  });
  return groups.flatMap((group) =>
    group.chunks.flatMap(({ columnMetadata, range: { startByte, endByte } }) => {
      const schemaPath = getTreePath(schema, columnMetadata.path_in_schema);
      const { element } = schemaPath[schemaPath.length - 1];
      const reader = { view: new DataView(bytes, startByte, endByte - startByte), offset: 0 };
      const decoder = {
        ...columnMetadata,
        pathInSchema: columnMetadata.path_in_schema,
        element,
        schemaPath,
        parsers: DEFAULT_PARSERS,
        utf8: true,
      };
      return readColumn(reader, group, decoder).data.flatMap((part) => Array.from(part));
    }),
  );
}

function readBytes(path: string): ArrayBuffer {
  try {
    return Uint8Array.from(readFileSync(path)).buffer;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new InputError(
      `${path} is not a Parquet file that can be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}
