import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { type Database, openDatabase, type SqlRow } from '../io/database.ts';
import {
  givenUp,
  type Job,
  type JobQueue,
  type JobRecord,
  type JobState,
  jobStates,
  keptSeconds,
  type Lease,
  type LeaseState,
  mostTries,
  type QueueTerms,
  silenceMs,
  usualLeaseMs,
  vanished,
  type WorkerRecord,
} from './job-queue.ts';

const FORMAT_VERSION = 1;
/** Tells the file from other databases: the id of the application in its header. */
const APPLICATION = 0x73617175;
const schema = `
CREATE TABLE IF NOT EXISTS jobs (
  id TEXT PRIMARY KEY, data TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0,
  free INTEGER NOT NULL DEFAULT 0, token TEXT, worker TEXT, cancelled INTEGER NOT NULL DEFAULT 0, progress TEXT, result TEXT,
  error TEXT, ended INTEGER
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, free);
CREATE TABLE IF NOT EXISTS lines (id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE, line TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS lines_by_job ON lines (id);
CREATE TABLE IF NOT EXISTS workers (name TEXT PRIMARY KEY, record TEXT NOT NULL, seen INTEGER NOT NULL);
PRAGMA application_id = ${APPLICATION};
PRAGMA user_version = ${FORMAT_VERSION};
`;

/** What is free to be taken at a time: `free` is when a job may be taken first, or when its lease runs out. */
const FREE = `state IN ('waiting', 'active') AND free <= ?`;

/** A queue in a file, for the processes of one machine. */
export class SqliteQueue implements JobQueue {
  readonly address: string;
  readonly leaseMs: number;
  readonly #database: Database;

  private constructor(path: string, database: Database, leaseMs: number) {
    this.address = path;
    this.leaseMs = leaseMs;
    this.#database = database;
  }

  /** @throws InputError for a file that is to exist and does not, one that holds something else, one that cannot be written, and before Node.js 22.13 */
  static async open(
    path: string,
    { leaseMs = usualLeaseMs, mustExist = false }: QueueTerms = {},
  ): Promise<SqliteQueue> {
    // SQLite as WebAssembly lets in one process at a time.
    if (process.getBuiltinModule('node:sqlite') === undefined)
      throw new InputError('A queue in a file needs Node.js 22.13 or later; give a redis:// address, or update it.');
    if (mustExist && !existsSync(path))
      throw new InputError(`There is no queue ${path}: correct --queue (queue); worker, reproduce and sweep make one.`);
    const hint = 'give the file of a queue, or a new one';
    const database = await openDatabase(path, { driver: 'runtime', what: 'a queue', hint });
    try {
      const [{ application_id: application }] = database.all('PRAGMA application_id');
      const [{ user_version: version }] = database.all('PRAGMA user_version');
      const isNew = database.all('SELECT name FROM sqlite_master').length === 0;
      if (!isNew && (application !== APPLICATION || version !== FORMAT_VERSION))
        throw new InputError(`Cannot use ${path} as a queue (it is another database): ${hint}.`);
      // A process that is killed loses nothing that it has written, and readers hinder nobody.
      database.all('PRAGMA journal_mode = WAL');
      database.exec('PRAGMA synchronous = NORMAL');
      if (isNew) database.exec(schema);
      database.run('DELETE FROM jobs WHERE ended < ?', [Date.now() - 1000 * keptSeconds]);
    } catch (error) {
      database.close();
      throw error;
    }
    return new SqliteQueue(path, database, leaseMs);
  }

  async add(jobs: readonly Job[]): Promise<void> {
    if (jobs.length === 0) return;
    this.#database.exec('BEGIN IMMEDIATE');
    for (const { id, data } of jobs)
      this.#database.run('INSERT OR IGNORE INTO jobs (id, data) VALUES (?, ?)', [id, JSON.stringify(data)]);
    this.#database.exec('COMMIT');
  }

  async states(ids: readonly string[]): Promise<(JobState | null)[]> {
    return ids.map((id) => {
      const [row] = this.#database.all('SELECT state FROM jobs WHERE id = ?', [id]);
      return (row?.state as JobState | undefined) ?? null;
    });
  }

  async find(id: string): Promise<JobRecord | null> {
    const [row] = this.#database.all('SELECT * FROM jobs WHERE id = ?', [id]);
    if (!row) return null;
    const lines = this.#database.all('SELECT line FROM lines WHERE id = ? ORDER BY rowid', [id]);
    return { ...recordOf(row), lines: lines.map(({ line }) => String(line)) };
  }

  async list(state: JobState, most = 100): Promise<JobRecord[]> {
    return this.#database
      .all('SELECT * FROM jobs WHERE state = ? ORDER BY rowid LIMIT ?', [state, most])
      .map((row) => recordOf(row));
  }

  async counts(): Promise<Record<JobState, number>> {
    const rows = this.#database.all('SELECT state, count(*) AS count FROM jobs GROUP BY state');
    const of = (state: JobState) => Number(rows.find((row) => row.state === state)?.count ?? 0);
    return Object.fromEntries(jobStates.map((state) => [state, of(state)])) as Record<JobState, number>;
  }

  async remove(id: string): Promise<void> {
    this.#database.run(`DELETE FROM jobs WHERE id = ? AND state <> 'active'`, [id]);
  }

  async cancel(id: string): Promise<void> {
    this.#database.run('UPDATE jobs SET cancelled = 1 WHERE id = ?', [id]);
  }

  async claim(worker: string): Promise<Lease | null> {
    const now = Date.now();
    // A look disturbs nobody, where an update would keep others from writing.
    if (this.#database.all(`SELECT 1 FROM jobs WHERE ${FREE} LIMIT 1`, [now]).length === 0) return null;
    this.#database.run(
      `UPDATE jobs SET state = 'failed', error = ?, ended = ?, token = NULL WHERE state = 'active' AND free <= ? AND tries >= ?`,
      [givenUp(mostTries, vanished), now, now, mostTries],
    );
    const token = randomUUID();
    const [row] = this.#database.all(
      `UPDATE jobs SET state = 'active', token = ?, worker = ?, free = ?, tries = tries + 1
       WHERE rowid = (SELECT rowid FROM jobs WHERE ${FREE} ORDER BY rowid LIMIT 1) RETURNING id, data, tries`,
      [token, worker, now + this.leaseMs, now],
    );
    if (!row) return null;
    const job = { id: String(row.id), data: JSON.parse(String(row.data)) as unknown };
    return new SqliteLease(this.#database, job, Number(row.tries), token, this.leaseMs);
  }

  async beat(worker: WorkerRecord): Promise<void> {
    this.#database.run('DELETE FROM workers WHERE seen < ?', [Date.now() - silenceMs]);
    this.#database.run('INSERT OR REPLACE INTO workers VALUES (?, ?, ?)', [
      worker.name,
      JSON.stringify(worker),
      Date.now(),
    ]);
  }

  async leave(worker: string): Promise<void> {
    this.#database.run('DELETE FROM workers WHERE name = ?', [worker]);
  }

  async workers(): Promise<WorkerRecord[]> {
    return this.#database
      .all('SELECT record FROM workers WHERE seen >= ? ORDER BY name', [Date.now() - silenceMs])
      .map(({ record }) => JSON.parse(String(record)) as WorkerRecord);
  }

  async close(): Promise<void> {
    this.#database.close();
  }
}

const read = (row: SqlRow, name: string): unknown => (row[name] === null ? null : JSON.parse(String(row[name])));

const recordOf = (row: SqlRow): JobRecord => ({
  id: String(row.id),
  data: read(row, 'data'),
  state: row.state as JobState,
  tries: Number(row.tries),
  worker: row.worker === null ? null : String(row.worker),
  progress: read(row, 'progress'),
  result: read(row, 'result'),
  error: row.error === null ? null : String(row.error),
  lines: [],
});

/** A job of the file, had by one worker: its token is in the row for as long as nobody else has taken it. */
class SqliteLease implements Lease {
  readonly job: Job;
  readonly attempt: number;
  readonly #database: Database;
  readonly #token: string;
  readonly #leaseMs: number;

  constructor(database: Database, job: Job, attempt: number, token: string, leaseMs: number) {
    this.#database = database;
    this.job = job;
    this.attempt = attempt;
    this.#token = token;
    this.#leaseMs = leaseMs;
  }

  async renew(): Promise<LeaseState> {
    const [row] = this.#set('free = ?', [Date.now() + this.#leaseMs]);
    if (!row) return 'lost';
    return row.cancelled === 1 ? 'cancelled' : 'held';
  }

  async report(progress: unknown): Promise<void> {
    this.#set('progress = ?', [JSON.stringify(progress)]);
  }

  async tell(line: string): Promise<void> {
    this.#database.run('INSERT INTO lines SELECT id, ? FROM jobs WHERE id = ? AND token = ?', [
      line,
      this.job.id,
      this.#token,
    ]);
  }

  async complete(result: unknown): Promise<void> {
    this.#set(`state = 'done', result = ?, ended = ?, token = NULL`, [JSON.stringify(result), Date.now()]);
  }

  async fail(reason: string, isFinal = false): Promise<void> {
    const [row] = this.#database.all('SELECT tries FROM jobs WHERE id = ? AND token = ?', [this.job.id, this.#token]);
    const tries = Number(row?.tries);
    if (isFinal) this.#end(reason);
    else if (tries >= mostTries) this.#end(givenUp(tries, reason));
    else this.#set(`state = 'waiting', free = ?, token = NULL`, [Date.now()]);
  }

  #end(error: string): void {
    this.#set(`state = 'failed', error = ?, ended = ?, token = NULL`, [error, Date.now()]);
  }

  async giveBack(delay = 0): Promise<void> {
    this.#set(`state = 'waiting', tries = tries - 1, free = ?, token = NULL`, [Date.now() + delay]);
  }

  /** Changes the row while it is this lease's. @returns it, unless it is another one's */
  #set(change: string, values: readonly (string | number)[]): SqlRow[] {
    const sql = `UPDATE jobs SET ${change} WHERE id = ? AND token = ? RETURNING cancelled`;
    return this.#database.all(sql, [...values, this.job.id, this.#token]);
  }
}
