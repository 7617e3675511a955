import type { Command } from 'commander';
import {
  type JobQueue,
  type JobState,
  openQueue,
  type RunProgress,
  titleOf,
  type WorkerRecord,
} from '../queue/index.ts';
import { isRecord } from '../settings/index.ts';
import { UsageError } from './errors.ts';
import { jsonOption } from './options.ts';
import { note, printJson, printTable } from './output.ts';
import { queueOption } from './queue-options.ts';

interface Flags {
  readonly queue?: string;
  readonly json?: boolean;
}

/** Jobs of a state that are shown. */
const SHOWN = 20;

export function describeStatus(command: Command): void {
  command
    .description('Show the runs of a queue, and the workers that take them.')
    .usage('--queue <address> [options]')
    .addOption(queueOption('the queue'))
    .addOption(jsonOption());
}

export async function status(command: Command): Promise<void> {
  const { queue: address, json } = command.opts<Flags>();
  if (address === undefined) throw new UsageError('--queue is missing: the queue that is shown.');
  const queue = await openQueue(address, { mustExist: true });
  try {
    const [counts, workers] = [await queue.counts(), await queue.workers()];
    const jobs = [
      ...(await shown(queue, 'active')),
      ...(await shown(queue, 'failed')),
      ...(await shown(queue, 'waiting')),
    ];
    if (json) printJson({ queue: queue.address, counts, workers, jobs });
    else show(counts, workers, jobs);
  } finally {
    await queue.close();
  }
}

/** A job as it is shown. */
interface ShownJob {
  readonly id: string;
  readonly title: string;
  readonly state: JobState;
  readonly tries: number;
  readonly worker: string | null;
  /** How far it is, why it has failed, or what a worker has told of it last. */
  readonly told: string;
}

/** The first jobs in a state. */
async function shown(queue: JobQueue, state: JobState): Promise<ShownJob[]> {
  const jobs = await queue.list(state, SHOWN);
  return Promise.all(
    jobs.map(async (job) => {
      const lines = state === 'waiting' ? ((await queue.find(job.id))?.lines ?? []) : [];
      const told = job.error?.split('\n')[0] ?? (progressText(job.progress) || (lines.at(-1) ?? ''));
      const { id, tries, worker } = job;
      return { id, title: titleOf(job), state, tries, worker, told };
    }),
  );
}

const progressText = (progress: unknown): string => {
  if (!isRecord(progress)) return '';
  const { stage, done, total } = progress as unknown as RunProgress;
  return `${stage} ${done}/${total}`;
};

function show(
  counts: Readonly<Record<JobState, number>>,
  workers: readonly WorkerRecord[],
  jobs: readonly ShownJob[],
): void {
  const rows = jobs.map(({ title, state, tries, worker, told }) => [title, state, String(tries), worker ?? '', told]);
  if (rows.length > 0) printTable(rows, ['run', 'state', 'tries', 'worker', ''], [0, 1, 3, 4]);
  for (const { name, version, processes } of workers) note(`worker ${name}, version ${version}: ${processes} at once`);
  if (workers.length === 0) note('no worker is at the queue: start sparse-adapter worker');
  note(
    Object.entries(counts)
      .map(([state, count]) => `${count} ${state}`)
      .join(', '),
  );
}
