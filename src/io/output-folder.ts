import { randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { parseWith, positiveInteger, printable } from '../settings/index.ts';
import { isUnfinished } from './atomic.ts';
import { fileError, isFolder, readJsonObject } from './files.ts';
import { type FileContent, flush, writeNewFile } from './flush.ts';

/**
 * The folder that a command writes: who may write it, how its content is replaced as a whole, and what becomes of it when the
 * process dies in between.
 *
 * Everything happens inside the folder itself, so that it can be a mount point, the working directory or the target of a link:
 * 1. one process at a time holds `.sparse-adapter.lock`;
 * 2. new files go to `.sparse-adapter.new/files/`, each flushed to the disk; without a commit they count for nothing;
 * 3. `.sparse-adapter.new/commit.json` takes its name by one rename: from here on the folder holds the new result;
 * 4. old files are removed, new ones are moved to their places, and `.sparse-adapter.new` is removed.
 * Whoever opens a folder that has a commit finishes step 4; what has none is removed.
 */

const LOCK = '.sparse-adapter.lock';
const STAGE = '.sparse-adapter.new';
const FILES = 'files';
const COMMIT = 'commit.json';
/** A single file that is being written. */
const PART = '.sparse-adapter.part';
/** Space for the result of a long run. */
const RESERVE = '.sparse-adapter.reserve';
const ownNames = [LOCK, `${LOCK}.break`, STAGE, PART, RESERVE];

/** How an earlier output is replaced, in messages. */
export const OVERWRITE = '--overwrite (overwrite: true)';

/** Files that file systems and desktops put into folders; they are left alone. */
const systemNames = ['lost+found', '.DS_Store', 'Thumbs.db', 'desktop.ini'];

/** Every change of the disk that replacing a folder takes; the tests stop at each. */
export interface Disk {
  /** Makes a folder with its parents. */
  makeFolder(path: string): void;
  /** Writes a new file and flushes it to the disk. */
  write(path: string, data: FileContent): void;
  rename(from: string, to: string): void;
  /** Removes a file, or a folder with all in it, if it is there. */
  remove(path: string): void;
  /** Flushes the names in a folder to the disk. */
  sync(folder: string): void;
}

export const realDisk: Disk = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true }),
  write: writeNewFile,
  rename: renameSync,
  remove: (path) => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  sync: (folder) => {
    try {
      const file = openSync(folder, 'r');
      try {
        flush(file);
      } finally {
        closeSync(file);
      }
    } catch {
      // Windows and some network file systems cannot flush a folder.
    }
  },
};

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(String(codeOf(error)));

/** A folder whose content a command replaces. */
export class OutputFolder {
  /** The path as it was given. */
  readonly folder: string;
  /** The real path, with all links resolved. */
  readonly path: string;
  readonly #names: readonly string[];
  readonly #lock: FolderLock;
  readonly #disk: Disk;

  /** @see openOutput */
  constructor(folder: string, names: readonly string[], disk: Disk, patience: number) {
    this.folder = folder;
    this.#names = names;
    this.#disk = disk;
    this.#lock = new FolderLock(folder, patience);
    this.path = this.#lock.path;
    try {
      recover(this.path, disk);
      removeSiblings(this.path);
      checkContent(folder, this.path, names);
      this.#checkLengths();
    } catch (error) {
      this.close();
      throw asInputError(`Cannot write ${folder}`, error);
    }
  }

  /** Returns whether there is an earlier output. */
  get hasContent(): boolean {
    return outsideNames(this.path).some((name) => !systemNames.includes(name));
  }

  /**
   * Replaces the files of an earlier output by these, all or nothing: a reader, and the next process after a crash, finds the old
   * files or the new. What others have put there in the meantime stays.
   *
   * @param files content by path below the folder (`config.json`, `checkpoint/state.json`)
   * @throws InputError when they cannot be written; the content is then as it was
   */
  replace(files: Readonly<Record<string, FileContent>>): void {
    const stage = join(this.path, STAGE);
    this.#checkHeld();
    try {
      const removed = this.#replaced(files);
      this.#withSpace(() => this.#stage(stage, files));
      this.#withSpace(() => this.#commit(stage, removed));
    } catch (error) {
      if (!existsSync(join(stage, COMMIT))) tryTo(() => this.#disk.remove(stage));
      throw asInputError(`Cannot write ${this.folder}`, error);
    }
    try {
      apply(this.path, this.#disk);
    } catch (error) {
      throw fileError(
        `${this.folder} has its new files, and not yet in their places; the next command ends that`,
        error,
      );
    }
  }

  /**
   * Writes one file so that a reader sees the old content or the new, never a part.
   *
   * @param options.useReserve whether the space that {@link reserve} keeps may be used. Default false.
   * @throws InputError when it cannot be written; the old file is then untouched
   */
  writeFile(name: string, data: Uint8Array | string, { useReserve = false } = {}): void {
    const part = join(this.path, PART);
    const writePart = () => {
      this.#disk.remove(part);
      this.#disk.write(part, data);
    };
    this.#checkHeld();
    try {
      if (useReserve) this.#withSpace(writePart);
      else writePart();
      this.#disk.rename(part, join(this.path, name));
      this.#disk.sync(this.path);
    } catch (error) {
      tryTo(() => this.#disk.remove(part));
      throw asInputError(`Cannot write ${join(this.folder, name)}`, error);
    }
  }

  /**
   * Keeps space on the disk for a result, which {@link replace} uses when there is no other.
   *
   * @param bytes how much is kept
   * @param more how much is also needed on the way
   * @throws InputError when there is less
   */
  reserve(bytes: number, more = 0): void {
    checkSpace(this.path, bytes + more, this.folder);
    const place = join(this.path, RESERVE);
    try {
      // Random, since some file systems compress.
      const piece = randomBytes(Math.min(bytes, 2 ** 20));
      const file = openSync(place, 'w');
      try {
        for (let left = bytes; left > 0; left -= piece.length) writeSync(file, piece, 0, Math.min(left, piece.length));
        flush(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      rmSync(place, { force: true });
      throw isFull(error)
        ? noSpace(this.folder, bytes + more, null)
        : asInputError(`Cannot write ${this.folder}`, error);
    }
  }

  /** Lets others write the folder. If it was made for this and is empty, it is removed. */
  close(): void {
    if (this.#lock.isHeld) tryTo(() => rmSync(join(this.path, RESERVE), { force: true }));
    this.#lock.close();
  }

  #stage(stage: string, files: Readonly<Record<string, FileContent>>): void {
    const staged = join(stage, FILES);
    this.#disk.remove(stage);
    this.#disk.makeFolder(staged);
    const folders = new Set([stage, staged]);
    for (const [path, data] of Object.entries(files)) {
      const file = join(staged, path);
      if (!folders.has(dirname(file))) this.#disk.makeFolder(dirname(file));
      folders.add(dirname(file));
      this.#disk.write(file, data);
    }
    for (const folder of folders) this.#disk.sync(folder);
  }

  #commit(stage: string, removed: readonly string[]): void {
    const part = join(stage, `${COMMIT}.part`);
    this.#disk.remove(part);
    this.#disk.write(part, JSON.stringify({ removed }));
    this.#disk.rename(part, join(stage, COMMIT));
    this.#disk.sync(stage);
  }

  /** The files of an earlier output that new files do not take the place of. @throws InputError where they cannot take a place */
  #replaced(files: Readonly<Record<string, unknown>>): string[] {
    for (const path of Object.keys(files)) {
      if (isFolder(join(this.path, path))) throw foreignContent(this.folder, path);
    }
    const known = [...this.#names, ...Object.keys(files)];
    const inFolders = this.#names.filter((name) => name.includes('/') && existsSync(join(this.path, name)));
    const ownFiles = outsideNames(this.path).filter((name) => known.includes(name) || isUnfinished(name, known));
    return [...ownFiles, ...inFolders].filter(
      (path) => !Object.hasOwn(files, path) && !lstatSync(join(this.path, path)).isDirectory(),
    );
  }

  /** @throws an error of the file system for a path that will be too long */
  #checkLengths(): void {
    for (const name of this.#names) lstatSync(join(this.path, STAGE, FILES, name), { throwIfNoEntry: false });
  }

  #checkHeld(): void {
    if (this.#lock.isHeld) return;
    throw new InputError(`Cannot write ${this.folder}: another process has taken it over since this one began.`);
  }

  /** Does work that takes space; if the disk is full it frees the reserve and tries once more. */
  #withSpace(work: () => void): void {
    try {
      work();
    } catch (error) {
      const reserve = join(this.path, RESERVE);
      if (!isFull(error) || !existsSync(reserve)) throw error;
      rmSync(reserve);
      work();
    }
  }
}

export interface OpenOptions {
  readonly disk?: Disk;
  /** The longest wait for another process that has the folder, in milliseconds. Default 300: a command that reads is soon done. */
  readonly patience?: number;
}

/**
 * Opens a folder to write a result to, before the work that would be lost: no other process writes it, nothing is in it but an earlier
 * output, which stays until it is replaced, and files can be made there. Missing folders are made; what a process that died left
 * is finished or removed.
 *
 * @param names what an earlier output may hold at the top of the folder, and the paths of files in folders below it
 * @throws InputError naming what is in the way
 */
export function openOutput(
  folder: string,
  names: readonly string[],
  { disk = realDisk, patience = PATIENCE_MS }: OpenOptions = {},
): OutputFolder {
  return new OutputFolder(folder, names, disk, patience);
}

/**
 * Opens an output as {@link openOutput} does, but replaces an earlier one only if that was asked for.
 *
 * @throws InputError naming what is in the way, an earlier output too unless `overwrite` is true
 */
export function openNewOutput(
  folder: string,
  names: readonly string[],
  { overwrite = false }: { readonly overwrite?: boolean },
): OutputFolder {
  const output = openOutput(folder, names);
  if (overwrite || !output.hasContent) return output;
  output.close();
  throw new InputError(
    `${folder} holds an earlier output: choose another output folder, or replace it with ${OVERWRITE}.`,
  );
}

/**
 * Checks a folder into which several commands write side by side, such as the runs of a sweep: nothing is in it but what such commands
 * have put there, and no command is about to replace what it holds. Nothing is left in a folder that was not there.
 *
 * @param names what they put at the top of the folder
 * @param first the one of these that is always there, if any is; default: any may be
 * @throws InputError naming what is in the way
 */
export function checkSharedOutput(folder: string, names: readonly string[], first?: string): void {
  const lock = new FolderLock(folder);
  try {
    const isNew = first !== undefined && !existsSync(join(lock.path, first));
    checkContent(folder, lock.path, isNew ? [] : names);
  } catch (error) {
    throw asInputError(`Cannot write ${folder}`, error);
  } finally {
    lock.close();
  }
}

/**
 * Finishes or removes what a process that died left in a folder, before it is read. While another process puts a new result in
 * place this waits for it. A folder in order, or one that is not there, is left alone.
 *
 * @throws InputError when a result that is complete cannot be put in its place
 */
export function recoverOutput(folder: string, disk: Disk = realDisk): void {
  const path = resolveLinks(folder);
  restoreSibling(path);
  const stage = join(path, STAGE);
  const ends = Date.now() + READER_PATIENCE_MS;
  while (ownNames.some((name) => existsSync(join(path, name)))) {
    try {
      const lock = new FolderLock(folder, 0);
      try {
        recover(path, disk);
      } finally {
        lock.close();
      }
      return;
    } catch (error) {
      // Without a commit nothing is in the way of a reader.
      if (!existsSync(join(stage, COMMIT))) return;
      if (!(error instanceof BusyError))
        throw asInputError(`Cannot put the new files of ${folder} in their places`, error);
      if (Date.now() > ends) throw error;
      sleep(20);
    }
  }
}

/** Replaces an earlier output by these files, all or nothing. @see OutputFolder.replace @throws as {@link openOutput} */
export function writeFolderAtomic(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
  replaceable: readonly string[] = [],
): void {
  const output = openOutput(folder, [...replaceable, ...Object.keys(files).map((path) => path.split('/')[0])]);
  try {
    output.replace(files);
  } finally {
    output.close();
  }
}

function recover(path: string, disk: Disk): void {
  if (existsSync(join(path, STAGE, COMMIT))) apply(path, disk);
  for (const name of [STAGE, PART, RESERVE]) if (existsSync(join(path, name))) disk.remove(join(path, name));
}

/** Moves a committed result to its place, whatever part of that has been done before. */
function apply(path: string, disk: Disk): void {
  const stage = join(path, STAGE);
  const staged = join(stage, FILES);
  for (const name of removedBy(join(stage, COMMIT))) disk.remove(join(path, name));
  const folders = new Set([path]);
  for (const file of existsSync(staged) ? filesBelow(staged) : []) {
    const target = join(path, file);
    if (!folders.has(dirname(target))) disk.makeFolder(dirname(target));
    folders.add(dirname(target));
    withRetries(() => disk.rename(join(staged, file), target));
  }
  for (const folder of folders) disk.sync(folder);
  disk.remove(stage);
  disk.sync(path);
}

/** The content of a commit: the old files that no new ones replace. Paths below the folder, none of which leads out of it. */
const commitSchema = v.object({
  removed: v.array(
    v.pipe(
      v.string('the path of a file'),
      v.check((path) => path.split(/[/\\]/).every((name) => !['', '.', '..'].includes(name)), 'the path of a file'),
    ),
    'a list of names',
  ),
});

function removedBy(commit: string): string[] {
  return parseWith(commitSchema, readJsonObject(commit), commit, `Remove ${dirname(commit)} to keep the old files.`)
    .removed;
}

/** The names at the top of a folder that are not our own bookkeeping. */
const outsideNames = (path: string): string[] => readdirSync(path).filter((name) => !ownNames.includes(name));

/** @throws InputError for anything that neither an earlier output holds nor a system puts there */
function checkContent(folder: string, path: string, names: readonly string[]): void {
  const known = [...names.map((path) => path.split('/')[0]), ...systemNames];
  const foreign = outsideNames(path).find((name) => !known.includes(name) && !isUnfinished(name, known));
  if (foreign !== undefined) throw foreignContent(folder, foreign);
}

const foreignContent = (folder: string, name: string): InputError =>
  new InputError(`${folder} holds "${name}", which is not an earlier output; choose another folder.`);

/** The paths of all files below a folder, with `/`. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)).map((path) => `${entry.name}/${path}`) : [entry.name],
  );
}

/** Returns the path of a folder that is there or will be, with links resolved. */
function resolveLinks(folder: string): string {
  let path = resolve(folder);
  for (let links = 0; lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink(); links++) {
    if (links === 40) throw new InputError(`Cannot write ${folder}: it is a link that leads to itself.`);
    path = resolve(dirname(path), readlinkSync(path));
  }
  return path;
}

/** Free bytes for this user, or null where the file system does not tell. */
function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize, blocks } = statfsSync(path);
    return blocks > 0 ? bavail * bsize : null;
  } catch {
    return null;
  }
}

/**
 * Checks that the disk of a folder, which need not be there yet, has space, and writes nothing.
 *
 * @param name what messages call it
 * @throws InputError when there is less
 */
export function checkSpace(folder: string, bytes: number, name = folder): void {
  let there = resolve(folder);
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const free = freeBytes(there);
  if (free !== null && free < bytes) throw noSpace(name, bytes, free);
}

function noSpace(name: string, needed: number, free: number | null): InputError {
  const known = free === null ? 'too little free space' : `${sizeText(free)} of free space`;
  return new InputError(
    `${name} has ${known} and ${sizeText(needed)} are needed: free some, or choose another output folder.`,
  );
}

const sizeText = (bytes: number): string =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

const asInputError = (action: string, error: unknown): InputError =>
  error instanceof InputError ? error : fileError(action, error);

function tryTo(work: () => void): void {
  try {
    work();
  } catch {
    // The error that made this necessary is the one to tell.
  }
}

/** On Windows a file that somebody reads cannot be replaced for that moment. */
function withRetries(work: () => void): void {
  for (let attempts = process.platform === 'win32' ? 20 : 0; ; attempts--) {
    try {
      work();
      return;
    } catch (error) {
      if (attempts === 0 || !['EPERM', 'EBUSY', 'EACCES'].includes(String(codeOf(error)))) throw error;
      sleep(50);
    }
  }
}

const sleep = (milliseconds: number): void =>
  void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

// Earlier versions prepared a folder next to its place and exchanged the two by renames.

const uuid = /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(tmp|old)$/;

function siblings(path: string): string[] {
  try {
    return readdirSync(dirname(path)).filter((name) => uuid.test(name) && name.replace(uuid, '') === basename(path));
  } catch {
    return [];
  }
}

/** Restores the name of an output that a process of an earlier version had moved aside when it died. */
function restoreSibling(path: string): void {
  if (existsSync(path)) return;
  const [old] = siblings(path).filter((name) => name.endsWith('.old'));
  if (old !== undefined) tryTo(() => renameSync(join(dirname(path), old), path));
}

function removeSiblings(path: string): void {
  for (const name of siblings(path)) tryTo(() => rmSync(join(dirname(path), name), { recursive: true, force: true }));
}

// Locks.

const HEARTBEAT_SECONDS = 15;
/** Without a sign of life for so long, a process that cannot be looked at counts as dead. */
const SILENCE_SECONDS = 120;
/** The longest wait for a lock that another command may hold for a moment. */
const PATIENCE_MS = 300;
const READER_PATIENCE_MS = 10_000;
/** So long after it was made a lock has its text, and the lock of those who remove locks is not needed any more. */
const MOMENT_MS = 1000;

/** The error when another process writes the folder. */
export class BusyError extends InputError {}

/** The holder of a lock. */
const holderSchema = v.object({
  pid: positiveInteger,
  host: v.string(),
  /** The running system and its space of process ids: within one, `pid` tells a process. */
  system: v.string(),
  /** When the process began, in ticks of the system; another can have its id later. Null where it is not known. */
  begun: v.nullable(v.string()),
  /** ISO 8601. */
  since: v.string(),
  id: v.string(),
});
type Holder = v.InferOutput<typeof holderSchema>;

/** A folder that only this process writes, until the lock is closed. */
class FolderLock {
  /** The real path of the folder, with all links resolved. */
  readonly path: string;
  readonly #file: string;
  readonly #text = JSON.stringify(ourselves());
  readonly #beat: NodeJS.Timeout;
  /** The highest folder that was made for this. */
  #made: string | undefined;

  /** @param patience how long to wait for another holder, in milliseconds */
  constructor(folder: string, patience = PATIENCE_MS) {
    try {
      this.path = resolveLinks(folder);
      this.#file = join(this.path, LOCK);
      restoreSibling(this.path);
      const there = statSync(this.path, { throwIfNoEntry: false });
      if (there && !there.isDirectory())
        throw new InputError(`Cannot write ${folder}: it is a file; choose another folder.`);
      try {
        this.#acquire(folder, patience);
      } catch (error) {
        this.#removeEmpty();
        throw error;
      }
    } catch (error) {
      throw asInputError(`Cannot write ${folder}`, error);
    }
    this.#beat = setInterval(() => this.#touch(), HEARTBEAT_SECONDS * 1000).unref();
  }

  /** False once another process has taken this one for dead. */
  get isHeld(): boolean {
    return textOf(this.#file) === this.#text;
  }

  /** Lets others write the folder. If it was made for this and is empty, it is removed. */
  close(): void {
    clearInterval(this.#beat);
    tryTo(() => this.isHeld && unlinkSync(this.#file));
    this.#removeEmpty();
  }

  #makeFolder(): void {
    const missing = [];
    for (let folder = this.path; !existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
    try {
      for (const folder of missing) if (makeOne(folder)) this.#made ??= folder;
    } catch (error) {
      this.#removeEmpty();
      throw error;
    }
  }

  #removeEmpty(): void {
    for (let folder = this.path; this.#made && folder.length >= this.#made.length; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch (error) {
        // Something is in it.
        if (codeOf(error) === 'ENOTEMPTY') return;
      }
    }
  }

  /** A sign of life for those who cannot look at this process. */
  #touch(): void {
    tryTo(() => this.isHeld && utimesSync(this.#file, new Date(), new Date()));
  }

  /** Makes the lock file, which can be made only once; one of a process that is no more is removed before. */
  #acquire(folder: string, patience: number): void {
    const ends = Date.now() + patience;
    for (let attempts = 0; ; attempts++) {
      try {
        this.#makeFolder();
        create(this.#file, this.#text);
        return;
      } catch (error) {
        // Another process has just removed the folder that it had made.
        if (codeOf(error) === 'ENOENT' && attempts < 100) continue;
        if (codeOf(error) !== 'EEXIST') throw error;
      }
      const found = textOf(this.#file);
      if (found === null) continue;
      const silence = ageOf(this.#file);
      const holder = holderIn(found);
      if (holder ? !isAlive(holder, silence) : silence > MOMENT_MS) breakLock(this.#file, found);
      else if (!holder || Date.now() < ends) sleep(10);
      else throw busy(folder, this.#file, holder);
    }
  }
}

/** Makes a folder in one that is there. @returns whether it was not there before */
function makeOne(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (existsSync(folder) && !isFolder(folder)) throw new InputError(`${folder} is not a folder; choose another.`);
    return false;
  }
}

/**
 * Locks a folder for this process alone, and makes it if it is not there.
 *
 * @throws InputError when another process has it, or it cannot be written
 */
export function lockFolder(folder: string): { close(): void } {
  return new FolderLock(folder);
}

/** Makes a lock with a text. */
function create(file: string, text: string): void {
  const opened = openSync(file, 'wx');
  try {
    writeSync(opened, text);
  } catch (error) {
    tryTo(() => unlinkSync(file));
    throw error;
  } finally {
    closeSync(opened);
  }
}

/**
 * Removes a lock with the given text. Only who holds a second lock may do that, and looks again: otherwise of two processes that
 * found the same dead holder the later one would remove the new lock of the earlier.
 */
function breakLock(file: string, text: string): void {
  const breaker = `${file}.break`;
  try {
    create(breaker, String(process.pid));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (ageOf(breaker) > MOMENT_MS) tryTo(() => unlinkSync(breaker));
    sleep(5);
    return;
  }
  try {
    if (textOf(file) === text) unlinkSync(file);
  } finally {
    tryTo(() => unlinkSync(breaker));
  }
}

/** Null if there is no such file. */
function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Milliseconds since the last change; 0 if there is no such file. */
function ageOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? Date.now() - found.mtimeMs : 0;
}

/** Null while the text is being written, and for anything else. */
function holderIn(text: string): Holder | null {
  try {
    return parseWith(holderSchema, JSON.parse(text), LOCK);
  } catch {
    return null;
  }
}

function busy(folder: string, file: string, { pid, host, since }: Holder): BusyError {
  const process = `process ${pid}${host === hostname() ? '' : ` on ${host}`}, since ${since}`;
  return new BusyError(
    `${printable(folder)} is being written by another command (${printable(process)}): wait for its end, or choose another output folder. If it runs no more, remove ${printable(file)}.`,
  );
}

const ourselves = (): Holder => ({
  pid: process.pid,
  host: hostname(),
  system: systemName(),
  begun: beginningOf(process.pid),
  since: new Date().toISOString(),
  id: randomUUID(),
});

function isAlive({ pid, system, begun }: Holder, silence: number): boolean {
  if (system !== systemName()) return silence < SILENCE_SECONDS * 1000;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  const found = beginningOf(pid);
  return begun === null || found === null || found === begun;
}

/** Tells machines, their starts and containers apart where the system allows it. */
function systemName(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** When a process began; null where the system does not tell. */
function beginningOf(pid: number): string | null {
  try {
    // The name of the program, in brackets, may hold anything. After it: the state, and as 20th field the time.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return ['Z', 'X'].includes(fields[0]) ? 'has ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}
