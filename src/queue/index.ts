/**
 * Queues of runs: commands fill them, and workers on any number of machines empty them.
 *
 * job-queue.ts says what a queue is, sqlite-queue.ts is one in a file and redis-queue.ts one on a server; worker.ts works on jobs, each in a process of its own
 * (child.ts); dispatcher.ts gives jobs to a queue and waits for them; run-job.ts is a run as a job, run-here.ts works on it.
 */

export { type JobEnd, type JobEvents, serveJob } from './child.ts';
export { type DispatchEvents, Dispatcher, type DispatchOptions } from './dispatcher.ts';
export type {
  Job,
  JobQueue,
  JobRecord,
  JobState,
  Lease,
  LeaseState,
  QueueTerms,
  WorkerRecord,
} from './job-queue.ts';
export { cancelled, titleOf } from './job-queue.ts';
export { openQueue } from './open-queue.ts';
export { type RunHereOptions, type RunRow, runHere } from './run-here.ts';
export { fileDigests, hashOf, kernelsInUse, numericsVersion, type RunInputs } from './run-inputs.ts';
export { jobId, jobOf, type RunJob, type RunJobOptions, type RunProgress, showProgress } from './run-job.ts';
export { failureOf, outcomeOf, type RunOutcome, readOutcome } from './run-outcome.ts';
export { type WorkerEvents, type WorkOptions, work } from './worker.ts';
