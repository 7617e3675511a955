import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../src/index.ts';
import { recoverOutput } from '../../src/io/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { main } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { evaluatedRunFiles } from '../support/run-files.ts';
import { tinyFolder } from '../support/tiny-model.ts';

/**
 * Trains tiny models in processes that get signals at random moments, and checks after each that the output folder holds the old
 * result or the new one, whole, and that a run which was continued ends with the bits of one that was not disturbed.
 *
 *     npm run test:kill [-- <seconds> [<seed>]]
 */

const seconds = Number(process.argv[2] ?? 60);
const seed = process.argv[3] ?? '1';
const random = new Random(`kill ${seed}`);
const pick = <T>(values: readonly T[]): T => values[random.integer(values.length)];

const data = reviewFolder();
const model = tinyFolder();
const place = temporaryFolder();
const folder = join(place, 'out');

const CHECKPOINT = 'checkpoint.safetensors';
const STAGE = '.sparse-adapter.new';
/** Half of them cannot be caught. */
const SIGNALS = ['SIGKILL', 'SIGKILL', 'SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const training = (output: string, seed: number) => [
  ...['train', '--model', model, '--data', join(data, 'train.csv'), '--eval-data', join(data, 'dev.csv')],
  ...['--text', 'text', '--label', 'mood', '--bottleneck', '4', '--epochs', '60', '--batch-size', '5'],
  ...['--learning-rate', '0.01', '--checkpoint-seconds', '0.05', '--seed', String(seed), '--output', output],
];
const overwriting = (seed: number) => [...training(folder, seed), '--overwrite'];
const resuming = ['train', '--resume', '--output', folder];

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly milliseconds: number;
}

/** Runs a command. @param disturb is called at once, and may send signals */
async function run(
  args: readonly string[],
  disturb: (child: ChildProcess) => Promise<void> | void = () => {},
): Promise<Ending> {
  const env = { ...process.env, SPARSE_ADAPTER_SIMD256: '0', SPARSE_ADAPTER_THREADS: '1' };
  const begin = performance.now();
  const child = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<Pick<Ending, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  await disturb(child);
  return { ...(await ended), stderr, milliseconds: performance.now() - begin };
}

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends a signal at a random moment of the run, or of the time in which it saves its result. */
function kill(signal: NodeJS.Signals, output = folder): (child: ChildProcess) => Promise<void> {
  const saving = random.uniform() < 0.4;
  const moment = saving ? random.uniform() * 15 : random.uniform() * undisturbed.milliseconds;
  return async (child) => {
    if (saving) while (child.exitCode === null && !existsSync(join(output, STAGE))) await wait(1);
    await wait(moment);
    child.kill(signal);
  };
}

/** The content of a folder: the weights and the seed that its settings name. */
function resultIn(output: string): string {
  const sum = createHash('sha256')
    .update(readFileSync(join(output, 'adapter.safetensors')))
    .digest('hex');
  const { settings } = JSON.parse(readFileSync(join(output, 'sparse-adapter.json'), 'utf8'));
  const {
    seconds: _,
    tokens_per_second: __,
    ...metrics
  } = JSON.parse(readFileSync(join(output, 'metrics.json'), 'utf8'));
  return `seed ${settings.seed}, weights ${sum.slice(0, 16)}, ${JSON.stringify(metrics)}`;
}

/** The result in the folder, as the next reader finds it; null if there is none. Anything but a whole one is an error. */
function found(results: readonly string[]): string | null {
  recoverOutput(folder);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name !== CHECKPOINT) : [];
  if (names.length === 0) return null;
  assert.deepEqual(names.sort(), evaluatedRunFiles);
  const result = resultIn(folder);
  assert.ok(results.includes(result), `neither the old result nor the new: ${result}`);
  return result;
}

/** An end that a signal may bring: by itself, by stopping the run, or, too late, none. */
function checkEnding({ code, signal, stderr }: Ending, sent: NodeJS.Signals): void {
  const expected = [0, 128 + constants.signals[sent]];
  assert.ok(signal === sent || (code !== null && expected.includes(code)), `exit code ${code}, ${signal}: ${stderr}`);
  if (code === 128 + constants.signals[sent] && /stopped after step/.test(stderr))
    assert.ok(existsSync(join(folder, CHECKPOINT)), 'a checkpoint was promised');
}

const [first, second] = [1, 2].map((seed) => ({ seed, output: join(place, `run-${seed}`) }));
let undisturbed: Ending = { code: null, signal: null, stderr: '', milliseconds: 0 };
const wanted = new Map<number, string>();
for (const { seed, output } of [first, second]) {
  undisturbed = await run(training(output, seed));
  assert.equal(undisturbed.code, 0, undisturbed.stderr);
  wanted.set(seed, resultIn(output));
}
const result = (seed: number): string => wanted.get(seed) ?? '';

/** A finished run is replaced by another one. */
async function replacing(): Promise<void> {
  const old = found([...wanted.values()]) ?? '';
  const next = old === result(first.seed) ? second.seed : first.seed;
  const signal = pick(SIGNALS);
  const ending = await run(overwriting(next), kill(signal));
  checkEnding(ending, signal);
  const now = found([...(old ? [old] : []), result(next)]);
  assert.ok(now !== null || old === '', 'the old result is gone');
  if (ending.code === 0) assert.equal(now, result(next));
}

/** A new run is stopped and continued until it is finished. */
async function resumed(): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const own = pick([first, second]).seed;
  for (let attempt = 0; ; attempt++) {
    const hasCheckpoint = existsSync(join(folder, CHECKPOINT));
    const args = hasCheckpoint ? resuming : training(folder, own);
    const signal = pick(SIGNALS);
    const ending = await run(args, attempt < 3 ? kill(signal) : undefined);
    if (attempt < 3) checkEnding(ending, signal);
    else assert.equal(ending.code, 0, ending.stderr);
    const now = found([result(own)]);
    if (now !== null) break;
    assert.notEqual(ending.code, 0);
    if (hasCheckpoint) assert.ok(existsSync(join(folder, CHECKPOINT)), 'the checkpoint is gone');
  }
  assert.ok(!existsSync(join(folder, CHECKPOINT)));
}

/** Two commands want the folder at once, and one of them is killed. */
async function competing(): Promise<void> {
  const old = found([...wanted.values()]);
  const endings = await Promise.all([
    run(overwriting(first.seed), kill('SIGKILL')),
    wait(random.uniform() * undisturbed.milliseconds).then(() => run(overwriting(second.seed))),
  ]);
  const [, other] = endings;
  if (other.code !== 0) {
    assert.equal(other.code, 1, other.stderr);
    assert.match(other.stderr, /is being written by another command/);
  }
  const now = found([...(old ? [old] : []), ...wanted.values()]);
  if (other.code === 0) assert.ok(now === result(second.seed) || endings[0].code === 0);
}

/** A second signal ends a run at once, and the folder can be written again. */
async function impatient(): Promise<void> {
  const old = found([...wanted.values()]);
  const ending = await run(overwriting(second.seed), async (child) => {
    await wait(random.uniform() * undisturbed.milliseconds);
    child.kill('SIGINT');
    await wait(random.uniform() * 5);
    child.kill('SIGTERM');
  });
  const codes = [0, 130, 143, null];
  assert.ok(codes.includes(ending.code), `exit code ${ending.code}: ${ending.stderr}`);
  found([...(old ? [old] : []), result(second.seed)]);
}

const converted = join(place, 'converted');
const runs = [1, 2].map((seed) => join(place, `run-${seed}`));
const converting = (from: string, output: string) => [
  ...['convert', from, '--to', 'adapterhub', '--overwrite', '--output', output],
];
/** All files of a converted run. */
const filesIn = (output: string): string =>
  readdirSync(output)
    .sort()
    .map(
      (name) =>
        `${name} ${createHash('sha256')
          .update(readFileSync(join(output, name)))
          .digest('hex')}`,
    )
    .join('\n');
const conversions: string[] = [];
for (const from of runs) {
  const ending = await run(converting(from, converted));
  assert.equal(ending.code, 0, ending.stderr);
  conversions.push(filesIn(converted));
}

/** A converted adapter is replaced by that of another run. */
async function conversion(): Promise<void> {
  recoverOutput(converted);
  const next = 1 - conversions.indexOf(filesIn(converted));
  const ending = await run(converting(runs[next], converted), kill('SIGKILL', converted));
  recoverOutput(converted);
  const now = conversions.indexOf(filesIn(converted));
  assert.ok(now >= 0, 'neither the old result nor the new');
  if (ending.code === 0) assert.equal(now, next);
}

const scenarios = [conversion, replacing, replacing, replacing, resumed, resumed, competing, impatient];
const counts = new Map<string, number>();
let [passed, total] = [0, 0];
const ends = performance.now() + 1000 * seconds;
console.log(
  `kill loop of ${seconds} s, seed ${seed}; an undisturbed run takes ${undisturbed.milliseconds.toFixed(0)} ms`,
);
while (performance.now() < ends) {
  const scenario = scenarios[total % scenarios.length];
  total++;
  counts.set(scenario.name, (counts.get(scenario.name) ?? 0) + 1);
  try {
    await scenario();
    passed++;
  } catch (error) {
    console.log(`   FAIL  kill  "${scenario.name}", number ${total} of seed ${seed}`, error);
    rmSync(folder, { recursive: true, force: true });
  }
}

// Whatever happened, the next command cleans up, and nothing lies beside the folder.
const last = await run(overwriting(first.seed));
total++;
try {
  assert.equal(last.code, 0, last.stderr);
  assert.deepEqual(readdirSync(folder).sort(), evaluatedRunFiles);
  assert.deepEqual(readdirSync(place).sort(), ['converted', 'out', 'run-1', 'run-2']);
  passed++;
} catch (error) {
  console.log('   FAIL  kill  "what is left in the end"', error);
}
console.log([...counts].map(([name, count]) => `${name} ${count}`).join(', '));
console.log(`\n  Total:     ${total}\n  Passed:    ${passed}\n  Skipped:   0`);
console.log(`${passed} passed, ${total - passed} failed`);
process.exitCode = passed === total ? 0 : 1;
