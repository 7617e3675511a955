import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';

/**
 * The bytes of a Parquet file with these columns, in row groups of a few rows as large files have them.
 *
 * @param classes the names of the classes of a column, as Hugging Face's `datasets` stores them
 * @param lists the columns of lists of such classes
 * @param binary the columns of bytes that are not said to be texts
 */
export function parquetBytes(
  columns: Readonly<Record<string, ColumnSource['data']>>,
  classes: Readonly<Record<string, readonly string[]>> = {},
  lists: readonly string[] = [],
  binary: readonly string[] = [],
): Uint8Array {
  const columnData = Object.entries(columns).map(([name, data]) => ({
    name,
    data,
    ...(binary.includes(name) && { type: 'BYTE_ARRAY' as const }),
  }));
  const features = Object.fromEntries(
    Object.keys(columns).map((name) => [
      name,
      featureOf(
        Object.hasOwn(classes, name)
          ? { names: classes[name], _type: 'ClassLabel' }
          : { dtype: 'string', _type: 'Value' },
        lists.includes(name),
      ),
    ]),
  );
  const kvMetadata = [{ key: 'huggingface', value: JSON.stringify({ info: { features } }) }];
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 3, kvMetadata }));
}

const featureOf = (feature: object, isList: boolean): object => (isList ? { feature, _type: 'List' } : feature);
