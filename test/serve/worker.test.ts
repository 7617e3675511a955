import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import { type AnswerRequest, pipeline, RequestQueue } from '../../src/serve/index.ts';
import { WorkerAnswerer } from '../../src/serve/worker-answerer.ts';
import { openWorkers } from '../../src/serve/worker-pool.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { root } from '../support/modules.ts';
import { runOf } from '../support/serve-runs.ts';

const test = suite('serve: worker');

const task = 'text-classification';
const path = await runOf(task);
const spec = { kind: 'model', path, task } as const;
const asking = (input: unknown): AnswerRequest => ({ task, input, options: {} });

const { postMessage } = Worker.prototype;

/** Ends a worker in the middle of what `isDeadly` says, as a crash would, while `during` runs. */
async function killing(isDeadly: (text: string) => boolean, during: () => Promise<void>): Promise<void> {
  Worker.prototype.postMessage = function (message, ...more) {
    postMessage.call(this, message, ...more);
    if (isDeadly(JSON.stringify(message))) void this.terminate();
  };
  try {
    await during();
  } finally {
    Worker.prototype.postMessage = postMessage;
  }
}

/** How many threads of this process have each niceness; Linux alone has one for each. */
function niceness(): Map<number, number> {
  const counts = new Map<number, number>();
  for (const thread of readdirSync('/proc/self/task')) {
    // The 19th field of proc_pid_stat(5), counted from the third one, which follows the name in brackets.
    const [, fields] = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(/\) /);
    const nice = Number(fields.split(' ')[16]);
    counts.set(nice, (counts.get(nice) ?? 0) + 1);
  }
  return counts;
}

if (process.platform === 'linux' && getPriority() < 10) {
  // First, before there are workers that others leave.
  test('a worker lets the thread of the caller go before it', async () => {
    const before = niceness();
    await using _classify = await pipeline(task, path, { workers: 1, threads: 1 });
    assert.equal(niceness().get(10), (before.get(10) ?? 0) + 1);
    assert.ok(getPriority() < 10);
  });
}

test('a worker that ends is started again, and what it was asked is answered', async () => {
  const reasons: string[] = [];
  await using classify = await pipeline(task, path, {
    workers: 2,
    threads: 1,
    maxBatch: 4,
    onRestart: (reason) => reasons.push(reason),
  });
  const texts = Array.from({ length: 24 }, (_, i) => `the film is ${'very '.repeat(i % 5)}good`);
  const expected = await classify(texts);
  let left = 2;
  await killing(
    (message) => message.includes('requests') && left-- > 0,
    async () => assert.deepEqual(await classify(texts), expected),
  );
  assert.ok(reasons.length >= 1 && reasons.every((reason) => /ended with code/.test(reason)), `${reasons}`);
});

test('a request that no worker survives does not take others with it', async () => {
  const answerers = await openWorkers(spec, { workers: 1, threads: 1 });
  const queue = new RequestQueue(answerers);
  await killing(
    (message) => message.includes('deadly'),
    async () => {
      const asked = ['a film', 'deadly', 'a book'].map((input) => queue.ask(asking(input)));
      const settled = await Promise.allSettled(asked);
      assert.deepEqual(
        settled.map((one) => (one.status === 'fulfilled' ? 'answer' : one.reason.name)),
        ['answer', 'AnswererLostError', 'answer'],
      );
    },
  );
  assert.equal(((await queue.ask(asking('a film'))) as unknown[]).length, 1);
  queue.dispose();
});

test('a worker that cannot load says why', async () => {
  await assertRejectsInput(
    () => openWorkers({ ...spec, path: '/no/such/run' }, { workers: 2, threads: 1 }),
    /\/no\/such\/run/,
  );
});

test('a worker that cannot load is not started again', async () => {
  const reasons: string[] = [];
  const ended = new Promise<void>((resolve) => {
    process.once('worker', (worker) => worker.once('exit', () => resolve()));
  });
  const opening = pipeline(task, '/no/such/run', { workers: 1, onRestart: (reason) => reasons.push(reason) });
  await assert.rejects(opening, /no\/such\/run/);
  await ended;
  assert.deepEqual(reasons, []);
});

test('a worker that fails is replaced once, though it ends after it has failed', async () => {
  const reasons: string[] = [];
  const started: Worker[] = [];
  Worker.prototype.postMessage = function (message, ...more) {
    if (!started.includes(this)) started.push(this);
    postMessage.call(this, message, ...more);
  };
  try {
    await using classify = await pipeline(task, path, {
      workers: 1,
      threads: 1,
      onRestart: (reason) => reasons.push(reason),
    });
    await classify('a film');
    const [first] = started;
    first.emit('error', new Error('no more memory'));
    await classify('a book');
    await first.terminate();
    await classify('a film');
  } finally {
    Worker.prototype.postMessage = postMessage;
  }
  assert.deepEqual([started.length, reasons], [2, ['it failed: no more memory']]);
});

test('one model has no adapters to change', async () => {
  const answerer = await WorkerAnswerer.open(spec, { threads: 1 });
  await assertRejectsInput(() => answerer.control({ unload: 'a' }), /no adapters that can be changed/);
  answerer.dispose();
  await assert.rejects(answerer.answer([asking('a')]), /disposed/);
});

test('what ends the computing reaches the worker', async () => {
  const summaries = await WorkerAnswerer.open(
    { kind: 'model', path: await runOf('summarization'), task: 'summarization' },
    { threads: 1 },
  );
  const end = new AbortController();
  const options = { min_new_tokens: 20, max_new_tokens: 20, num_beams: 4 };
  const requests = Array.from({ length: 50 }, () => ({ task: 'summarization', input: 'a film', options }) as const);
  const asked = summaries.answer(requests, end.signal);
  setTimeout(() => end.abort(new Error('no longer')), 20);
  await assert.rejects(asked, /no longer/);
  assert.equal((await summaries.answer([requests[0]])).length, 1);
  summaries.dispose();
});

test('workers that wait do not keep the process alive', async () => {
  const program = join(
    temporaryFolder({
      'program.ts': `
    import { pipeline } from ${JSON.stringify(join(root, 'src/serve/index.ts'))};
    const classify = await pipeline('text-classification', ${JSON.stringify(path)}, { workers: 1, threads: 1 });
    console.log((await classify('a film')).length);
  `,
    }),
    'program.ts',
  );
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 60_000 });
  assert.equal(stdout, '1\n');
});

test.run();
