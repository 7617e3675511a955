import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../errors.ts';
import { fileError, isFolder } from './files.ts';
import { flush } from './flush.ts';
import { OVERWRITE } from './output-folder.ts';

/** @throws InputError for a folder, and for a file that is there already, without `overwrite` */
export function checkNewFile(path: string, { overwrite = false }: { readonly overwrite?: boolean } = {}): void {
  if (isFolder(path)) throw new InputError(`${path} is a folder; name a file in it.`);
  if (!overwrite && existsSync(path)) throw new InputError(`${path} is there already; replace it with ${OVERWRITE}.`);
}

/**
 * A file that is written piece by piece and takes its name when it is complete: until then a reader sees what was there before.
 */
export class NewFile {
  /** Where it is written, in the folder of its name. */
  readonly temporary: string;
  readonly #path: string;
  #file: number;

  /** Missing parent folders are made. @throws InputError for a file that is there, without `overwrite`, and one that cannot be written */
  constructor(path: string, options: { readonly overwrite?: boolean } = {}) {
    checkNewFile(path, options);
    this.#path = path;
    this.temporary = join(dirname(path), `.${randomUUID()}.tmp`);
    try {
      mkdirSync(dirname(path), { recursive: true });
      this.#file = openSync(this.temporary, 'wx');
    } catch (error) {
      throw fileError(`Cannot write ${path}`, error);
    }
  }

  /** For messages. */
  get name(): string {
    return basename(this.#path);
  }

  /** Adds to the end. @throws InputError where that cannot be written */
  write(data: Uint8Array | string): void {
    this.#told(() => writeFileSync(this.#file, data));
  }

  /** Replaces bytes that were written. @throws InputError where that cannot be written */
  writeAt(position: number, data: Uint8Array): void {
    this.#told(() => writeSync(this.#file, data, 0, data.length, position));
  }

  /** Gives the file its name. @throws InputError where that cannot be done */
  commit(): void {
    this.#told(() => {
      flush(this.#file);
      closeSync(this.#file);
      this.#file = -1;
      renameSync(this.temporary, this.#path);
    });
  }

  /** Removes what was written, unless it has its name. */
  discard(): void {
    if (this.#file >= 0) closeSync(this.#file);
    this.#file = -1;
    rmSync(this.temporary, { force: true });
  }

  #told(act: () => void): void {
    try {
      act();
    } catch (error) {
      throw fileError(`Cannot write ${this.#path}`, error);
    }
  }
}
