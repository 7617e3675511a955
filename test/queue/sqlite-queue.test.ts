import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { Random } from '../../src/index.ts';
import { openDatabase } from '../../src/io/database.ts';
import { Dispatcher, openQueue } from '../../src/queue/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { forAllAsync } from '../support/property.ts';
import { queueCases } from './queue-cases.ts';
import { rowAlone, tinyJobs, until, Workers } from './workers.ts';

const test = suite('queue: a file');

const folder = temporaryFolder({ 'text.sqlite': 'no database at all, but long enough to be looked at\n' });
queueCases(test, (name, terms) => openQueue(join(folder, `${name}.sqlite`), terms));

test('what is no queue is refused', async () => {
  const hint = 'give the file of a queue, or a new one';
  const refused = (name: string, message: string) =>
    assert.rejects(openQueue(join(folder, name)), (error) => {
      assert.ok(error instanceof InputError);
      assert.ok(error.message.includes(`${name} as a queue`) && error.message.includes(message), error.message);
      assert.ok(error.message.endsWith(`${hint}.`));
      return true;
    });
  await refused('text.sqlite', 'not a database');
  const other = await openDatabase(join(folder, 'other.sqlite'), { what: 'a table', hint: '' });
  other.exec('CREATE TABLE jobs (id TEXT)');
  other.close();
  await refused('other.sqlite', 'it is another database');
});

// Slow machines must not lose a lease that is held.
const LEASE_MS = 1500;

test('workers killed at random moments: each row once, the bits of one machine, and one at a time', async () => {
  const schedules = fc.record({
    seed: fc.nat(),
    kills: fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 3 }),
  });
  await forAllAsync(
    schedules,
    async ({ seed, kills }) => {
      const random = new Random(`kills ${seed}`);
      const own = temporaryFolder();
      const address = join(own, 'queue.sqlite');
      const workers = new Workers(address, own, LEASE_MS);
      const queue = await openQueue(address, { leaseMs: LEASE_MS });
      const jobs = tinyJobs(8, 10);
      const poisoned = { id: 'run-poisoned', data: { seed: 1, steps: 1, kills: 'itself' } };
      workers.start(3);
      const dispatcher = new Dispatcher(queue);
      const killing = (async () => {
        for (const milliseconds of kills) {
          await new Promise((resolve) => setTimeout(resolve, milliseconds));
          workers.kill(random);
          workers.start();
        }
      })();
      const [given, ...records] = await Promise.all([poisoned, ...jobs].map((job) => dispatcher.run(job)));
      await killing;
      assert.match(given.error ?? '', /^given up after 3 tries: its (process ended with SIGKILL|worker vanished)$/);
      for (const [i, { state, result, lines }] of records.entries()) {
        assert.deepEqual([state, result], ['done', rowAlone(jobs[i])]);
        assert.match(lines[0], /^from step \d+$/);
      }
      assert.equal(workers.told('overlap'), 0);
      assert.ok(workers.told('end') <= jobs.length + kills.length);
      await workers.stop();
      await queue.close();
    },
    2,
  );
});

test('two commands that want the same runs have them run once', async () => {
  const own = temporaryFolder();
  const address = join(own, 'queue.sqlite');
  const jobs = tinyJobs(5, 3);
  const workers = new Workers(address, own, LEASE_MS, 2);
  workers.start();
  const commands = await Promise.all(
    [0, 1].map(async () => {
      const queue = await openQueue(address);
      const dispatcher = new Dispatcher(queue);
      const records = await Promise.all(jobs.map((job) => dispatcher.run(job)));
      await queue.close();
      return records.map(({ result }) => result);
    }),
  );
  for (const rows of commands) assert.deepEqual(rows, jobs.map(rowAlone));
  assert.equal(workers.told('end'), jobs.length);
  await workers.stop();
});

test('a worker that is told to stop hands its run back, which goes on from its checkpoint', async () => {
  const own = temporaryFolder();
  const address = join(own, 'queue.sqlite');
  const [job] = tinyJobs(1, 400);
  const queue = await openQueue(address);
  const dispatcher = new Dispatcher(queue);
  const workers = new Workers(address, own, LEASE_MS);
  workers.start();
  const row = dispatcher.run(job);
  await until(() => workers.told('begin') === 1);
  await workers.stop();
  assert.deepEqual((await queue.counts()).waiting, 1);
  workers.start();
  const { result, lines, tries } = await row;
  assert.deepEqual([result, tries], [rowAlone(job), 1]);
  assert.equal(lines.length, 2);
  assert.ok(Number(lines[1].split(' ')[2]) > 0, lines[1]);
  await workers.stop();
  await queue.close();
});

test('a run that is not wanted any more is stopped, and one that waits is never begun', async () => {
  const own = temporaryFolder();
  const address = join(own, 'queue.sqlite');
  const [first, second] = tinyJobs(2, 100_000);
  const queue = await openQueue(address);
  const dispatcher = new Dispatcher(queue);
  const workers = new Workers(address, own, LEASE_MS);
  const ended = dispatcher.run(first);
  workers.start();
  await until(() => workers.told('begin') === 1);
  const never = dispatcher.run(second);
  await until(async () => (await queue.counts()).waiting === 1);
  await dispatcher.cancel(second.id);
  await dispatcher.cancel(first.id);
  const { state, error } = await ended;
  assert.deepEqual([state, error], ['failed', 'cancelled']);
  assert.equal((await never).error, 'cancelled');
  assert.equal(workers.told('begin'), 1);
  await workers.stop();
  await queue.close();
});

test('a command that is stopped leaves its jobs in the queue', async () => {
  const queue = await openQueue(join(temporaryFolder(), 'queue.sqlite'));
  const controller = new AbortController();
  const dispatcher = new Dispatcher(queue, controller.signal, () => controller.abort(new Error('enough')));
  await assert.rejects(dispatcher.run({ id: 'run-a', data: 1 }), /enough/);
  assert.deepEqual(await queue.states(['run-a']), ['waiting']);
  await queue.close();
});

test.run();
