import { createHash } from 'node:crypto';
import { createReadStream, existsSync, rmSync, statfsSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../../errors.ts';
import { fileError } from '../files.ts';
import { TooSlowError } from './limits.ts';
import { HubError } from './request.ts';

/** A file of a repository. Its hash is its name in the cache. */
export interface RemoteFile {
  /** Below the repository, with slashes. */
  readonly path: string;
  /** The size in bytes. */
  readonly size: number;
  /** SHA-256 of large files; of small ones the hash that git gives them. */
  readonly hash: string;
}

export interface Transfer {
  readonly file: RemoteFile;
  /** The path of the finished blob. */
  readonly target: string;
  /** The bytes from `begin` on, as they arrive; the stream may break. */
  readonly bytesFrom: (begin: number) => AsyncIterable<Uint8Array>;
  /** Told how many bytes are there. */
  readonly onBytes?: (done: number) => void;
}

/** A connection that breaks this often without one new byte is given up. */
const ATTEMPTS = 4;
/** So often it may break after few bytes. */
const SHORT_PIECES = 100;
const FEW_BYTES = 2 ** 20;
const FIRST_PAUSE = 250;
/** Milliseconds without a write after which an unfinished file counts as abandoned. */
const ABANDONED = 5000;

/**
 * Downloads a blob unless it is there. What arrives goes to `<target>.incomplete`, in which an interrupted download, also
 * one of Python's huggingface_hub, continues; when size and hash are right the file gets its name. Nobody but the writer may
 * take an unfinished file for a blob.
 *
 * Of several processes one downloads and the others wait. If the writer only seems to be gone, two may write at a time:
 * both put the same bytes at the same places, so that does no harm.
 *
 * @throws InputError when the connection breaks for good, the content is not what the hub announced, or the disk refuses
 */
export async function downloadBlob(transfer: Transfer): Promise<void> {
  const { file, target } = transfer;
  const unfinished = `${target}.incomplete`;
  removeUnlessWhole(target, file.size);
  if (!existsSync(target)) checkSpace(file, unfinished);
  for (;;) {
    const handle = await claim(unfinished, target);
    if (!handle) return;
    let pieces: number;
    try {
      pieces = await fill(handle, transfer);
    } catch (error) {
      await handle.utimes(0, 0).catch(() => {}); // whoever continues need not wait
      throw error;
    } finally {
      await handle.close();
    }
    if ((await hashOf(unfinished, file)) === file.hash) return publish(unfinished, target);
    if (existsSync(target)) return;
    await rm(unfinished, { force: true });
    // What was put together from pieces may be right in one piece.
    if (pieces <= 1) throw wrongContent(file);
  }
}

/** A blob of another size was damaged later; the hash is not computed again. */
function removeUnlessWhole(target: string, size: number): void {
  const found = statSync(target, { throwIfNoEntry: false });
  if (found && found.size !== size) rmSync(target);
}

/** @throws InputError when the disk has no room for what is missing of a file */
function checkSpace({ path, size }: RemoteFile, unfinished: string): void {
  const folder = dirname(unfinished);
  const { bavail, bsize } = statfsSync(folder);
  const missing = size - (statSync(unfinished, { throwIfNoEntry: false })?.size ?? 0);
  if (missing <= bavail * bsize) return;
  throw new InputError(
    `${path} needs ${missing} bytes and the disk of ${folder} has ${bavail * bsize}; make room, or set HF_HOME to a folder elsewhere.`,
  );
}

const wrongContent = ({ path, hash }: RemoteFile): InputError =>
  new InputError(
    `${path} does not have the content that the hub announced (hash ${hash}); download it again, and if that does not help, report it to the hub.`,
  );

/** Opens the unfinished file for writing once no other process writes to it; undefined if one has finished the blob. */
async function claim(unfinished: string, target: string): Promise<FileHandle | undefined> {
  while (!existsSync(target)) {
    try {
      const handle = await open(unfinished, 'wx+');
      if (!existsSync(target)) return handle;
      // The writer finished between the two looks.
      await handle.close();
      await rm(unfinished, { force: true });
      return undefined;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw fileError(`Cannot write ${unfinished}`, error);
    }
    const written = statSync(unfinished, { throwIfNoEntry: false })?.mtimeMs;
    if (written !== undefined && Date.now() - written > ABANDONED) return reopen(unfinished);
    await pause(100);
  }
  return undefined;
}

/** Continues an abandoned file, and shows that to others by its time. */
async function reopen(unfinished: string): Promise<FileHandle> {
  try {
    const handle = await open(unfinished, 'r+');
    await handle.utimes(new Date(), new Date());
    return handle;
  } catch (error) {
    throw fileError(`Cannot write ${unfinished}`, error);
  }
}

/**
 * Writes what is missing of a file.
 *
 * @returns of how many pieces it is made: what had been there, and one for each connection that brought something
 */
async function fill(handle: FileHandle, { file, bytesFrom, onBytes }: Transfer): Promise<number> {
  const { size: before } = await handle.stat();
  let done = before > file.size ? 0 : before;
  if (done < before) await handle.truncate(0);
  let pieces = done > 0 ? 1 : 0;
  let failures = 0;
  let shortPieces = 0;
  while (done < file.size) {
    const begin = done;
    let reason: unknown = 'the answer ended too early';
    onBytes?.(done);
    try {
      for await (const bytes of bytesFrom(begin)) {
        const part = bytes.subarray(0, file.size - done);
        await write(handle, part, done, file.path);
        done += part.length;
        onBytes?.(done);
        if (done === file.size) break;
      }
    } catch (error) {
      if (error instanceof InputError && !isTemporary(error)) throw error;
      reason = error;
    }
    if (done > begin) pieces++;
    if (done === file.size) break;
    const isShort = done - begin < FEW_BYTES;
    failures = done > begin && !(isShort && reason instanceof TooSlowError) ? 0 : failures + 1;
    if (isShort) shortPieces++;
    if (failures === ATTEMPTS || shortPieces === SHORT_PIECES) throw broken(file, done, reason);
    const asked = reason instanceof HubError ? reason.retryAfter : undefined;
    await pause(asked ?? (failures === 0 ? 0 : FIRST_PAUSE * 2 ** failures));
  }
  await handle.sync();
  return pieces;
}

/** Returns whether to try again: in the middle of a file even a network that is gone may come back. */
const isTemporary = (error: unknown): boolean => error instanceof HubError && error.kind !== 'refused';

function broken({ path, size }: RemoteFile, done: number, reason: unknown): InputError {
  const cause = reason instanceof Error ? reason.message : reason;
  return new InputError(
    `The download of ${path} broke off at byte ${done} of ${size} (${cause}); run the command again, it continues from there.`,
  );
}

async function write(handle: FileHandle, bytes: Uint8Array, position: number, path: string): Promise<void> {
  try {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  } catch (error) {
    throw fileError(`Cannot write ${path} to the cache`, error);
  }
}

async function publish(unfinished: string, target: string): Promise<void> {
  try {
    await rename(unfinished, target);
  } catch (error) {
    if (!existsSync(target)) throw fileError(`Cannot write ${target}`, error);
  }
}

/** Undefined for a file that is not there any more. */
async function hashOf(path: string, { size, hash }: RemoteFile): Promise<string | undefined> {
  const isSha256 = hash.length === 64;
  const digest = createHash(isSha256 ? 'sha256' : 'sha1');
  if (!isSha256) digest.update(`blob ${size}\0`);
  try {
    await pipeline(createReadStream(path), digest);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw fileError(`Cannot read ${path}`, error);
  }
  return digest.digest('hex');
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
