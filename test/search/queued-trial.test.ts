import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { setBackend } from '../../src/index.ts';
import { cancelled, type JobQueue, type Lease, openQueue, runHere } from '../../src/queue/index.ts';
import { runOfTrial, type SearchOptions, search, searchSpace } from '../../src/search/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('search: trials by workers');
useBackend(test, 'wasm');

const versions = { 'sparse-adapter': '1.0.0' };
const data = reviewFolder();
const options = (more: Partial<SearchOptions> = {}): SearchOptions => ({
  settings: {
    ...{ model: tinyFolder(), data: join(data, 'train.csv'), evalData: join(data, 'dev.csv'), text: ['text'] },
    ...{ label: 'mood', adapter: { kind: 'houlsby', bottleneck: 4 }, epochs: 2, batchSize: 6, pruning: 'random' },
  },
  space: searchSpace({ sparsity: '0.2,0.4,0.6', 'learning-rate': '1e-3,1e-2' }),
  output: temporaryFolder(),
  method: 'grid',
  versions,
  ...more,
});

/** Works in this process on what is in a queue, until told to stop. */
async function workHere(queue: JobQueue, artifacts: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const lease = await queue.claim('here');
    if (lease) await workOn(lease, artifacts);
    else await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function workOn(lease: Lease, artifacts: string): Promise<void> {
  const controller = new AbortController();
  const events = {
    onLine: (line: string) => void lease.tell(line),
    onProgress: (progress: unknown) => void lease.report(progress),
    signal: controller.signal,
  };
  const looking = setInterval(async () => {
    if ((await lease.renew()) === 'cancelled') controller.abort();
  }, 10);
  const folders = { data: [], artifacts };
  const chosen = { versions, useBackend: () => setBackend('wasm', { threads: 1 }) };
  const end = await runHere(lease.job, { ...folders, ...chosen }, events);
  clearInterval(looking);
  if (end.kind === 'done') await lease.complete(end.result);
  else await lease.fail(end.kind === 'stopped' ? cancelled : end.reason, true);
}

/** A search whose trials a worker runs. */
async function byWorker(given: SearchOptions, artifacts = given.output) {
  const queue = await openQueue(join(temporaryFolder(), 'queue.sqlite'));
  const controller = new AbortController();
  const working = workHere(queue, artifacts, controller.signal);
  const result = await search({ ...given, queue, parallel: 3 });
  controller.abort();
  await working;
  const counts = await queue.counts();
  await queue.close();
  return { ...result, counts };
}

test('a worker runs the trials of a search, with the scores of one machine', async () => {
  const given = options();
  const { study, best, metric, counts } = await byWorker(given);
  const alone = await search(options({ settings: given.settings }));
  const valuesOf = ({ trials }: typeof study) =>
    Object.fromEntries(trials.map(({ point, value, reports }) => [JSON.stringify([...point]), [value, ...reports]]));
  assert.deepEqual(valuesOf(study), valuesOf(alone.study));
  assert.deepEqual([study.trials.length, metric, counts.done], [6, 'accuracy', 6]);
  assert.ok(best && existsSync(join(runOfTrial(given.output, best) ?? '', 'adapter.safetensors')));
  assert.equal(new Set(study.trials.map(({ userAttributes }) => userAttributes.get('run'))).size, 6);
  // Found by its place where it does not lie below the output folder; null where it cannot be read.
  const folder = join(given.output, 'runs', String(best.userAttributes.get('run')));
  assert.deepEqual([best.userAttributes.get('folder'), best.userAttributes.get('worker')], [folder, 'here']);
  assert.equal(runOfTrial(options().output, best), folder);
  rmSync(folder, { recursive: true });
  assert.equal(runOfTrial(options().output, best), null);
});

test('a hopeless trial of a worker is stopped, and one that fails is a failed trial', async () => {
  // Scores of numbers differ where those of a few classes are equal; a look at the queue takes a quarter of a second.
  const settings = { ...options().settings, label: 'score', epochs: 500, evaluations: 20 };
  const space = searchSpace({ 'learning-rate': '2e-2,1e-7,1e-8,1e30' });
  const halving = { minResource: 4, reductionFactor: 4 };
  const { study, counts } = await byWorker(options({ settings, space, halving }));
  const states = study.trials.map(({ state }) => state);
  assert.equal(states[0], 'complete', states.join());
  assert.equal(states[3], 'failed', states.join());
  assert.match(String(study.trials[3].userAttributes.get('error')), /lower the learning rate/);
  assert.ok(states.includes('pruned'), states.join());
  const pruned = study.trials.filter(({ state }) => state === 'pruned');
  for (const { reports } of pruned) assert.ok(reports.size >= 4 && reports.size < 20);
  assert.equal(counts.active, 0);
});

test.run();
