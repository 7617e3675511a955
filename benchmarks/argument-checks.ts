/**
 * What the checks of arguments cost: small operations of this checkout and of another one, in turns in one process.
 *
 *     node benchmarks/argument-checks.ts <other checkout>
 *
 * Prints the time of each operation here and there and the ratio of the two: the median over rounds, each of which times both.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Engine from '../src/index.ts';

type Run = () => void;
const ROUNDS = 201;
/** Nanoseconds of one measurement. */
const LENGTH = 500_000;

/** On vectors a, b and w of n² numbers, a matrix m of n rows and a vector v of n. */
function operations(engine: typeof Engine, n: number): Record<string, Run> {
  const { Random, randomNormal, reshape } = engine;
  const random = new Random(1);
  const [a, b] = [randomNormal([n * n], random), randomNormal([n * n], random)];
  const [m, v] = [reshape(a, [n, n]), randomNormal([n], random)];
  const w = randomNormal([n * n], random, { requiresGrad: true });
  return {
    'relu(a)': () => engine.relu(a),
    'reshape(a, [n, n])': () => engine.reshape(a, [n, n]),
    'add(a, b)': () => engine.add(a, b),
    'mul(a, 2)': () => engine.mul(a, 2),
    'sum(a)': () => engine.sum(a),
    'sum(m, { axes: [0] })': () => engine.sum(m, { axes: [0] }),
    'softmax(m)': () => engine.softmax(m),
    'matmul(m, m)': () => engine.matmul(m, m),
    'matmul(m, m, { transposeB: true })': () => engine.matmul(m, m, { transposeB: true }),
    'linear(m, m, v)': () => engine.linear(m, m, v),
    'indexSelect(m, [1, 0])': () => engine.indexSelect(m, [1, 0]),
    'zeros([n, n])': () => engine.zeros([n, n]),
    'grad of sum(mul(w, w))': () => engine.grad(engine.sum(engine.mul(w, w)), [w]),
  };
}

async function load(root: string): Promise<typeof Engine> {
  const engine: typeof Engine = await import(pathToFileURL(join(root, 'src/index.ts')).href);
  await engine.setBackend('wasm', { threads: 1 });
  return engine;
}

/** Nanoseconds of one call. */
function time({ tidy }: typeof Engine, run: Run, calls: number): number {
  return tidy(() => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run();
    return ((performance.now() - start) * 1e6) / calls;
  });
}

const median = (values: readonly number[]): number => values.toSorted((x, y) => x - y)[values.length >> 1];

const other = process.argv[2];
if (!other) throw new Error('Which checkout is this one compared with?');
const [here, there] = [await load(join(import.meta.dirname, '..')), await load(other)];
for (const n of [2, 32]) {
  console.log(`n = ${n}`);
  compare(operations(here, n), operations(there, n));
}

function compare(ours: Record<string, Run>, theirs: Record<string, Run>): void {
  const ratios: number[] = [];
  for (const [name, run] of Object.entries(ours)) {
    const calls = Math.ceil(LENGTH / Math.min(time(here, run, 2000), time(there, theirs[name], 2000)));
    const rounds = Array.from({ length: ROUNDS }, (_, round) => {
      // Either goes first in half of the rounds.
      if (round % 2 === 0) return [time(here, run, calls), time(there, theirs[name], calls)];
      const first = time(there, theirs[name], calls);
      return [time(here, run, calls), first];
    });
    const [own, before] = [0, 1].map((i) => median(rounds.map((times) => times[i])));
    ratios.push(median(rounds.map(([x, y]) => x / y)));
    console.log(
      `${name.padEnd(36)} ${own.toFixed(0).padStart(6)} ns ${before.toFixed(0).padStart(6)} ns  x ${ratios.at(-1)?.toFixed(3)}`,
    );
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(`${'all (geometric mean)'.padEnd(36)} ${' '.repeat(20)}  x ${mean.toFixed(3)}`);
}
