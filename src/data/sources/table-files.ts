import { basename } from 'node:path';
import type { ChunkOptions } from '../chunk-options.ts';
import { type Rows, type SourceKind, type Split, unsplit } from '../source.ts';
import { tableParts } from '../table-formats.ts';

export interface FileRowsOptions extends ChunkOptions {
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
export const tableFiles: SourceKind = ({ data }) => {
  if (typeof data === 'string') return unsplit(fileRows([data]));
  return Array.isArray(data) && data.length > 0 && data.every((path) => typeof path === 'string')
    ? unsplit(fileRows(data))
    : null;
};
