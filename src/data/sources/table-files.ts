import { basename } from 'node:path';
import { InputError } from '../../errors.ts';
import { isFolder } from '../../io/index.ts';
import type { TableOptions } from '../chunk-options.ts';
import { isDrawn, knownDatasets } from '../datasets.ts';
import { type Rows, type SourceKind, type Split, unsplit } from '../source.ts';
import { isTable, tableParts } from '../table-formats.ts';

export interface FileRowsOptions extends TableOptions {
  /** Default: the name of the first file. */
  readonly name?: string;
  readonly split?: Split;
}

/** The rows of table files with the same columns, one after the other. */
export function fileRows(paths: readonly string[], { name, split, ...options }: FileRowsOptions = {}): Rows {
  return {
    name: name ?? basename(paths[0]),
    place: paths[0],
    split,
    async *parts(columns) {
      for (const path of paths) yield* tableParts(path, columns, options);
    },
  };
}

/** Tables that `data` names. */
export const tableFiles: SourceKind = ({ data, delimiter, encoding }) => {
  if (typeof data === 'string') {
    if (isTable(data) || !isFolder(data)) return unsplit(fileRows([data], { delimiter, encoding }));
    const names = Object.keys(knownDatasets).filter((name) => !isDrawn(name));
    throw new InputError(
      `${data} is a folder; name its dataset with task (${names.join(', ')}), or give a file in it.`,
    );
  }
  return Array.isArray(data) && data.length > 0 && data.every((path) => typeof path === 'string')
    ? unsplit(fileRows(data, { delimiter, encoding }))
    : null;
};
