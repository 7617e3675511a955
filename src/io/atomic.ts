import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileError } from './files.ts';
import { writeNewFile } from './flush.ts';

const unfinished = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/;

/** No single file takes so long to be written. */
const UNFINISHED_MS = 600_000;

/** Returns whether a process that was killed while it wrote one of these files left a file of this name. */
export const isUnfinished = (name: string, files: readonly string[]): boolean =>
  unfinished.test(name) && ['', ...files].includes(name.replace(unfinished, ''));

/**
 * Writes a file so that a reader sees the old content or the new, never a part: a temporary file in the same folder is
 * written, flushed to the disk and renamed. On failure it is removed and the old file is untouched. A link stays, and the file
 * that it leads to is written.
 *
 * Missing parent folders are made. @throws InputError when the path cannot be written
 */
export function writeFileAtomic(path: string, data: Uint8Array | string): void {
  let temporary: string | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const target = resolveLinks(path);
    removeUnfinished(dirname(target));
    // No longer than it must be: the file's own name may have all the length that there is.
    temporary = join(dirname(target), `.${randomUUID()}.tmp`);
    writeNewFile(temporary, data);
    renameSync(temporary, target);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw fileError(`Cannot write ${path}`, error);
  }
}

/** Removes what processes left in a folder that were killed while they wrote; younger files may be those of one that still does. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (!isUnfinished(name, [])) continue;
    const age = Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > UNFINISHED_MS) rmSync(file, { force: true });
  }
}

function resolveLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
