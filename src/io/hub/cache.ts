import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { writeFileAtomic } from '../atomic.ts';
import { fileError } from '../files.ts';
import { type HubRepository, isCommit } from './repository.ts';

/**
 * One repository in the cache that programs of Hugging Face share. Its folder `models--org--name` holds
 *
 * - `blobs/<hash>`, each file once;
 * - `snapshots/<commit>/<path>`, links to the blobs, so that a snapshot looks like the repository at that commit;
 * - `refs/<revision>`, the commit that a branch or tag stood for when it was last asked for.
 *
 * Reading needs no network, and a snapshot never changes.
 */
export class CachedRepository {
  readonly folder: string;

  constructor(cache: string, { type, name }: HubRepository) {
    this.folder = join(cache, `${type}s--${name.replace('/', '--')}`);
  }

  /** Returns the commit of a revision, if the cache has it. */
  commitOf(revision: string): string | undefined {
    if (isCommit(revision)) return revision;
    try {
      const commit = readFileSync(join(this.folder, 'refs', revision), 'utf8').trim();
      return isCommit(commit) ? commit : undefined;
    } catch {
      return undefined;
    }
  }

  snapshot(commit: string): string {
    return join(this.folder, 'snapshots', commit);
  }

  /** The paths of the files in a snapshot, with slashes, in order. */
  filesIn(commit: string): string[] {
    const folder = this.snapshot(commit);
    if (!existsSync(folder)) return [];
    const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((path) => existsSync(path)); // a link may have lost its blob
    return paths.map((path) => relative(folder, path).replaceAll(sep, '/')).sort();
  }

  blob(hash: string): string {
    return join(this.folder, 'blobs', hash);
  }

  /** Makes the folder for blobs. @throws InputError when it cannot be made */
  prepare(): void {
    const folder = join(this.folder, 'blobs');
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      throw fileError(`Cannot write ${folder}, set HF_HOME to a folder that you may write`, error);
    }
  }

  /** Adds a blob to a snapshot, as `path`. @throws InputError when the link cannot be made */
  link(commit: string, path: string, hash: string): void {
    const place = join(this.snapshot(commit), path);
    if (existsSync(place)) return;
    try {
      mkdirSync(dirname(place), { recursive: true });
      linkTo(this.blob(hash), place);
    } catch (error) {
      throw fileError(`Cannot write ${place}`, error);
    }
  }

  /** Stores the commit of a branch or tag. @throws InputError when it cannot be written */
  writeRef(revision: string, commit: string): void {
    if (!isCommit(revision)) writeFileAtomic(join(this.folder, 'refs', revision), commit);
  }
}

/** A symbolic link, relative so that the cache can be moved. */
function linkTo(blob: string, place: string): void {
  try {
    symlinkSync(relative(dirname(place), blob), place);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    // Another process may have been faster; Windows allows symbolic links to some users only.
    if (code === 'EPERM') linkSync(blob, place);
    else if (code !== 'EEXIST' || !existsSync(place)) throw error;
  }
}
