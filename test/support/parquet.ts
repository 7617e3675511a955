import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

/**
 * The bytes of a Parquet file with these columns, in row groups of a few rows as large files have them.
 *
 * @param classes the names of the classes of a column, as Hugging Face's `datasets` stores them
 */
export function parquetBytes(
  columns: Readonly<Record<string, ColumnSource['data']>>,
  classes: Readonly<Record<string, readonly string[]>> = {},
): Uint8Array {
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data }));
  const features = Object.fromEntries(
    Object.keys(columns).map((name) => [
      name,
      Object.hasOwn(classes, name)
        ? { names: classes[name], _type: 'ClassLabel' }
        : { dtype: 'string', _type: 'Value' },
    ]),
  );
  const kvMetadata = [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }];
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 3, kvMetadata }));
}
