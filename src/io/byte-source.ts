import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileError } from './files.ts';

/** Bytes that are read a range at a time. */
export interface ByteSource {
  /** How messages name it: the path of a file. */
  readonly label: string;
  /** In bytes. */
  readonly size: number;
  /** Fills `target`, which may lie in shared memory, with the bytes from `begin` on. */
  readInto(target: Uint8Array, begin: number): void;
  close(): void;
}

/** A fresh copy of the bytes [begin, end), at offset 0 of its own buffer. */
export function readBytes(source: ByteSource, begin: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - begin);
  source.readInto(bytes, begin);
  return bytes;
}

/** The bytes of an array. */
export function memorySource(bytes: Uint8Array, label: string): ByteSource {
  return {
    label,
    size: bytes.length,
    readInto: (target, begin) => target.set(bytes.subarray(begin, begin + target.length)),
    close() {},
  };
}

// One read call of the operating system takes less than 2 GiB.
const LARGEST_READ = 2 ** 30;

/** The bytes of a file, which stays open until `close()`. @throws InputError when it cannot be opened or read */
export function fileSource(path: string): ByteSource {
  const action = `Cannot read ${path}`;
  let file: number;
  let size: number;
  try {
    file = openSync(path, 'r');
    size = fstatSync(file).size;
  } catch (error) {
    throw fileError(action, error);
  }

  function readInto(target: Uint8Array, begin: number): void {
    let done = 0;
    while (done < target.length) {
      const count = readSync(file, target, done, Math.min(target.length - done, LARGEST_READ), begin + done);
      if (count === 0) throw new Error(`the file ends at byte ${begin + done}, it was longer when opened`);
      done += count;
    }
  }

  return {
    label: path,
    size,
    readInto(target, begin) {
      try {
        readInto(target, begin);
      } catch (error) {
        throw fileError(action, error);
      }
    },
    close: () => closeSync(file),
  };
}
