import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Failure, Ready, Sample, Task, WorkerInput } from '../tasks.ts';

/** A prepared task. */
export interface Job {
  /** @returns what was measured; the memory is added to it */
  run(): Outcome | Promise<Outcome>;
}
export type Outcome = Omit<Sample, 'peakBytes'>;

/** Answers go to a pipe of their own: libraries write to standard output as they like. */
const ANSWERS = 3;

function answer(message: Ready | Sample | Failure): void {
  writeSync(ANSWERS, `${JSON.stringify(message)}\n`);
}

/** Prepares the task given on the command line, then answers each line of standard input with a run of it. An error ends it. */
export async function serve(
  prepare: (task: Task, threads: number) => Promise<Ready & { readonly job: Job }>,
): Promise<void> {
  const { task, threads }: WorkerInput = JSON.parse(process.argv[2]);
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
  // Some peers leave timers or threads behind.
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

/** Seconds that `run` takes. */
export async function timed<T>(run: () => T | Promise<T>): Promise<{ seconds: number; result: T }> {
  const start = performance.now();
  const result = await run();
  return { seconds: (performance.now() - start) / 1000, result };
}

/** Products of one turn are this much work, so that one turn is long enough to be timed. */
const FLOP_PER_TURN = 2e9;

/** How often to repeat a product in one turn. */
export function repeats({ m, n, k }: { readonly m: number; readonly n: number; readonly k: number }): number {
  return Math.max(1, Math.round(FLOP_PER_TURN / (2 * m * n * k)));
}

/** @throws Error: the parent asks a peer only for what it can do */
export function unsupported(task: Task): never {
  throw new Error(`This peer cannot do '${task.kind}'.`);
}
