import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Failure, Ready, Sample, Task, WorkerInput } from '../tasks.ts';
import type { Job } from './job.ts';

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
      answer({ ...outcome, peakBytes: peakBytes() });
    }
  } catch (error) {
    answer({ error: String(error) });
  }
  // Some peers leave timers or threads running.
  process.exit();
}

/** Linux keeps the high-water mark of this program alone; elsewhere it may be that of the process it was started from. */
function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes) return Number(kilobytes) * 1024;
  } catch {
    // not Linux
  }
  return process.resourceUsage().maxRSS * 1024;
}
