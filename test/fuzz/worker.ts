import { createHash } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../../src/errors.ts';
import { Random } from '../../src/random/index.ts';
import { printable } from '../../src/settings/index.ts';
import { mutated } from './mutate.ts';
import type { Target } from './target.ts';

/** Reads one changed input after the other; the number of the current one stands in shared memory, for a watch from outside. */

export interface Work {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** From the first input on. */
  readonly seconds: number;
  readonly limitMs: number;
  readonly current: Int32Array;
}

export type Report =
  | { readonly kind: 'failure'; readonly index: number; readonly message: string; readonly input: string }
  | { readonly kind: 'done'; readonly next: number; readonly refused: number };

const { target: name, seed, from, to, seconds, limitMs, current } = workerData as Work;
const target: Target = (await import(`./targets/${name}.ts`)).target;
const report = (message: Report) => parentPort?.postMessage(message);

/** Returns the reader's failure, or null. What takes too long is tried again: the machine may have been busy. */
async function problemOf(input: Uint8Array, refused: () => void): Promise<string | null> {
  const first = await tried(input, refused);
  return first?.startsWith('took ') ? tried(input, () => {}) : first;
}

async function tried(input: Uint8Array, refused: () => void): Promise<string | null> {
  const begun = performance.now();
  try {
    await target.read(input);
  } catch (error) {
    if (!(error instanceof InputError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
    refused();
    if (printable(error.message) !== error.message) return `not one printable line: ${JSON.stringify(error.message)}`;
    if (error.message.length > 2000) return `a message of ${error.message.length} characters`;
  }
  const took = performance.now() - begun;
  return took > (target.limitMs ?? limitMs) ? `took ${Math.round(took)} ms` : null;
}

const until = Date.now() + 1000 * seconds;
let refused = 0;
let index = from;
for (; index < to && Date.now() < until; index++) {
  Atomics.store(current, 0, index);
  const hash = createHash('sha256').update(`${seed} ${name} ${index}`).digest('hex').slice(0, 16);
  const random = new Random(hash);
  const input =
    'make' in target ? target.make(random) : mutated(random, target.kind, target.seeds[index % target.seeds.length]);
  const problem = await problemOf(input, () => {
    refused++;
  });
  if (problem !== null)
    report({ kind: 'failure', index, message: problem, input: Buffer.from(input).toString('latin1') });
}
report({ kind: 'done', next: index, refused });
