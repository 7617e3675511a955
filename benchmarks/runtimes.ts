/**
 * Compares runtimes: Node.js of several versions, Bun and Deno compute the same products, forward passes and training steps in
 * turns, each in a process of its own. Prints a table as Markdown; `--threads` and `--rounds` are 1 and 7 unless they are given.
 *
 *     npm run bench:runtimes
 *     npm run bench:runtimes -- --threads 2 --rounds 15 --node ../other/bin/node
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { batchOf, minilm } from './plan.ts';
import { median } from './statistics.ts';
import { digits, milliseconds, toMarkdown } from './table.ts';
import type { Task } from './tasks.ts';
import { WorkerProcess } from './worker-process.ts';

interface Runtime {
  readonly name: string;
  readonly command: readonly string[];
}

const { values: options } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '7' },
    node: { type: 'string', multiple: true, default: [] },
  },
});
const [threads, rounds] = [Number(options.threads), Number(options.rounds)];

const installed = join(import.meta.dirname, 'runtimes', 'node_modules');
if (!existsSync(installed)) execFileSync('npm', ['ci', '--prefix', join(import.meta.dirname, 'runtimes')]);

const nodeAt = (path: string): Runtime => ({ name: `Node.js ${versionOf(path).slice(1)}`, command: [path] });
const versionOf = (path: string): string =>
  execFileSync(path, ['--version'], { encoding: 'utf8' }).trim().split('\n')[0];
const nodes = ['20', '22', '24', '26'].map((version) => join(installed, `node-${version}`, 'bin', 'node'));
const [bun, deno] = [join(installed, '.bin', 'bun'), join(installed, '.bin', 'deno')];

const runtimes: readonly Runtime[] = [
  ...[...nodes, ...options.node].map(nodeAt),
  { name: `Bun ${versionOf(bun)}`, command: [bun] },
  { name: `Deno ${versionOf(deno).split(' ')[1]}`, command: [deno, 'run', '--allow-all'] },
];

const model = { model: minilm, bottleneck: 48, sparsity: 0.4 };
const tasks: Readonly<Record<string, Task>> = {
  'product of 512 x 768 x 768': { kind: 'gemm', m: 512, n: 768, k: 768 },
  'forward pass, one text of 32': { kind: 'forward', ...model, batches: [batchOf(1, 32)] },
  'training step, 16 x 64': { kind: 'train', perRun: 1, ...model, batches: [batchOf(16, 64)] },
};

/** Builds our worker as one file that every runtime reads, beside the package.json that says which version it is. */
async function bundle(folder: string): Promise<string> {
  const file = join(folder, 'benchmarks', 'workers', 'ours.mjs');
  cpSync(join(import.meta.dirname, '..', 'package.json'), join(folder, 'package.json'));
  await build({
    entryPoints: [join(import.meta.dirname, 'workers', 'ours.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // The list of files with side effects is for the built package.
    ignoreAnnotations: true,
    banner: {
      js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
    },
    outfile: file,
    logLevel: 'error',
  });
  return file;
}

/** Seconds of each round, by runtime. */
async function measure(task: Task, worker: string): Promise<{ about: string; seconds: number[] }[]> {
  const processes: WorkerProcess[] = [];
  try {
    for (const { command } of runtimes) {
      processes.push(await WorkerProcess.start([...command, worker], { task, threads, onOutput: true }));
    }
    const seconds = processes.map((): number[] => []);
    for (let round = -3; round < rounds; round++) {
      for (const [i, process] of processes.entries()) {
        const sample = await process.run();
        if (round >= 0) seconds[i].push(sample.seconds);
      }
    }
    return processes.map(({ ready: { about } }, i) => ({ about, seconds: seconds[i] }));
  } finally {
    for (const process of processes) await process.stop();
  }
}

const folder = mkdtempSync(join(tmpdir(), 'runtimes-'));
try {
  const worker = await bundle(folder);
  const columns: { about: string; seconds: number[] }[][] = [];
  for (const task of Object.values(tasks)) columns.push(await measure(task, worker));
  const newest = runtimes.findIndex(({ command: [path] }) => path === nodes.at(-1));
  const table = {
    title: `Milliseconds, and the multiple of ${runtimes[newest].name}'s; threads: ${threads}, processor: ${cpus()[0].model}`,
    head: ['runtime', 'vectors', 'multiply-add', ...Object.keys(tasks)],
    rows: runtimes.map(({ name }, i) => {
      const { about } = columns[0][i];
      const times = columns.map((column) => {
        const ratio = median(column[i].seconds.map((seconds, round) => seconds / column[newest].seconds[round]));
        return `${milliseconds(median(column[i].seconds))} (${digits(ratio)} x)`;
      });
      return [name, `${/\d+-bit/.exec(about)}`, `${/fused|separate/.exec(about)}`, ...times];
    }),
    notes: [],
  };
  console.log(toMarkdown(table));
} finally {
  rmSync(folder, { recursive: true });
}
