import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';

/** Brings an open file to the disk. The permission model of Node.js forbids that; the system then does it when it likes. */
export function flush(file: number): void {
  try {
    fsyncSync(file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED')) throw error;
  }
}

/** Writes a new file and brings it to the disk. @throws an error of the file system; the file is then not there */
export function writeNewFile(path: string, data: Uint8Array | string): void {
  const file = openSync(path, 'wx');
  try {
    writeFileSync(file, data);
    flush(file);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}
