import type { Sample, Task } from '../tasks.ts';

/** A prepared task. */
export interface Job {
  /** @returns what was measured; the memory is added to it */
  run(): Outcome | Promise<Outcome>;
}
/** With the memory where it is that of another process. */
export type Outcome = Omit<Sample, 'peakBytes'> & Partial<Sample>;

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
