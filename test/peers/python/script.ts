import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/** A piece of work for a script, as the script reads it. */
export interface Job {
  readonly id: string;
  /** The module of Python in this folder that does it. */
  readonly script: string;
}

/** What a script says of a job: what it was asked for, or what Python raised. */
export interface Answer {
  readonly id: string;
  /** Numbers of each input, row-major. */
  readonly outputs?: readonly (readonly number[])[];
  readonly error?: string;
  /** Of TensorBoard's files: step and value of each, by tag. */
  readonly scalars?: Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>;
  readonly names?: readonly string[];
  /** Of a study in Optuna. */
  readonly told?: unknown;
}

/**
 * Runs one process of Python for all jobs: they go in as JSON, and it prints one line of JSON for each.
 *
 * @throws Error if it ends without an answer to each
 */
export async function answersOf(python: string, jobs: readonly Job[]): Promise<Answer[]> {
  // Nothing is looked for in the network or in folders of this user.
  const env = { ...process.env, HF_HUB_OFFLINE: '1', PYTHONNOUSERSITE: '1', OMP_NUM_THREADS: '1', PYTHONPATH: '' };
  const child = spawn(python, [join(import.meta.dirname, 'serve.py')], { env });
  child.stdin.end(JSON.stringify(jobs));
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const answers = lines.map((line): Answer => JSON.parse(line));
  if (code === 0 && answers.length === jobs.length) return answers;
  throw new Error(
    `Python ended with code ${code} after ${answers.length} of ${jobs.length} jobs:\n${stderr.slice(-2000)}`,
  );
}
