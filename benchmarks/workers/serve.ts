import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Failure, Ready, Sample, Task, WorkerInput } from '../tasks.ts';
import type { Job } from './job.ts';
import { peakBytesOf } from './peak-bytes.ts';

const { task, threads, onOutput = false }: WorkerInput = JSON.parse(process.argv[2]);
/** A pipe for answers alone, if there is one: libraries write to standard output as they like. */
const answers = onOutput ? 1 : 3;

function answer(message: Ready | Sample | Failure): void {
  writeSync(answers, `${JSON.stringify(message)}\n`);
}

/** Prepares the task given on the command line, then answers each line of standard input with a run of it. An error ends it. */
export async function serve(
  prepare: (task: Task, threads: number) => Promise<Ready & { readonly job: Job }>,
): Promise<void> {
  try {
    const { job, ...ready } = await prepare(task, threads);
    answer(ready);
    for await (const _line of createInterface({ input: process.stdin })) {
      const outcome = await job.run();
      answer({ peakBytes: peakBytesOf('self') ?? process.resourceUsage().maxRSS * 1024, ...outcome });
    }
  } catch (error) {
    answer({ error: String(error) });
  }
  // Some peers leave timers or threads running.
  process.exit();
}
