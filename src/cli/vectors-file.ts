import { extname } from 'node:path';
import { checkNewFile, NewFile, npyHeader, npyHeaderBytes } from '../io/index.ts';
import { UsageError } from './errors.ts';

/** A file that vectors are written to, some at a time. */
export interface VectorsFile {
  write(vectors: readonly (readonly number[])[]): void;
  /** Gives the file its name. */
  commit(): void;
  /** Removes it, unless it has its name. */
  discard(): void;
}

/** A line of JSON for each vector. Nine digits tell any two float32 numbers apart. */
export const vectorLine = (vector: readonly number[]): string =>
  JSON.stringify(vector.map((value) => Number(value.toPrecision(9))));

const endingOf = (path: string): string => extname(path).toLowerCase();

/** Checks before any work what {@link openVectorsFile} would refuse. @throws UsageError, InputError as it does */
export function checkVectorsFile(path: string, options: { readonly overwrite?: boolean }): void {
  if (!['.npy', '.jsonl', '.ndjson'].includes(endingOf(path))) {
    throw new UsageError(`--output ${path}: its name must end in .npy or .jsonl, which tells the format.`);
  }
  checkNewFile(path, options);
}

/**
 * Opens a file for vectors: a matrix of NumPy (`.npy`), or lines of JSON (`.jsonl`, `.ndjson`).
 *
 * @throws UsageError for another ending, InputError for a file that is there already or cannot be written
 */
export function openVectorsFile(path: string, options: { readonly overwrite?: boolean }): VectorsFile {
  checkVectorsFile(path, options);
  const file = new NewFile(path, options);
  const discard = () => file.discard();
  if (endingOf(path) !== '.npy') {
    const write = (vectors: readonly (readonly number[])[]) =>
      file.write(vectors.map((vector) => `${vectorLine(vector)}\n`).join(''));
    return { write, commit: () => file.commit(), discard };
  }
  let [rows, width] = [0, 0];
  file.write(new Uint8Array(npyHeaderBytes));
  return {
    write(vectors) {
      rows += vectors.length;
      width = vectors[0]?.length ?? width;
      file.write(littleEndian(vectors.flat()));
    },
    commit() {
      file.writeAt(0, npyHeader(rows, width));
      file.commit();
    },
    discard,
  };
}

function littleEndian(values: readonly number[]): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => {
    bytes.setFloat32(4 * i, value, true);
  });
  return new Uint8Array(bytes.buffer);
}
