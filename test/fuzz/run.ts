import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Report, Work } from './worker.ts';

/** Gives each reader of files changed inputs, which must be read or refused by an InputError of one line. */
const USAGE = `npm run fuzz -- [--seconds n] [--count n] [--seed n] [--from n] [--target name,...] [--limit ms]
Gives each reader of files changed inputs, until the time is up or so many have been read.`;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    target: { type: 'string' },
    limit: { type: 'string', default: '5000' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const folder = new URL('targets/', import.meta.url);
const all = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -3))
  .sort();
const chosen = values.target?.split(',') ?? all;
const unknown = chosen.find((name) => !all.includes(name));
if (unknown !== undefined) throw new Error(`There is no target ${unknown}; there are: ${all.join(', ')}.`);

const [seed, from, count, limitMs] = [values.seed, values.from, values.count, values.limit].map(Number);
const secondsEach = Number(values.seconds) / chosen.length;
const kept = join(tmpdir(), 'sparse-adapter-fuzz');
const SHOWN = 5;
/** The number of the current input while a worker still loads. */
const NOT_BEGUN = -1;

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly refused: number;
}

/** Runs one worker to its end, or until an input takes far longer than it may. */
function runWorker(work: Work, onFailure: (report: Extract<Report, { kind: 'failure' }>) => void) {
  return new Promise<{ next: number; refused: number }>((resolve) => {
    const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: work });
    let [seen, since] = [NOT_BEGUN, Date.now()];
    const stop = (index: number, message: string) => {
      clearInterval(watch);
      onFailure({ kind: 'failure', index, message, input: '' });
      void worker.terminate();
      resolve({ next: index + 1, refused: 0 });
    };
    const watch = setInterval(() => {
      const index = Atomics.load(work.current, 0);
      if (index !== seen) [seen, since] = [index, Date.now()];
      else if (Date.now() - since > 4 * work.limitMs && index !== NOT_BEGUN) {
        stop(index, `hangs: no end after ${4 * work.limitMs} ms`);
      }
    }, 500);
    worker.on('message', (report: Report) => {
      if (report.kind === 'failure') return onFailure(report);
      clearInterval(watch);
      void worker.terminate();
      resolve(report);
    });
    worker.on('error', (error) =>
      stop(Math.max(0, Atomics.load(work.current, 0)), `the thread ended: ${error.stack ?? error}`),
    );
  });
}

async function fuzz(target: string): Promise<Outcome> {
  const until = Date.now() + 1000 * secondsEach;
  const to = from + count;
  let [next, failed, refused] = [from, 0, 0];
  const onFailure = ({ index, message, input }: Extract<Report, { kind: 'failure' }>) => {
    if (++failed > SHOWN) return;
    mkdirSync(kept, { recursive: true });
    const file = join(kept, `${target}-${seed}-${index}`);
    if (input) writeFileSync(file, Buffer.from(input, 'latin1'));
    console.log(`\n${target}: ${message.split('\n').slice(0, 6).join('\n')}`);
    console.log(
      `  again: npm run fuzz -- --target ${target} --seed ${seed} --from ${index} --count 1${input ? ` (${file})` : ''}`,
    );
  };
  while (next < to && Date.now() < until) {
    const current = new Int32Array(new SharedArrayBuffer(4)).fill(NOT_BEGUN);
    const seconds = (until - Date.now()) / 1000;
    const end = await runWorker({ target, seed, from: next, to, seconds, limitMs, current }, onFailure);
    next = end.next;
    refused += end.refused;
  }
  return { passed: next - from - failed, failed, refused };
}

let failures = 0;
for (const target of chosen) {
  const { passed, failed, refused } = await fuzz(target);
  failures += failed;
  console.log(`${target}: ${passed} passed, ${failed} failed (${refused} of them refused by one line)`);
}
process.exitCode = failures > 0 ? 1 : 0;
