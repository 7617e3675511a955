import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

/** The bytes of a Parquet file with these columns, in row groups of a few rows as large files have them. */
export function parquetBytes(columns: Readonly<Record<string, ColumnSource['data']>>): Uint8Array {
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data }));
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 3 }));
}
