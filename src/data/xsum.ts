import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';

/** The columns of XSum (Narayan et al., 2018), as Hugging Face and most others call them. */
export const xsumColumns = { text: 'document', target: 'summary' };

/**
 * The file of one split in a folder with XSum: the table with `train` or `test` in its name.
 *
 * @throws InputError if there are none or several
 */
export function xsumFile(folder: string, split: 'train' | 'test'): string {
  const names = readdirSync(folder).filter((name) => /\.(csv|tsv|jsonl|ndjson)$/.test(name) && name.includes(split));
  if (names.length === 1) return join(folder, names[0]);
  const found = names.length === 0 ? 'no table' : `several tables (${names.sort().join(', ')})`;
  throw new InputError(`${folder} has ${found} with '${split}' in the name; give one file with --data`);
}
