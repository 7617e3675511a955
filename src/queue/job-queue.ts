import { isRecord } from '../settings/index.ts';

/** The states of a job: one that is held back for a moment is waiting too. */
export const jobStates = ['waiting', 'active', 'done', 'failed'] as const;
export type JobState = (typeof jobStates)[number];

/** Work for some worker: values that JSON can say. */
export interface Job {
  /** What tells it from others: the same id is the same job. */
  readonly id: string;
  readonly data: unknown;
}

/** The name of a job for people. */
export const titleOf = ({ id, data }: Job): string =>
  isRecord(data) && typeof data.title === 'string' ? data.title : id;

/** What a queue knows of a job. */
export interface JobRecord extends Job {
  readonly state: JobState;
  /** Those that have begun, without those that were handed back. */
  readonly tries: number;
  /** The worker that has it, or had it last. */
  readonly worker: string | null;
  /** What its worker has reported last; null before. */
  readonly progress: unknown;
  /** What it came to; null unless it is done. */
  readonly result: unknown;
  /** Why it was given up; null unless it has failed. */
  readonly error: string | null;
  readonly lines: readonly string[];
}

/** What a lease came to when it was looked at. */
export type LeaseState = 'held' | 'cancelled' | 'lost';

/** A job that a worker has for as long as it renews the lease. Whatever it reports of one that is lost is dropped. */
export interface Lease {
  readonly job: Job;
  /** From 1. */
  readonly attempt: number;
  renew(): Promise<LeaseState>;
  report(progress: unknown): Promise<void>;
  /** Adds a line to what is told of the job. */
  tell(line: string): Promise<void>;
  complete(result: unknown): Promise<void>;
  /** Ends a try that came to nothing; another one follows unless it was the last. @param isFinal whether no other can help */
  fail(reason: string, isFinal?: boolean): Promise<void>;
  /** Hands the job back, which uses no try. @param delay milliseconds in which nobody takes it */
  giveBack(delay?: number): Promise<void>;
}

/** A worker as others see it. */
export interface WorkerRecord {
  readonly name: string;
  readonly version: string;
  /** Jobs that it can have at once. */
  readonly processes: number;
}

/** Terms of a queue. */
export interface QueueTerms {
  /** Milliseconds after which a job whose worker is silent is another one's. Default 60,000. */
  readonly leaseMs?: number;
  /** Whether a file that is not there is an error, not a new queue. Default false. */
  readonly mustExist?: boolean;
}

export const usualLeaseMs = 60_000;
/** After so many tries a job is given up. */
export const mostTries = 3;
/** For so many seconds a job that has ended is kept, for commands that ask for it again. */
export const keptSeconds = 7 * 24 * 3600;
/** A worker that was silent for so many milliseconds has gone. */
export const silenceMs = 30_000;

/** The reason why a job was given up whose workers died. */
export const givenUp = (tries: number, reason: string): string => `given up after ${tries} tries: ${reason}`;
export const vanished = 'its worker vanished';
/** The same of a job that nobody wanted any more. */
export const cancelled = 'cancelled';

/**
 * A queue of jobs that any number of commands fill and any number of workers empty. Each job is had by one worker at a time, and none
 * is lost: that of a worker that dies is another one's once its lease has run out.
 */
export interface JobQueue {
  /** Where it is, as messages may show it. */
  readonly address: string;
  readonly leaseMs: number;
  /** Adds jobs; one that is there already, in whatever state, is left as it is. */
  add(jobs: readonly Job[]): Promise<void>;
  /** The state of each job; null for one that is not there. */
  states(ids: readonly string[]): Promise<(JobState | null)[]>;
  find(id: string): Promise<JobRecord | null>;
  /** The jobs in a state, without their lines; of those that wait the first. @param most how many. Default 100 */
  list(state: JobState, most?: number): Promise<JobRecord[]>;
  counts(): Promise<Readonly<Record<JobState, number>>>;
  /** Removes a job that no worker has; one that has ended, or waits. */
  remove(id: string): Promise<void>;
  /** Tells the worker of a job that nobody wants it any more. */
  cancel(id: string): Promise<void>;
  /** Takes the job that has waited longest; null while there is none. */
  claim(worker: string): Promise<Lease | null>;
  /** A sign of life of a worker. */
  beat(worker: WorkerRecord): Promise<void>;
  /** The worker has ended. */
  leave(worker: string): Promise<void>;
  /** The workers that live. */
  workers(): Promise<WorkerRecord[]>;
  close(): Promise<void>;
}
