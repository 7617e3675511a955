import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileError } from './files.ts';

/** Bytes that are read a range at a time. */
export interface ByteSource {
  /** How messages name it: the path of a file. */
  readonly label: string;
  /** In bytes. */
  readonly size: number;
  /** A fresh copy of the bytes [begin, end), at offset 0 of its own buffer. */
  read(begin: number, end: number): Uint8Array<ArrayBuffer>;
  close(): void;
}

/** The bytes of an array. */
export function memorySource(bytes: Uint8Array, label: string): ByteSource {
  return {
    label,
    size: bytes.length,
    read: (begin, end) => new Uint8Array(bytes.subarray(begin, end)),
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

  function read(begin: number, end: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(end - begin);
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(file, bytes, done, Math.min(bytes.length - done, LARGEST_READ), begin + done);
      if (count === 0) throw new Error(`the file ends at byte ${begin + done}, it was longer when opened`);
      done += count;
    }
    return bytes;
  }

  return {
    label: path,
    size,
    read(begin, end) {
      try {
        return read(begin, end);
      } catch (error) {
        throw fileError(action, error);
      }
    },
    close: () => closeSync(file),
  };
}
