import { dirname, join } from 'node:path';
import { InputError } from '../errors.ts';
import { type Database, openDatabase, type SqlRow, type SqlValue } from '../io/database.ts';
import { checkSharedOutput } from '../io/index.ts';
import { parseJson } from '../io/json.ts';
import { canonical } from '../queue/run-inputs.ts';
import { parseWith, printable } from '../settings/index.ts';
import { experiments } from './definitions.ts';
import { type PlacedRun, type RunPlace, type StoredRun, storedRun } from './stored-run.ts';

const DATABASE = 'results.sqlite';
/** Names of the files that sweeps put at the top of their output folder. */
const outputNames = [
  ...['', '-journal', '-wal', '-shm', '.lock'].map((end) => DATABASE + end),
  ...['runs', 'rows', 'tensorboard'],
  ...experiments.map(({ name }) => name),
];
const FORMAT_VERSION = 2;
const schema = `
CREATE TABLE IF NOT EXISTS runs (
  hash TEXT PRIMARY KEY, status TEXT NOT NULL, settings TEXT NOT NULL, inputs TEXT NOT NULL, versions TEXT NOT NULL,
  command TEXT NOT NULL, started TEXT NOT NULL, ended TEXT, seconds REAL NOT NULL, metrics TEXT, pruning TEXT, answers TEXT,
  error TEXT
);
CREATE TABLE IF NOT EXISTS places (
  experiment TEXT NOT NULL, model TEXT NOT NULL, row TEXT NOT NULL, task TEXT NOT NULL, seed INTEGER NOT NULL,
  hash TEXT NOT NULL REFERENCES runs (hash),
  PRIMARY KEY (experiment, model, row, task, seed, hash)
);
PRAGMA user_version = ${FORMAT_VERSION};
`;

/** The results of sweeps: one row per run, in `results.sqlite` of their output folder. Everything written is there at once. */
export class ResultStore {
  readonly folder: string;
  readonly #path: string;
  readonly #database: Database;

  private constructor(path: string, database: Database) {
    this.folder = dirname(path);
    this.#path = path;
    this.#database = database;
  }

  /** @throws InputError if the folder holds anything else, another kind of database, or one of another version */
  static async open(folder: string): Promise<ResultStore> {
    checkSharedOutput(folder, outputNames, DATABASE);
    return ResultStore.openFile(ResultStore.file(folder));
  }

  /** The same for a database that may have another name; its output folder is the one that it lies in. @throws as `open` */
  static async openFile(path: string): Promise<ResultStore> {
    const database = await openDatabase(path, {
      what: 'a database of results',
      hint: 'give the --output folder of reproduce, or a new one',
    });
    const [{ user_version: version }] = database.all('PRAGMA user_version');
    const isNew = database.all('SELECT name FROM sqlite_master').length === 0;
    if (!isNew && version !== FORMAT_VERSION) {
      database.close();
      throw new InputError(`${path} has format ${version} and not ${FORMAT_VERSION}; choose another --output.`);
    }
    if (isNew) database.exec(schema);
    return new ResultStore(path, database);
  }

  static file(folder: string): string {
    return join(folder, DATABASE);
  }

  /** Returns the folder of a run. */
  runFolder(hash: string): string {
    return join(this.folder, 'runs', hash);
  }

  find(hash: string): StoredRun | null {
    const [row] = this.#database.all('SELECT * FROM runs WHERE hash = ?', [hash]);
    return row ? toRun(row, this.#path) : null;
  }

  /** Notes that a run begins or continues. */
  begin(
    hash: string,
    { settings, inputs, versions, command }: Pick<StoredRun, 'settings' | 'inputs' | 'versions' | 'command'>,
  ): void {
    this.#database.run(
      `INSERT INTO runs (hash, status, settings, inputs, versions, command, started, seconds)
       VALUES (?, 'running', ?, ?, ?, ?, ?, 0)
       ON CONFLICT (hash) DO UPDATE SET status = 'running', settings = excluded.settings, versions = excluded.versions,
         command = excluded.command, ended = NULL, error = NULL, metrics = NULL, pruning = NULL, answers = NULL`,
      [
        ...[hash, canonical(settings), canonical(inputs), JSON.stringify(versions), JSON.stringify(command)],
        new Date().toISOString(),
      ],
    );
  }

  /** Notes what an attempt came to. @param seconds its wall time */
  end(
    hash: string,
    seconds: number,
    outcome: Pick<StoredRun, 'status'> & Partial<Pick<StoredRun, 'metrics' | 'pruning' | 'answers' | 'error'>>,
  ): void {
    const { status, metrics = null, pruning = null, answers = null, error = null } = outcome;
    this.#database.run(
      `UPDATE runs SET status = ?, ended = ?, seconds = seconds + ?, metrics = ?, pruning = ?, answers = ?, error = ?
       WHERE hash = ?`,
      [status, new Date().toISOString(), seconds, json(metrics), json(pruning), json(answers), error, hash],
    );
  }

  /** A run that was run elsewhere. */
  insert({ hash, status, settings, inputs, versions, command, started, ended, seconds, ...outcome }: StoredRun): void {
    const { metrics, pruning, answers, error } = outcome;
    this.#database.run('INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [
      ...[hash, status, canonical(settings), canonical(inputs), JSON.stringify(versions), JSON.stringify(command)],
      ...[started, ended, seconds, json(metrics), json(pruning), json(answers), error],
    ]);
  }

  /** Either all changes of `work` are written or, if it throws, none. */
  atOnce(work: () => void): void {
    this.#database.exec('BEGIN');
    try {
      work();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Notes what a run is for. */
  place(hash: string, { experiment, model, row, task, seed }: RunPlace): void {
    this.#database.run('INSERT OR IGNORE INTO places VALUES (?, ?, ?, ?, ?, ?)', [
      ...[experiment, model, row, task, seed],
      hash,
    ]);
  }

  /** The runs of all places that agree with the filter, in the order in which they were begun. */
  list(filter: Partial<RunPlace & Pick<StoredRun, 'status'>> = {}): PlacedRun[] {
    const given = Object.entries(filter).filter(([, value]) => value !== undefined);
    const where = given.map(([name]) => `${name === 'status' ? 'runs' : 'places'}.${name} = ?`).join(' AND ');
    const rows = this.#database.all(
      `SELECT * FROM places JOIN runs ON runs.hash = places.hash ${where && `WHERE ${where}`}
       ORDER BY experiment, started, places.rowid`,
      given.map(([, value]) => value as SqlValue),
    );
    return rows.map((row) => {
      const { experiment, model, row: id, task, seed } = row as unknown as RunPlace;
      return { experiment, model, row: id, task, seed, ...toRun(row, this.#path) };
    });
  }

  close(): void {
    this.#database.close();
  }
}

const json = (value: unknown): SqlValue => (value === null ? null : JSON.stringify(value));

/** @throws InputError naming the run and what of it is not as it must be */
function toRun(row: SqlRow, path: string): StoredRun {
  const label = `${path}: run ${printable(String(row.hash))}`;
  const json = (name: string): unknown =>
    row[name] === null ? null : parseJson(String(row[name]), `${label}: ${name}`);
  const names = ['settings', 'inputs', 'versions', 'command', 'metrics', 'pruning', 'answers'];
  const parts = names.map((name) => [name, json(name)] as const);
  const remedy = 'Restore the file, or use the version of sparse-adapter that wrote it.';
  const { hash, status, settings, inputs, versions, command, started, ended, seconds, ...outcome } = parseWith(
    storedRun,
    { ...row, ...Object.fromEntries(parts) },
    label,
    remedy,
  );
  const { metrics, pruning, answers, error } = outcome;
  return {
    ...{ hash, status, settings, inputs, versions, command, started, ended, seconds, metrics, pruning, answers, error },
  };
}
