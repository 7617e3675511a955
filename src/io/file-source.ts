import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { ByteSource } from './byte-source.ts';
import { fileError } from './files.ts';

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
