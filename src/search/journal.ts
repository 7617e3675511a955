import { randomUUID } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../errors.ts';
import { fileError } from '../io/index.ts';
import { type NewOperation, type Operation, readOperation, writeOperation } from './journal-ops.ts';
import { Studies } from './study.ts';

/** Optuna's own. */
const GRACE_MS = 30_000;
/** Longest wait between two tries, in milliseconds. */
const LONGEST_WAIT_MS = 1000;

const LINE_END = 10;

/**
 * A journal of Optuna (`JournalFileBackend`): one operation a line, which several processes append to under a lock, those of Optuna and
 * its dashboard among them.
 */
export class Journal {
  readonly path: string;
  readonly studies = new Studies();
  /** `<uuid>-<number>`, as each line has it. */
  readonly #worker = `${randomUUID()}-${process.pid}`;
  /** Bytes of whole lines that have been read, and how many lines they are. */
  #read = 0;
  #lines = 0;

  readonly #graceMs: number;

  /**
   * @param path of a file that is there, or will be
   * @param options graceMs: milliseconds after which a lock that nobody touches belongs to a dead process
   * @throws InputError for a line that is no operation, and if there can be no such file
   */
  constructor(path: string, { graceMs = GRACE_MS }: { readonly graceMs?: number } = {}) {
    this.path = path;
    this.#graceMs = graceMs;
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      throw fileError(`Cannot write ${path}`, error);
    }
    this.refresh();
  }

  /** Reads what others have appended. @throws InputError for a line that is no operation */
  refresh(): void {
    if (!existsSync(this.path)) return;
    const file = openSync(this.path, 'r');
    try {
      this.#readFrom(file);
    } finally {
      closeSync(file);
    }
  }

  #readFrom(file: number): void {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.max(0, size - this.#read));
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(file, bytes, filled, bytes.length - filled, this.#read + filled);
      if (count === 0) break;
      filled += count;
    }
    // A last line without an end is being written, or was cut off.
    const whole = bytes.subarray(0, filled).lastIndexOf(LINE_END) + 1;
    for (const line of bytes.toString('utf8', 0, whole).split('\n').slice(0, -1)) {
      this.#lines++;
      const operation = readOperation(line, `${this.path}, line ${this.#lines}`);
      if (operation) this.studies.apply(operation);
    }
    this.#read += whole;
  }

  /**
   * Appends operations, all or none, and applies them. What `make` returns may depend on all that others have written: nobody else
   * writes meanwhile.
   *
   * @throws InputError if the file cannot be written, or another process holds it and does not let go
   */
  async write(make: (studies: Studies) => readonly NewOperation[]): Promise<void> {
    const release = await lock(`${this.path}.lock`, this.#graceMs);
    try {
      const file = openSync(this.path, existsSync(this.path) ? 'r+' : 'w+');
      try {
        this.#readFrom(file);
        // Optuna would join what follows to a line that was cut off.
        ftruncateSync(file, this.#read);
        const lines = make(this.studies).map((operation) =>
          writeOperation({ ...operation, worker_id: this.#worker } as Operation),
        );
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        let written = 0;
        while (written < bytes.length) {
          written += writeSync(file, bytes, written, bytes.length - written, this.#read + written);
        }
        fsyncSync(file);
        this.#readFrom(file);
      } finally {
        closeSync(file);
      }
    } catch (error) {
      throw error instanceof InputError ? error : fileError(`Cannot write ${this.path}`, error);
    } finally {
      release();
    }
  }
}

/** Holds a lock of Optuna's kind, a file that is created exclusively. @returns what lets go of it */
async function lock(path: string, graceMs: number): Promise<() => void> {
  let seen = { time: 0, since: performance.now() };
  for (let wait = 1; ; wait = Math.min(2 * wait, LONGEST_WAIT_MS)) {
    try {
      // A plain file: a link whose target is gone would let Optuna wait for ever.
      closeSync(openSync(path, 'wx'));
      return () => unlock(path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const time = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (time !== seen.time) seen = { time, since: performance.now() };
    else if (performance.now() - seen.since > graceMs) unlock(path);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Renamed first, so that of two who take over a stale lock only one removes it. */
function unlock(path: string): void {
  const aside = `${path}${randomUUID()}.rename`;
  try {
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch {
    // Another one took it over.
  }
}
