import { isDeepStrictEqual } from 'node:util';
import { peers } from './peers.ts';
import type { Effort, PeerName } from './plan.ts';
import type { Ready, Sample, Task } from './tasks.ts';
import { WorkerProcess } from './worker-process.ts';

/** A peer with its task. */
export interface Runner {
  readonly label: string;
  readonly peer: PeerName;
  readonly threads: number;
  readonly task: Task;
}

/** The measurements of a runner. */
export interface Measured extends Runner {
  /** Null if it failed before it was ready. */
  readonly ready: Ready | null;
  /** One per round. */
  readonly seconds: readonly number[];
  /** Its time over that of the first runner just before it, one per round. */
  readonly ratios: readonly number[];
  /** The results of its runs: the first ones are the same for all runners with one task. */
  readonly values: readonly number[];
  readonly peakBytes: number;
  readonly linearBytes?: number;
  /** Of the last run. */
  readonly parts?: Sample['parts'];
  /** Why there are no numbers, or not as many. */
  readonly error?: string;
}

/** Runners that were measured together; the others are compared with the first. */
export interface Measurement {
  readonly name: string;
  readonly runners: readonly Measured[];
}

/**
 * Measures runners in turns: the first, the second, the first, the third, the first, ... so that whatever else the machine does
 * meets all of them. One that fails, or computes something else than the first, is left out from then on, with its error.
 */
export async function measure(name: string, runners: readonly Runner[], effort: Effort): Promise<Measurement> {
  const participants: Participant[] = [];
  try {
    // One after the other: some measure at the start which kernels to take.
    for (const runner of runners) participants.push(await Participant.start(runner));
    for (const participant of participants) await participant.warmUp(effort);
    const [first, ...others] = participants;
    for (const other of others) other.compareWith(first);
    for (let round = 0; round < effort.rounds; round++) {
      const active = others.filter((other) => other.hasTime(effort));
      if (active.length === 0 && first.hasTime(effort)) await first.run();
      for (const other of active) {
        const before = await first.run();
        const sample = await other.run();
        if (before && sample) other.ratios.push(sample.seconds / before.seconds);
      }
    }
  } finally {
    for (const participant of participants) await participant.stop();
  }
  return { name, runners: participants.map((participant) => participant.measured()) };
}

/** Whether two tasks have the same result, up to rounding. */
function isSameWork(a: Task, b: Task): boolean {
  const held = { backboneDtype: 'any' };
  return isDeepStrictEqual({ ...a, ...held }, { ...b, ...held });
}

/** Where values differ by more than a tolerance, absolute below 1 and relative above; null: nowhere that both have. */
export function firstDifference(
  values: readonly number[],
  expected: readonly number[],
  tolerance: number,
): number | null {
  const length = Math.min(values.length, expected.length);
  for (let i = 0; i < length; i++) {
    if (!(Math.abs(values[i] - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])))) return i;
  }
  return null;
}

/** A runner, its process, and what is known so far. */
class Participant {
  readonly ratios: number[] = [];
  readonly #runner: Runner;
  #worker: WorkerProcess | null = null;
  #error: string | undefined;
  #last: Sample | undefined;
  readonly #seconds: number[] = [];
  readonly #values: number[] = [];

  private constructor(runner: Runner) {
    this.#runner = runner;
  }

  static async start(runner: Runner): Promise<Participant> {
    const participant = new Participant(runner);
    const { title, command, install } = peers[runner.peer];
    const words = command();
    if (!words) participant.#error = `${title} is not installed: ${install}`;
    else {
      await participant.#attempt(async () => {
        participant.#worker = await WorkerProcess.start(words, { task: runner.task, threads: runner.threads });
      });
    }
    return participant;
  }

  async warmUp({ warmUp: { rounds, seconds } }: Effort): Promise<void> {
    let spent = 0;
    for (let round = 0; round < rounds && spent < seconds; round++) spent += (await this.#sample())?.seconds ?? seconds;
  }

  /** Notes an error if the results of the same task differ. */
  compareWith(first: Participant): void {
    const { peer, task } = this.#runner;
    if (!isSameWork(task, first.#runner.task)) return;
    const tolerance = peers[peer].tolerance(task.kind);
    const different = firstDifference(this.#values, first.#values, tolerance);
    if (different === null) return;
    this.#error = `computed ${this.#values[different]}, not ${first.#values[different]}`;
  }

  hasTime({ seconds }: Effort): boolean {
    return !this.#error && this.#seconds.reduce((sum, s) => sum + s, 0) < seconds;
  }

  /** A run that counts; null if it failed now or before. */
  async run(): Promise<Sample | null> {
    const sample = await this.#sample();
    if (sample) this.#seconds.push(sample.seconds);
    return sample;
  }

  async stop(): Promise<void> {
    await this.#worker?.stop();
  }

  measured(): Measured {
    const { peakBytes = 0, linearBytes, parts } = this.#last ?? {};
    return {
      ...this.#runner,
      ready: this.#worker?.ready ?? null,
      seconds: this.#seconds,
      ratios: this.ratios,
      values: this.#values,
      peakBytes,
      linearBytes,
      parts,
      error: this.#error,
    };
  }

  async #sample(): Promise<Sample | null> {
    const worker = this.#worker;
    if (this.#error || !worker) return null;
    return this.#attempt(async () => {
      this.#last = await worker.run();
      this.#values.push(this.#last.value);
      return this.#last;
    });
  }

  async #attempt<T>(action: () => Promise<T>): Promise<T | null> {
    try {
      return await action();
    } catch (error) {
      this.#error = error instanceof Error ? error.message : String(error);
      return null;
    }
  }
}
