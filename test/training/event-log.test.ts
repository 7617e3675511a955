import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { finetune } from '../../src/finetune/index.ts';
import { withEventLog } from '../../src/training/event-log.ts';
import { readRunMetrics, readStoppedRun } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { type ReadEvent, readEvents } from '../support/tensorboard.ts';
import { stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';
import { range } from '../support/values.ts';

const test = suite('training: events for TensorBoard');
useBackend(test, 'wasm');

/** The events of each file in a folder, the oldest file first. */
const eventsIn = (folder: string): ReadEvent[][] =>
  readdirSync(folder)
    .toSorted()
    .map((name) => readEvents(readFileSync(join(folder, name))));

const stepsWith = (events: readonly ReadEvent[], tag: string): number[] =>
  events.filter(({ scalars }) => tag in scalars).map(({ step }) => step);

test('a run writes loss, learning rate and speed of each step, and the scores', async () => {
  const folder = temporaryFolder();
  const [output, tensorboard] = [join(folder, 'run'), join(folder, 'events')];
  const losses: number[] = [];
  await tinyRun(output, { tensorboard, events: { onStep: ({ loss }) => losses.push(loss) } });
  const [events, ...others] = eventsIn(tensorboard);
  assert.deepEqual(others, []);
  const steps = events.filter(({ scalars }) => 'loss' in scalars);
  assert.deepEqual(
    steps.map(({ step, scalars }) => [step, Object.keys(scalars), Math.fround(losses[step - 1])]),
    range(6).map((i) => [i + 1, ['loss', 'learning_rate', 'tokens_per_second'], Number(steps[i].scalars.loss)]),
  );
  const scored = events.filter(({ scalars }) => 'eval/accuracy' in scalars);
  assert.deepEqual(
    scored.map(({ step, scalars }) => [step, scalars['eval/accuracy']]),
    readRunMetrics(output).history.map(({ step, metrics }) => [step, Math.fround(metrics.accuracy)]),
  );
});

test('a run that is stopped goes on in a file beside the first, wherever it began', async () => {
  const folder = temporaryFolder();
  const [output, tensorboard] = [join(folder, 'run'), join(folder, 'events')];
  await stoppedRun(output, 4, { tensorboard });
  assert.equal(readStoppedRun(output).tensorboard, tensorboard);
  await new Promise((resolve) => setTimeout(resolve, 1100)); // the name of a file has the second
  await tinyRun(output, { resume: true });
  const [first, second] = eventsIn(tensorboard);
  assert.deepEqual(stepsWith(first, 'loss'), [1, 2, 3, 4]);
  assert.deepEqual(stepsWith(second, 'loss'), [5, 6]);
  assert.deepEqual([second[1].sessionStatus, second[1].step], [1, 4]);
});

test('a run that begins anew in the folder makes TensorBoard forget the one before', async () => {
  const tensorboard = temporaryFolder();
  await stoppedRun(join(temporaryFolder(), 'run'), 1, { tensorboard });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await stoppedRun(join(temporaryFolder(), 'run'), 1, { tensorboard });
  const [first, second] = eventsIn(tensorboard);
  assert.deepEqual([first[1].sessionStatus, second[1].sessionStatus, second[1].step], [null, 1, 0]);
});

test('finetune writes them in a folder of the name of the output', async () => {
  const folder = temporaryFolder();
  const settings = { ...tinySettings, output: join(folder, 'runs', 'first'), tensorboard: join(folder, 'tb') };
  (await finetune(settings)).dispose();
  assert.deepEqual(readdirSync(join(folder, 'tb')), ['first']);
  assert.deepEqual(stepsWith(eventsIn(join(folder, 'tb', 'first'))[0], 'loss'), [1, 2, 3, 4, 5, 6]);
});

test('a folder that cannot be written is an error before training; on the way it is told once', async () => {
  const file = join(temporaryFolder({ taken: '' }), 'taken');
  await assertRejectsInput(
    () => tinyRun(join(temporaryFolder(), 'run'), { tensorboard: file }),
    /^Cannot write events for TensorBoard to .*taken: EEXIST/,
  );
  const folder = join(temporaryFolder(), 'events');
  const warnings: string[] = [];
  const steps: number[] = [];
  const events = withEventLog(
    { onWarning: (text: string) => warnings.push(text), onStep: ({ step }: { step: number }) => steps.push(step) },
    folder,
    0,
  );
  const progress = { totalSteps: 9, loss: 1, learningRate: 1, tokensPerSecond: 1 };
  rmSync(folder, { recursive: true });
  writeFileSync(folder, '');
  for (const step of [1, 2]) events.onStep?.({ step, ...progress });
  assert.deepEqual(steps, [1, 2]);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /^no more events for TensorBoard: Cannot write events .*ENOTDIR/);
});

test.run();
