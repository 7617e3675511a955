import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Random } from '../../src/index.ts';
import type { Job } from '../../src/queue/index.ts';
import { type TinyJob, tinyRow } from './tiny-row.ts';

const program = fileURLToPath(new URL('./tiny-worker.ts', import.meta.url));

export const tinyJobs = (count: number, steps: number): Job[] =>
  Array.from({ length: count }, (_, seed) => ({ id: `run-${seed}`, data: { seed, steps } satisfies TinyJob }));

/** The row of a job on a machine alone. */
export const rowAlone = ({ data }: Job): number[] => tinyRow((data as TinyJob).seed, (data as TinyJob).steps);

/** Processes that work on tiny runs. */
export class Workers {
  readonly #args: readonly string[];
  readonly #folder: string;
  readonly #children: ChildProcess[] = [];
  #stderr = '';

  constructor(address: string, folder: string, leaseMs: number, processes = 1) {
    this.#args = [program, address, folder, String(leaseMs), String(processes)];
    this.#folder = folder;
  }

  /** None is left when the process of the test ends. */
  static readonly #all = new Set<ChildProcess>();
  static {
    process.once('exit', () => {
      for (const child of Workers.#all) child.kill('SIGKILL');
    });
  }

  start(count = 1, env: NodeJS.ProcessEnv = process.env): void {
    for (let i = 0; i < count; i++) {
      const child = spawn(process.execPath, this.#args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
      child.stderr?.setEncoding('utf8').on('data', (text) => {
        this.#stderr += text;
      });
      this.#children.push(child);
      Workers.#all.add(child);
      child.on('close', () => Workers.#all.delete(child));
    }
  }

  /** Starts others for those that have died. */
  keep(count: number): void {
    this.start(count - this.#living.length);
  }

  get #living(): ChildProcess[] {
    return this.#children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  }

  /** Kills one of them, without a word. */
  kill(random: Random): void {
    const { length } = this.#living;
    if (length > 0) this.#living[random.integer(length)].kill('SIGKILL');
  }

  /** Those that were not killed end, with their jobs handed back. */
  async stop(): Promise<void> {
    const living = this.#living;
    const ended = living.map((child) => new Promise((resolve) => child.on('close', resolve)));
    for (const child of living) child.kill('SIGTERM');
    await Promise.all(ended);
    for (const child of living) assert.equal(child.exitCode, 0, this.#stderr);
  }

  /** How often the runs have told something: `begin`, `end`, `overlap`. */
  told(what: string, id = ''): number {
    const path = join(this.#folder, 'told.txt');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    return lines.filter((line) => line.startsWith(`${what} ${id}`)).length;
  }
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const ends = performance.now() + 1000 * seconds;
  while (!(await holds())) {
    assert.ok(performance.now() < ends, `still not after ${seconds} s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
