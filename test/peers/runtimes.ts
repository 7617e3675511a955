/**
 * Runs the packed package with Bun, Deno and the oldest Node.js: the engine with threads and derivatives, the training of a small
 * adapter, and its predictions, which must be those of this Node.js. NODE_UNDER_TEST names one more Node.js.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';
import { peers, projectWithPackage } from './project.ts';

const test = suite('package: runtimes');

const project = await projectWithPackage();
cpSync(tinyFolder(), join(project.folder, 'model'), { recursive: true });
cpSync(reviewFolder(), join(project.folder, 'reviews'), { recursive: true });

project.write(
  'engine.js',
  `import { grad, matmul, mul, Random, randomNormal, setBackend, sum, tensor } from 'sparse-adapter';
  await setBackend('wasm', { threads: 2 });
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const cube = mul(mul(x, x), x);
  const first = grad(sum(cube), x, { createGraph: true });
  const second = grad(sum(first), x);
  const random = new Random(1);
  const [a, b] = [randomNormal([300, 400], random), randomNormal([400, 500], random)];
  // Large enough for two threads, and often enough that both begin.
  for (let i = 0; i < 20; i++) matmul(a, b).dispose();
  const product = sum(matmul(a, b)).item();
  console.log(JSON.stringify({ second: [...(await second.data())], product }));`,
);

project.write(
  'program.js',
  `import { finetune, houlsby, load } from 'sparse-adapter/finetune';
  const [output] = process.argv.slice(-1);
  const data = { data: 'reviews/train.csv', evalData: 'reviews/dev.csv', text: 'text', label: 'mood' };
  const training = { epochs: 40, learningRate: 0.02, batchSize: 8, seed: 3 };
  const run = await finetune({ ...data, ...training, model: 'model', adapter: houlsby({ bottleneck: 4 }), output });
  const again = await load(output, { task: 'text-classification' });
  const text = 'the film is good';
  console.log(JSON.stringify([run.metrics.accuracy, await run.predict(text), await again.predict(text)]));`,
);

interface Runtime {
  readonly name: string;
  /** The command for a program that may do nothing but compute, and for one that reads and writes files. */
  readonly alone: readonly string[];
  readonly withFiles: readonly string[];
}

const bin = (name: string) => join(peers, '.bin', name);
const nodeAt = (path: string): Runtime => ({ name: `Node.js at ${path}`, alone: [path], withFiles: [path] });
const { NODE_UNDER_TEST: more } = process.env;
const runtimes: readonly Runtime[] = [
  ...[join(peers, 'node', 'bin', 'node'), ...(more ? [more] : [])].map(nodeAt),
  { name: 'Bun', alone: [bin('bun')], withFiles: [bin('bun')] },
  // Without the right to read a variable of the environment, or any other.
  { name: 'Deno', alone: [bin('deno'), 'run', '--no-prompt'], withFiles: [bin('deno'), 'run', '--allow-all'] },
];

async function run([command, ...args]: readonly string[], ...more: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...args, ...more], { cwd: project.folder });
  return stdout;
}

async function computed({ alone }: Runtime): Promise<{ readonly second: number[]; readonly product: number }> {
  return JSON.parse(await run(alone, 'engine.js'));
}

const main = join('node_modules', 'sparse-adapter', 'dist', 'cli', 'main.js');

/** The answers of an adapter that a runtime has trained, and the accuracy that it measured. */
async function trained({ name, withFiles }: Runtime) {
  const output = `run-${name.replace(/\W+/g, '-')}`;
  const data = ['--data', 'reviews/train.csv', '--eval-data', 'reviews/dev.csv', '--text', 'text', '--label', 'mood'];
  const options = ['--bottleneck', '4', '--epochs', '40', '--learning-rate', '0.02', '--seed', '3', '--output', output];
  const report = JSON.parse(await run(withFiles, main, 'train', '--model', 'model', ...data, ...options, '--json'));
  const input = ['--input', 'reviews/dev.csv', '--text', 'text', '--json'];
  const lines = (await run(withFiles, main, 'predict', output, ...input)).trim().split('\n');
  const answers = lines.map((line): { label: string; probabilities: Record<string, number> } => JSON.parse(line));
  return { report, answers };
}

/** The accuracy that a program measured, and its answer before and after it had saved and loaded the model. */
async function programmed({ name, withFiles }: Runtime) {
  const output = `program-${name.replace(/\W+/g, '-')}`;
  type Answer = { readonly label: string; readonly score: number };
  const [accuracy, answer, again]: [number, Answer, Answer] = JSON.parse(await run(withFiles, 'program.js', output));
  return { accuracy, answer, again };
}

const expected = {
  engine: await computed(nodeAt(process.execPath)),
  adapter: await trained(nodeAt(process.execPath)),
  program: await programmed(nodeAt(process.execPath)),
};

for (const runtime of runtimes) {
  test(`${runtime.name}: derivatives of two orders, and products on two threads`, async () => {
    const { second, product } = await computed(runtime);
    assert.deepEqual(second, [6, 12, 18]);
    assert.ok(Math.abs(product - expected.engine.product) <= 1e-4 * Math.abs(expected.engine.product));
  });

  test(`${runtime.name}: an adapter is pruned, trained and saved, and predicts as one trained by Node.js`, async () => {
    const { report, answers } = await trained(runtime);
    assert.equal(report.status, 'finished');
    assert.ok(report.metrics.accuracy > 0.6);
    assert.equal(report.metrics.accuracy, expected.adapter.report.metrics.accuracy);
    assert.equal(report.epoch_losses.length, 40);
    report.epoch_losses.forEach((loss: number, i: number) => {
      assert.ok(Math.abs(loss - expected.adapter.report.epoch_losses[i]) < 0.001, `epoch ${i}: ${loss}`);
    });
    assert.equal(answers.length, expected.adapter.answers.length);
    answers.forEach(({ label, probabilities }, i) => {
      const other = expected.adapter.answers[i];
      assert.equal(label, other.label);
      for (const [name, probability] of Object.entries(probabilities)) {
        assert.ok(Math.abs(probability - other.probabilities[name]) < 0.01, `${name}: ${probability}`);
      }
    });
  });
}

for (const runtime of runtimes) {
  test(`${runtime.name}: a program of one call trains, predicts, saves and loads`, async () => {
    const { accuracy, answer, again } = await programmed(runtime);
    assert.ok(accuracy > 0.6 && accuracy === expected.program.accuracy, `accuracy ${accuracy}`);
    assert.deepEqual(again, answer);
    assert.equal(answer.label, expected.program.answer.label);
    assert.ok(Math.abs(answer.score - expected.program.answer.score) < 0.01);
  });
}

test.after(project.remove);

test.run();
