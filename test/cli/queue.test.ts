import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { openQueue } from '../../src/queue/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter, succeed } from '../support/command.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: queues');

const model = tinyFolder();
const data = tinyGlue({ train: 24, dev: 8 });
const folder = temporaryFolder({ 'text.txt': 'no database at all, but long enough to be looked at\n' });
const at = (...names: string[]) => join(folder, ...names);

test('status shows the runs of a queue, what is told of them, and the workers', async () => {
  const address = at('queue.sqlite');
  const queue = await openQueue(address);
  await queue.add(['a', 'b', 'c'].map((title) => ({ id: `run-${title}`, data: { title } })));
  const [first, second] = [await queue.claim('host/1'), await queue.claim('host/2')];
  await first?.report({ stage: 'training', done: 3, total: 12, step: null, scored: [] });
  await second?.fail('it broke', true);
  const third = await queue.claim('host/1');
  await third?.tell('host/1 refuses: its kernels are others');
  await third?.giveBack();
  await queue.beat({ name: 'host/1', version: '1.0.0', processes: 4 });
  const text = await succeed(['status', '--queue', address]);
  assert.match(text.stdout, /^a +active +1 +host\/1 +training 3\/12$/m);
  assert.match(text.stdout, /^b +failed +1 +host\/2 +it broke$/m);
  assert.match(text.stdout, /^c +waiting +0 +host\/1 +host\/1 refuses: its kernels are others$/m);
  assert.match(text.stderr, /worker host\/1, version 1\.0\.0: 4 at once\n1 waiting, 1 active, 0 done, 1 failed\n/);
  const { counts, workers, jobs } = JSON.parse((await succeed(['status', '--queue', address, '--json'])).stdout);
  assert.deepEqual([counts.failed, workers.length, jobs.length, jobs[0].told], [1, 1, 3, 'training 3/12']);
  await queue.close();
});

const reproduce = (output: string, ...more: string[]) => [
  ...['reproduce', 'table1', '--model', model, '--data', data, '--output', at(output), '--tasks', 'rte'],
  ...more,
];

test('what is wrong is one line, and nothing is written', async () => {
  const cases: [string[], number, RegExp][] = [
    [['worker'], 2, /--queue is missing: the queue from which runs are taken/],
    [['status'], 2, /--queue is missing: the queue that is shown/],
    [['status', '--queue', at('typo.sqlite')], 1, /There is no queue .*typo\.sqlite: correct --queue \(queue\)/],
    [['sweep', '--search', 'sparsity=0.2,0.4', '--parallel', '2'], 2, /--parallel goes with --queue/],
    [['worker', '--queue', at('text.txt')], 1, /text\.txt as a queue \(.*\): give the file of a queue/],
    [reproduce('x', '--queue', at('text.txt')), 1, /text\.txt as a queue/],
    [reproduce('x', '--queue', at('x.sqlite'), '--no-resume'), 2, /--queue cannot be combined with --no-resume/],
  ];
  await Promise.all(
    cases.map(async ([args, code, message]) => {
      const outcome = await sparseAdapter(args);
      assert.equal(outcome.code, code, outcome.stderr);
      assert.match(outcome.stderr, message);
    }),
  );
  for (const name of ['x.sqlite', 'typo.sqlite']) assert.ok(!existsSync(at(name)));
});

test.run();
