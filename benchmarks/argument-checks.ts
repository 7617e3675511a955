/**
 * Measures the cost of argument checks: small operations of this checkout and of another one, whose `define` returns its function as it is.
 *
 *     node benchmarks/argument-checks.ts <other checkout>
 *
 * Prints the time of each operation here and there and the ratio of the two. What the compiler of JavaScript inlines differs from
 * process to process and is settled early in each, by up to a tenth of the time; so each checkout is measured in several processes, in
 * turns, and what counts is the median of them.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Engine from '../src/index.ts';
import { median } from './statistics.ts';

type Run = () => void;
/** Nanoseconds by operation. */
type Times = Record<string, number>;
const PROCESSES = 9;
const ROUNDS = 150;
const CALLS = 200;
/** Calls before the first that count: earlier ones meet checks that are not optimised yet, which cost ten times as much. */
const WARM_UP = 150_000;
/** The part of the rounds that is faster than what counts: others are disturbed. */
const UNDISTURBED = 0.2;

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
    'sum(m, { axis: 0 })': () => engine.sum(m, { axis: 0 }),
    'softmax(m)': () => engine.softmax(m),
    'matmul(m, m)': () => engine.matmul(m, m),
    'matmul(m, m, { transposeB: true })': () => engine.matmul(m, m, { transposeB: true }),
    'linear(m, m, v)': () => engine.linear(m, m, v),
    'indexSelect(m, [1, 0])': () => engine.indexSelect(m, [1, 0]),
    'zeros([n, n])': () => engine.zeros([n, n]),
    'grad of sum(mul(w, w))': () => engine.grad(engine.sum(engine.mul(w, w)), [w]),
  };
}

async function measure(root: string, n: number): Promise<Times> {
  const engine: typeof Engine = await import(pathToFileURL(join(root, 'src/index.ts')).href);
  await engine.setBackend('wasm', { threads: 1 });
  const runs = Object.entries(operations(engine, n));
  const time = (run: Run, calls: number) =>
    engine.tidy(() => {
      const start = performance.now();
      for (let i = 0; i < calls; i++) run();
      return ((performance.now() - start) * 1e6) / calls;
    });
  for (const [, run] of runs) for (let i = 0; i < WARM_UP; i += CALLS) time(run, CALLS);
  const rounds: number[][] = Array.from({ length: ROUNDS }, () => runs.map(([, run]) => time(run, CALLS)));
  return Object.fromEntries(
    runs.map(([name], i) => [name, rounds.map((times) => times[i]).toSorted((x, y) => x - y)[ROUNDS * UNDISTURBED]]),
  );
}

const measureInProcess = (root: string, n: number): Times =>
  JSON.parse(execFileSync(process.execPath, [import.meta.filename, root, String(n)], { encoding: 'utf8' }));

function compare(roots: readonly string[], n: number): void {
  const all = Array.from({ length: PROCESSES }, () => roots.map((root) => measureInProcess(root, n)));
  let logs = 0;
  const names = Object.keys(all[0][0]);
  for (const name of names) {
    const [here, there] = roots.map((_, i) => median(all.map((times) => times[i][name])));
    logs += Math.log(here / there);
    const [own, other] = [here, there].map((time) => `${time.toFixed(0).padStart(6)} ns`);
    console.log(`${name.padEnd(36)} ${own} ${other}  x ${(here / there).toFixed(3)}`);
  }
  console.log(`${'all (geometric mean)'.padEnd(36)} ${' '.repeat(20)} x ${Math.exp(logs / names.length).toFixed(3)}`);
}

const [other, size] = process.argv.slice(2);
if (!other) throw new Error('Which checkout is this one compared with?');
if (size) console.log(JSON.stringify(await measure(other, Number(size))));
else {
  for (const n of [2, 32]) {
    console.log(`n = ${n}`);
    compare([join(import.meta.dirname, '..'), other], n);
  }
}
