import { randomUUID } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InputError } from '../errors.ts';
import { fileError } from './files.ts';

/** What {@link writeFileAtomic} adds to a name; a process that is killed while it writes leaves such a file. */
const unfinished = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/**
 * Writes a file so that a reader sees the old content or the new, never a part: a temporary file in the same folder is
 * written, flushed to the disk and renamed. On failure it is removed and the old file is untouched.
 *
 * Missing parent folders are made. @throws InputError when the path cannot be written
 */
export function writeFileAtomic(path: string, data: Uint8Array | string): void {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(temporary, data, { flag: 'wx', flush: true });
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(`Cannot write ${path}`, error);
  }
}

/**
 * Writes a folder with exactly these files, all or nothing:
 * 1. the files go into a new temporary folder next to the target, each flushed to the disk;
 * 2. an existing target is renamed aside;
 * 3. the temporary folder takes its name (if that fails, the old one gets its name back);
 * 4. the old one is removed.
 * A failure before step 3 leaves the target as it was and removes the temporary folder.
 *
 * Only an earlier output is replaced: an existing folder with anything in it that is neither in `files` nor in
 * `replaceable` is an error, so a wrong path never deletes somebody's work.
 *
 * @param files content by path below the folder (`config.json`, `checkpoint/state.json`)
 * @param replaceable further names that an earlier output may hold at the top of the folder
 * @throws InputError when the folder cannot be written or holds other things
 */
export function writeFolderAtomic(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  replaceable: readonly string[] = [],
): void {
  const target = resolve(folder);
  const temporary = `${target}.${randomUUID()}.tmp`;
  const replaced = `${target}.${randomUUID()}.old`;
  try {
    const exists = existsSync(target);
    checkReplaceable(folder, [...Object.keys(files).map((path) => path.split('/')[0]), ...replaceable]);
    mkdirSync(temporary, { recursive: true });
    for (const [path, data] of Object.entries(files)) {
      const file = join(temporary, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, data, { flag: 'wx', flush: true });
    }
    if (exists) renameSync(target, replaced);
    try {
      renameSync(temporary, target);
    } catch (error) {
      if (exists) renameSync(replaced, target);
      throw error;
    }
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error instanceof InputError ? error : fileError(`Cannot write ${folder}`, error);
  }
  rmSync(replaced, { recursive: true, force: true });
}

/**
 * Checks that {@link writeFolderAtomic} can write a folder: nothing is there but an earlier output, and the place is writable.
 *
 * @param names what an earlier output may hold at the top of the folder
 * @throws InputError naming what is in the way
 */
export function checkReplaceable(folder: string, names: readonly string[]): void {
  const target = resolve(folder);
  try {
    const parent = firstExisting(dirname(target));
    if (!statSync(parent).isDirectory()) throw new InputError(`Cannot write ${folder}: ${parent} is not a folder.`);
    accessSync(parent, constants.W_OK);
    if (!existsSync(target)) return;
    if (!statSync(target).isDirectory())
      throw new InputError(`Cannot write ${folder}: it is a file; choose another folder.`);
    const foreign = readdirSync(target).find((name) => !names.includes(name.replace(unfinished, '')));
    if (foreign !== undefined) {
      throw new InputError(`${folder} holds "${foreign}", which is not an earlier output; choose another folder.`);
    }
  } catch (error) {
    throw error instanceof InputError ? error : fileError(`Cannot write ${folder}`, error);
  }
}

function firstExisting(path: string): string {
  return existsSync(path) ? path : firstExisting(dirname(path));
}
