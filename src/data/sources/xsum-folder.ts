import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { isFolder } from '../../io/index.ts';
import { taskNamed } from '../datasets.ts';
import type { Source, SourceKind } from '../source.ts';
import { tableFormats } from '../table-formats.ts';
import { fileRows } from './table-files.ts';

/** A folder with XSum: a table with `train` in its name, and one with `test`. @throws InputError if there are none or several */
export const xsumFolder = (folder: string): Source => ({
  open: (split) => fileRows([xsumFile(folder, split === 'train' ? 'train' : 'test')], { split }),
});

/**
 * The file of one split in a folder with XSum: the table with `train` or `test` in its name.
 *
 * @throws InputError if there are none or several
 */
export function xsumFile(folder: string, split: 'train' | 'test'): string {
  const names = readdirSync(folder).filter((name) => tableFormats.includes(extname(name)) && name.includes(split));
  if (names.length === 1) return join(folder, names[0]);
  const found = names.length === 0 ? 'no table' : `several tables (${names.sort().join(', ')})`;
  throw new InputError(`${folder} has ${found} with '${split}' in the name; give one file with --data (data)`);
}

/** A folder of pairs for text generation. */
export const xsum: SourceKind = ({ data, task }) =>
  taskNamed(task) === 'text2text-generation' && typeof data === 'string' && isFolder(data) ? xsumFolder(data) : null;
