import { mkdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { InputError } from '../errors.ts';
import { optionalPackages, rethrow } from './optional-package.ts';

export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** An SQLite database, as far as it is used here. */
export interface Database {
  /** Statements without values. */
  exec(sql: string): void;
  /** One statement; `?` stand for the values. */
  run(sql: string, values: readonly SqlValue[]): void;
  all(sql: string, values?: readonly SqlValue[]): SqlRow[];
  close(): void;
}

/** The part of `node:sqlite` that is used; the types of Node.js 20 do not have it. */
interface NodeSqlite {
  readonly DatabaseSync: new (
    path: string,
  ) => {
    exec(sql: string): void;
    prepare(sql: string): {
      run(...values: SqlValue[]): unknown;
      all(...values: SqlValue[]): unknown[];
    };
    close(): void;
  };
}

function withRuntime({ DatabaseSync }: NodeSqlite, path: string): Database {
  const database = new DatabaseSync(path);
  return {
    exec: (sql) => database.exec(sql),
    run: (sql, values) => void database.prepare(sql).run(...values),
    all: (sql, values = []) => database.prepare(sql).all(...values) as SqlRow[],
    close: () => database.close(),
  };
}

/** SQLite as WebAssembly that writes the file itself: no addon to compile, and a killed process loses nothing. */
async function withWebAssembly(path: string): Promise<Database> {
  await releaseLock(`${path}.lock`);
  const sqlite = await optionalPackages('A database before Node.js 22.13', ['node-sqlite3-wasm'], () =>
    import('node-sqlite3-wasm').catch(rethrow),
  );
  const database = new sqlite.default.Database(path);
  return {
    exec: (sql) => database.exec(sql),
    run: (sql, values) => void database.run(sql, [...values]),
    all: (sql, values = []) => database.all(sql, [...values]) as SqlRow[],
    close: () => database.close(),
  };
}

/** The same database; what the disk or another process refuses is an error of the input. */
function told(database: Database, path: string): Database {
  const tell = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!/full|readonly|disk I\/O|locked|busy/i.test(reason)) throw error;
      throw new InputError(`Cannot write ${path}: ${reason}.`, { cause: error });
    }
  };
  return {
    exec: (sql) => tell(() => database.exec(sql)),
    run: (sql, values) => tell(() => database.run(sql, values)),
    all: (sql, values) => tell(() => database.all(sql, values)),
    close: () => database.close(),
  };
}

/** No transaction takes so long. */
const TRANSACTION_MS = 10_000;

/** Removes the lock of a process that was killed in a transaction: `node-sqlite3-wasm` makes a folder for each. */
async function releaseLock(lock: string): Promise<void> {
  for (;;) {
    const found = statSync(lock, { throwIfNoEntry: false });
    if (!found) return;
    if (Date.now() - found.mtimeMs > TRANSACTION_MS) rmSync(lock, { recursive: true, force: true });
    else await pause(100);
  }
}

export type Driver = 'runtime' | 'wasm';

/** `node:sqlite` where the runtime has it (Node.js 22.13 and newer without a flag), else SQLite compiled to WebAssembly. */
const defaultDriver = (): Driver => (runtimeSqlite() ? 'runtime' : 'wasm');

const runtimeSqlite = (): NodeSqlite | undefined =>
  process.getBuiltinModule('node:sqlite') as unknown as NodeSqlite | undefined;

export interface DatabaseOptions {
  readonly driver?: Driver;
  /** What the database is, in messages: `a database of results`. */
  readonly what: string;
  /** What to give instead of a file that is none. */
  readonly hint: string;
}

/**
 * Opens the database in a file, or makes it.
 *
 * @throws InputError if the file is no database, or cannot be read and written
 */
export async function openDatabase(
  path: string,
  { driver = defaultDriver(), what, hint }: DatabaseOptions,
): Promise<Database> {
  let database: Database | null = null;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const runtime = driver === 'runtime' ? runtimeSqlite() : undefined;
    database = runtime ? withRuntime(runtime, path) : await withWebAssembly(path);
    database.exec('PRAGMA busy_timeout = 5000');
    database.all('SELECT name FROM sqlite_master');
    return told(database, path);
  } catch (error) {
    database?.close();
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = /locked/.test(reason) ? 'end the command that uses it' : hint;
    throw new InputError(`Cannot use ${path} as ${what} (${reason}): ${remedy}.`);
  }
}
