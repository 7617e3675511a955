import { randomUUID } from 'node:crypto';
import type { Job as BullJob, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import {
  givenUp,
  type Job,
  type JobQueue,
  type JobRecord,
  type JobState,
  keptSeconds,
  type Lease,
  type LeaseState,
  mostTries,
  type QueueTerms,
  silenceMs,
  titleOf,
  usualLeaseMs,
  vanished,
  type WorkerRecord,
} from './job-queue.ts';
import { connectRedis, redisPackages } from './redis-connection.ts';

/** The name of the queue, as Bull Board shows it. */
const NAME = 'sparse-adapter';

/** Ours of BullMQ's states. */
const stateNames = {
  waiting: ['wait', 'delayed', 'prioritized'],
  active: ['active'],
  done: ['completed'],
  failed: ['failed'],
} as const satisfies Record<JobState, readonly string[]>;

function stateOf(name: string): JobState | null {
  if (name === 'unknown') return null;
  if (name === 'completed') return 'done';
  return name === 'active' || name === 'failed' ? name : 'waiting';
}

/** Tries that have ended: those that failed, and those whose worker vanished. */
const triesOf = ({ attemptsMade, stalledCounter }: BullJob): number => attemptsMade + stalledCounter;

/** A queue of BullMQ on Redis, for any number of machines. */
export class RedisQueue implements JobQueue {
  readonly address: string;
  readonly leaseMs: number;
  readonly #client: Redis;
  readonly #queue: Queue;
  readonly #newWorker: (name: string) => Worker;
  /** By name. */
  readonly #workers = new Map<string, Worker>();

  private constructor(
    address: string,
    leaseMs: number,
    client: Redis,
    queue: Queue,
    newWorker: (name: string) => Worker,
  ) {
    this.address = address;
    this.leaseMs = leaseMs;
    this.#client = client;
    this.#queue = queue;
    this.#newWorker = newWorker;
  }

  /** @throws InputError for a wrong address, port, password or certificate, and without the packages */
  static async open(address: string, { leaseMs = usualLeaseMs }: QueueTerms = {}): Promise<RedisQueue> {
    const packages = await redisPackages();
    const connection = await connectRedis(address);
    // It connects again by itself; one that nobody listens for would end the process.
    const quiet = <T extends { on(event: 'error', listener: () => void): unknown }>(own: T): T => {
      own.on('error', () => {});
      return own;
    };
    const queue = quiet(new packages.Queue(NAME, { connection }));
    const newWorker = (name: string) =>
      quiet(
        // Tries are counted here, as those that failed and those whose worker vanished are counted apart there.
        new packages.Worker(NAME, null, {
          ...{ connection, name, autorun: false, lockDuration: leaseMs, stalledInterval: Math.ceil(leaseMs / 4) },
          maxStalledCount: 1000,
        }),
      );
    return new RedisQueue(address, leaseMs, connection, queue, newWorker);
  }

  async add(jobs: readonly Job[]): Promise<void> {
    const kept = { age: keptSeconds };
    const opts = { attempts: 1000, removeOnComplete: kept, removeOnFail: kept };
    if (jobs.length > 0)
      await this.#queue.addBulk(
        jobs.map((job) => ({ name: titleOf(job), data: job.data, opts: { ...opts, jobId: job.id } })),
      );
  }

  async states(ids: readonly string[]): Promise<(JobState | null)[]> {
    return Promise.all(ids.map(async (id) => stateOf(await this.#queue.getJobState(id))));
  }

  async find(id: string): Promise<JobRecord | null> {
    // First, so that what is said to have ended has its result.
    const state = stateOf(await this.#queue.getJobState(id));
    const [job, { logs }] = await Promise.all([this.#queue.getJob(id), this.#queue.getJobLogs(id)]);
    return job && state ? { ...recordOf(job, state), lines: logs } : null;
  }

  async list(state: JobState, most = 100): Promise<JobRecord[]> {
    const jobs = await this.#queue.getJobs([...stateNames[state]], 0, most - 1, true);
    return jobs.filter((job) => job !== undefined).map((job) => recordOf(job, state));
  }

  async counts(): Promise<Record<JobState, number>> {
    const found = await this.#queue.getJobCounts(...Object.values(stateNames).flat());
    const of = (state: JobState) => stateNames[state].reduce((sum, name) => sum + (found[name] ?? 0), 0);
    return { waiting: of('waiting'), active: of('active'), done: of('done'), failed: of('failed') };
  }

  async remove(id: string): Promise<void> {
    if ((await this.#queue.remove(id)) === 1) await this.#client.srem(this.#cancelled, id);
  }

  async cancel(id: string): Promise<void> {
    await this.#client.sadd(this.#cancelled, id);
  }

  async claim(name: string): Promise<Lease | null> {
    let worker = this.#workers.get(name);
    if (!worker) {
      worker = this.#newWorker(name);
      this.#workers.set(name, worker);
      await worker.waitUntilReady();
      await worker.startStalledCheckTimer();
    }
    for (;;) {
      const token = randomUUID();
      const job: BullJob | undefined = await worker.getNextJob(token, { block: false });
      if (!job) return null;
      const lease = new RedisLease(job, token, this.leaseMs, this.#client, this.#cancelled, this.#queue.toKey(''));
      if (lease.attempt <= mostTries) return lease;
      await lease.fail(givenUp(mostTries, vanished), true);
    }
  }

  async beat(worker: WorkerRecord): Promise<void> {
    await this.#client.hset(this.#machines, worker.name, JSON.stringify({ worker, seen: Date.now() }));
  }

  async leave(worker: string): Promise<void> {
    await this.#client.hdel(this.#machines, worker);
  }

  async workers(): Promise<WorkerRecord[]> {
    const found: WorkerRecord[] = [];
    for (const [name, text] of Object.entries(await this.#client.hgetall(this.#machines))) {
      const { worker, seen } = JSON.parse(text) as { readonly worker: WorkerRecord; readonly seen: number };
      if (Date.now() - seen < silenceMs) found.push(worker);
      else await this.#client.hdel(this.#machines, name);
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.close(true)));
    await this.#queue.close();
    this.#client.disconnect();
  }

  /** The key of the ids of jobs that nobody wants any more. */
  get #cancelled(): string {
    return this.#queue.toKey('cancelled');
  }

  /** The key of the signs of life of workers. */
  get #machines(): string {
    return this.#queue.toKey('machines');
  }
}

const recordOf = (job: BullJob, state: JobState): JobRecord => ({
  id: job.id ?? '',
  data: job.data,
  state,
  tries: Math.min(triesOf(job) + (state === 'active' ? 1 : 0), mostTries),
  worker: job.processedBy ?? null,
  progress: typeof job.progress === 'object' ? job.progress : null,
  result: state === 'done' ? job.returnvalue : null,
  error: state === 'failed' ? job.failedReason : null,
  lines: [],
});

/** A job of BullMQ, had by one worker: its lock has the token of the lease. */
class RedisLease implements Lease {
  readonly job: Job;
  readonly attempt: number;
  readonly #bull: BullJob;
  readonly #token: string;
  readonly #leaseMs: number;
  readonly #client: Redis;
  readonly #cancelled: string;
  readonly #lock: string;

  constructor(bull: BullJob, token: string, leaseMs: number, client: Redis, cancelled: string, prefix: string) {
    this.job = { id: bull.id ?? '', data: bull.data };
    this.attempt = triesOf(bull) + 1;
    this.#bull = bull;
    this.#token = token;
    this.#leaseMs = leaseMs;
    this.#client = client;
    this.#cancelled = cancelled;
    this.#lock = `${prefix}${this.job.id}:lock`;
  }

  async renew(): Promise<LeaseState> {
    const [isHeld, isCancelled] = await Promise.all([
      this.#bull.extendLock(this.#token, this.#leaseMs),
      this.#client.sismember(this.#cancelled, this.job.id),
    ]);
    if (isHeld !== 1) return 'lost';
    return isCancelled === 1 ? 'cancelled' : 'held';
  }

  async report(progress: unknown): Promise<void> {
    if (await this.#isHeld()) await this.#bull.updateProgress(progress as object);
  }

  async tell(line: string): Promise<void> {
    if (await this.#isHeld()) await this.#bull.log(line);
  }

  async complete(result: unknown): Promise<void> {
    await ifHeld(() => this.#bull.moveToCompleted(result, this.#token, false));
  }

  async fail(reason: string, isFinal = false): Promise<void> {
    const { UnrecoverableError } = await redisPackages();
    const isLast = this.attempt >= mostTries;
    const error = isFinal
      ? new UnrecoverableError(reason)
      : isLast
        ? new UnrecoverableError(givenUp(mostTries, reason))
        : new Error(reason);
    await ifHeld(() => this.#bull.moveToFailed(error, this.#token, false));
  }

  async giveBack(delay = 0): Promise<void> {
    await ifHeld(() =>
      delay > 0 ? this.#bull.moveToDelayed(Date.now() + delay, this.#token) : this.#bull.moveToWait(this.#token),
    );
  }

  async #isHeld(): Promise<boolean> {
    return (await this.#client.get(this.#lock)) === this.#token;
  }
}

/** BullMQ's codes for a job that is gone, without a lock, not active, or of another lock. */
const LOST: readonly unknown[] = [-1, -2, -3, -6];

/** What comes of a lease that is lost is dropped. */
async function ifHeld(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && LOST.includes(error.code))) throw error;
  }
}
