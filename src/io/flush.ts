import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';

/** Brings an open file to the disk. The permission model of Node.js forbids that; the system then does it when it likes. */
export function flush(file: number): void {
  try {
    fsyncSync(file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED')) throw error;
  }
}

/** Content of a file as pieces that are made when they are written, so that it is never in memory whole. */
export interface Pieces extends Iterable<Uint8Array> {
  readonly byteLength: number;
}

/** What a file is to hold. */
export type FileContent = Uint8Array | string | Pieces;

/** Returns the number of bytes of a file with this content; text is UTF-8. */
export const contentLength = (content: FileContent): number =>
  typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;

const piecesOf = (content: FileContent): Iterable<Uint8Array | string> =>
  typeof content === 'string' || content instanceof Uint8Array ? [content] : content;

/** Writes a new file and brings it to the disk. @throws an error of the file system; the file is then not there */
export function writeNewFile(path: string, data: FileContent): void {
  const file = openSync(path, 'wx');
  try {
    for (const piece of piecesOf(data)) writeFileSync(file, piece);
    flush(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}
