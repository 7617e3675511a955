import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { FromChild, JobEnd, ToChild } from './child.ts';
import { cancelled, type JobQueue, type Lease, type LeaseState, type WorkerRecord } from './job-queue.ts';

/** The display of a worker. */
export interface WorkerEvents {
  readonly onClaim?: (lease: Lease) => void;
  readonly onLine?: (lease: Lease, line: string) => void;
  /** @param what it came to, in words */
  readonly onEnd?: (lease: Lease, what: string) => void;
}

export interface WorkOptions {
  readonly queue: JobQueue;
  readonly worker: WorkerRecord;
  /** The module that each process runs; it calls `serveJob`. */
  readonly program: string;
  /** What is given to each process beside its job. */
  readonly input: unknown;
  /** When it is aborted, jobs are handed back once they have left a checkpoint. */
  readonly signal?: AbortSignal;
  /** Whether the worker ends once no job is left. Default false: it waits for others. */
  readonly untilEmpty?: boolean;
  readonly events?: WorkerEvents;
}

/** The longest time between two looks at the queue, and at the lease of each job, in milliseconds. */
const LOOK_MS = 1000;
/** The longest pause of a worker that refuses what it finds. */
const REFUSED_MS = 30_000;
const BEAT_MS = 10_000;
/** Of what a process wrote last, so many characters tell why it died. */
const TOLD = 2000;

/**
 * Works on the jobs of a queue, each in a process of its own, until it is told to stop.
 *
 * @throws InputError if the queue cannot be used
 */
export async function work(options: WorkOptions): Promise<void> {
  const { queue, worker, signal, untilEmpty = false } = options;
  const running = new Set<Promise<void>>();
  let failure: unknown;
  let refused = 0;
  /** Refusals that the queue knows already. */
  const told = new Set<string>();
  let beaten = Number.NEGATIVE_INFINITY;
  const look = Math.min(LOOK_MS, queue.leaseMs / 4);
  try {
    while (!signal?.aborted && failure === undefined) {
      if (performance.now() - beaten > BEAT_MS) {
        beaten = performance.now();
        await queue.beat(worker);
      }
      const lease = running.size < worker.processes ? await queue.claim(worker.name) : null;
      if (lease) {
        const job: Promise<void> = runLease(lease, options, look, told)
          .then((end) => {
            refused = end === 'refused' ? refused + 1 : 0;
          })
          .catch((error) => {
            failure ??= error;
          })
          .finally(() => running.delete(job));
        running.add(job);
        // One that refuses all it finds must not keep the others from it.
        if (refused > 0) await pause(Math.min(REFUSED_MS, look * 2 ** refused), undefined, { signal }).catch(() => {});
        continue;
      }
      if (untilEmpty && running.size === 0) {
        const { waiting, active } = await queue.counts();
        if (waiting + active === 0) break;
      }
      const idle = pause(look, undefined, { signal }).catch(() => {});
      await (running.size < worker.processes ? idle : Promise.race([idle, ...running]));
    }
  } finally {
    await Promise.all(running);
    await queue.leave(worker.name);
  }
  if (failure !== undefined) throw failure;
}

/** Runs a job in a process of its own, and tells the queue what came of it. */
async function runLease(
  lease: Lease,
  { queue, worker, program, input, signal, events }: WorkOptions,
  look: number,
  told: Set<string>,
): Promise<JobEnd['kind'] | 'lost' | 'failed'> {
  events?.onClaim?.(lease);
  const child = new JobProcess(program, { kind: 'job', job: lease.job, input }, worker.processes > 1);
  let writing: Promise<unknown> = Promise.resolve();
  /** One after the other, and none of it ends the process: what is lost of the way changes no result. */
  const write = (action: () => Promise<unknown>) => {
    writing = writing.then(action).catch(() => {});
  };
  child.onProgress = (progress) => write(() => lease.report(progress));
  child.onLine = (line) => {
    events?.onLine?.(lease, line);
    write(() => lease.tell(line));
  };
  const stop = () => child.stop();
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  let held = performance.now();
  let state = 'held' as LeaseState;
  const beat = setInterval(() => {
    // Another worker may have it by now.
    if (performance.now() - held > queue.leaseMs) state = 'lost';
    if (state === 'lost') return child.kill();
    const asked = performance.now();
    lease.renew().then(
      (found) => {
        held = asked;
        if (found === 'held') return;
        state = found;
        if (found === 'lost') child.kill();
        else child.stop();
      },
      () => {},
    );
  }, look);
  try {
    const end = await child.ended;
    await writing;
    const isStopped = typeof end !== 'string' && end.kind === 'stopped';
    if (state === 'lost') {
      events?.onEnd?.(lease, 'another worker has it');
      return 'lost';
    }
    if (state === 'cancelled' && (isStopped || typeof end === 'string')) {
      await lease.fail(cancelled, true);
      events?.onEnd?.(lease, cancelled);
      return 'failed';
    }
    if (typeof end === 'string') {
      await lease.fail(end);
      events?.onEnd?.(lease, end);
      return 'failed';
    }
    if (end.kind === 'done') await lease.complete(end.result);
    if (end.kind === 'stopped') await lease.giveBack();
    if (end.kind === 'refused') {
      const refusal = `${lease.job.id} ${end.reason}`;
      if (!told.has(refusal)) await lease.tell(`${worker.name} refuses: ${end.reason}`);
      told.add(refusal);
      await lease.giveBack(look);
    }
    events?.onEnd?.(lease, end.kind === 'refused' ? `refused: ${end.reason}` : end.kind);
    return end.kind;
  } finally {
    clearInterval(beat);
    signal?.removeEventListener('abort', stop);
  }
}

/** The process of one job. */
class JobProcess {
  readonly #child: ChildProcess;
  /** Its result, or, in words, how it died. */
  readonly ended: Promise<JobEnd | string>;
  onProgress: (progress: unknown) => void = () => {};
  onLine: (line: string) => void = () => {};

  constructor(program: string, first: ToChild, sharesCores: boolean) {
    const env = { ...process.env };
    // Small batches do not keep several threads busy: processes do.
    if (sharesCores) env.SPARSE_ADAPTER_THREADS ??= '1';
    this.#child = fork(program, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let told = '';
    this.#child.stderr?.setEncoding('utf8').on('data', (text) => {
      told = `${told}${text}`.slice(-TOLD);
    });
    let end: JobEnd | null = null;
    this.#child.on('message', (message: FromChild) => {
      if (message.kind === 'progress') this.onProgress(message.progress);
      else if (message.kind === 'line') this.onLine(message.line);
      else end = message;
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(`its process could not be started: ${error.message}`));
      this.#child.on('close', (code, name) => {
        const how = `its process ended with ${name ?? `exit code ${code}`}`;
        resolve(end ?? (told === '' ? how : `${how}: ${told.trim()}`));
      });
    });
    this.#send(first);
  }

  /** Asks it to leave a checkpoint and to end. */
  stop(): void {
    this.#send({ kind: 'stop' });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #send(message: ToChild): void {
    // One that has died is told of when it closes.
    if (this.#child.connected) this.#child.send(message, () => {});
  }
}
