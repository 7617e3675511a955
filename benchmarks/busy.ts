/**
 * How several threads do beside other busy programs: `npm run bench:busy -- --help`. Each task is done in turns by one thread
 * and by several, in processes of their own, while so many other processes spin.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { printTable } from '../src/cli/output.ts';
import { parserOf } from '../src/cli/setting-options.ts';
import { positiveInteger, wholeNumber } from '../src/settings/index.ts';
import { batchOf, minilm } from './plan.ts';
import { median } from './statistics.ts';
import { digits, milliseconds } from './table.ts';
import type { ModelTask, Task } from './tasks.ts';
import { WorkerProcess } from './worker-process.ts';

interface Flags {
  readonly busy: number;
  readonly threads: number;
  readonly rounds: number;
  readonly against?: string;
  readonly only?: string;
}

const flags = new Command('npm run bench:busy --')
  .description('Measures one thread and several in turns, beside processes that spin.')
  .option('--busy <number>', 'processes that spin', parserOf(wholeNumber), 2)
  .option('--threads <number>', 'threads to compare with one', parserOf(positiveInteger), 2)
  .option('--rounds <number>', 'turns of each', parserOf(positiveInteger), 15)
  .option('--against <folder>', 'another checkout, which takes part in the turns')
  .option('--only <name>', 'tasks whose name contains this')
  .parse()
  .opts<Flags>();

const adapted = (batch: readonly number[]): ModelTask => ({
  model: minilm,
  bottleneck: 48,
  sparsity: 0.4,
  batches: [batch],
});
const tasks: Readonly<Record<string, Task>> = {
  'one text of 12 tokens, MiniLM': { kind: 'forward', ...adapted([12]) },
  'forward pass, MiniLM, 8 x 32': { kind: 'forward', ...adapted(batchOf(8, 32)) },
  'training step, MiniLM, 8 x 32': { kind: 'train', perRun: 1, ...adapted(batchOf(8, 32)) },
  'training step, MiniLM, 16 x 64': { kind: 'train', perRun: 1, ...adapted(batchOf(16, 64)) },
  'products of 128 x 384 x 384': { kind: 'gemm', m: 128, n: 384, k: 384 },
  'products of 512 x 768 x 768': { kind: 'gemm', m: 512, n: 768, k: 768 },
};

/** A turn is repeated for so long, in milliseconds: many time slices of the system. */
const TURN = 250;
const WARM_UP = 2;

interface Contestant {
  readonly label: string;
  readonly worker: WorkerProcess;
  readonly seconds: number[];
}

async function turn({ worker }: Contestant): Promise<number> {
  const end = performance.now() + TURN;
  let [runs, seconds] = [0, 0];
  for (; performance.now() < end; runs++) seconds += (await worker.run()).seconds;
  return seconds / runs;
}

/** Spins until this process has ended. */
const SPIN = 'const { ppid } = process; while (process.ppid === ppid) for (let i = 0; i < 1e6; i++);';
const spinning = (): ChildProcess => spawn(process.execPath, ['-e', SPIN], { stdio: 'ignore' });

async function measure(task: Task): Promise<Contestant[]> {
  const checkouts = ['', ...(flags.against ? [resolve(flags.against)] : [])];
  const contestants: Contestant[] = [];
  for (const checkout of checkouts) {
    const program = join(checkout || join(import.meta.dirname, '..'), 'benchmarks/workers/ours.ts');
    for (const threads of [1, flags.threads]) {
      const worker = await WorkerProcess.start([process.execPath, program], { task, threads });
      const label = `${threads} ${threads === 1 ? 'thread' : 'threads'}${checkout && ', other checkout'}`;
      contestants.push({ label, worker, seconds: [] });
    }
  }
  for (let round = 0; round < WARM_UP; round++) for (const contestant of contestants) await turn(contestant);
  const busy = Array.from({ length: flags.busy }, spinning);
  try {
    for (let round = 0; round < flags.rounds; round++) {
      // The system remembers who has had how much, so nobody is always the first.
      for (let i = 0; i < contestants.length; i++) {
        const contestant = contestants[(round + i) % contestants.length];
        contestant.seconds.push(await turn(contestant));
      }
    }
  } finally {
    for (const process of busy) process.kill();
    for (const { worker } of contestants) await worker.stop();
  }
  return contestants;
}

const rows: string[][] = [];
let head: string[] = [];
for (const [name, task] of Object.entries(tasks)) {
  if (flags.only && !name.includes(flags.only)) continue;
  const contestants = await measure(task);
  const [one] = contestants;
  head = ['', ...contestants.flatMap(({ label }, i) => [`${label}, ms`, ...(i === 0 ? [] : ['speed'])])];
  rows.push([
    name,
    ...contestants.flatMap(({ seconds }, i) => [
      milliseconds(median(seconds)),
      // Of neighbours in time: whatever else the machine does meets both.
      ...(i === 0 ? [] : [digits(median(seconds.map((time, round) => one.seconds[round] / time)))]),
    ]),
  ]);
}
process.stdout.write(
  `${flags.busy} busy processes; speed is that of the first column over this one's time, median of ${flags.rounds} turns\n`,
);
printTable(rows, head);
