import assert from 'node:assert/strict';
import type { suite } from 'uvu';
import type { JobQueue, Lease, QueueTerms } from '../../src/queue/index.ts';
import { until } from './workers.ts';

type Test = ReturnType<typeof suite>;

/** Adds the tests that every queue passes. @param open opens an empty queue, or another time one that is there */
export function queueCases(test: Test, open: (name: string, terms?: QueueTerms) => Promise<JobQueue>): void {
  test('a job is added once, claimed once, in the order of adding, and its result is kept', async () => {
    const [one, other] = [await open('a'), await open('a')];
    await Promise.all([one, other].map((queue) => queue.add([{ id: 'run-a', data: { x: 0.1 } }])));
    await one.add([{ id: 'run-b', data: null }]);
    assert.deepEqual(await one.states(['run-a', 'run-b', 'run-c']), ['waiting', 'waiting', null]);
    const first = await other.claim('one');
    assert.deepEqual([first?.job, first?.attempt], [{ id: 'run-a', data: { x: 0.1 } }, 1]);
    const second = await one.claim('two');
    assert.equal(second?.job.id, 'run-b');
    assert.equal(await other.claim('one'), null);
    assert.deepEqual(await one.counts(), { waiting: 0, active: 2, done: 0, failed: 0 });
    await first?.report({ step: 3 });
    await first?.tell('a line');
    await first?.tell('another');
    const active = await one.find('run-a');
    assert.deepEqual(
      [active?.state, active?.worker, active?.progress, active?.lines, active?.tries],
      ['active', 'one', { step: 3 }, ['a line', 'another'], 1],
    );
    await first?.complete([1 / 3, null]);
    const done = await other.find('run-a');
    assert.deepEqual([done?.state, done?.result, done?.error], ['done', [1 / 3, null], null]);
    // Nothing runs twice.
    await other.add([{ id: 'run-a', data: { x: 0.1 } }]);
    assert.equal(await other.claim('one'), null);
    assert.deepEqual(
      (await one.list('done')).map(({ id }) => id),
      ['run-a'],
    );
    await one.remove('run-b');
    assert.deepEqual(await one.states(['run-b']), ['active'], 'a worker has it');
    await one.remove('run-a');
    assert.deepEqual(await one.states(['run-a']), [null]);
    await Promise.all([one.close(), other.close()]);
  });

  test('a job that was handed back has used no try, and waits as long as it should', async () => {
    const queue = await open('b');
    await queue.add([{ id: 'run-a', data: 1 }]);
    for (let i = 0; i < 5; i++) {
      const lease = await queue.claim('one');
      assert.equal(lease?.attempt, 1);
      await lease?.giveBack();
    }
    await (await queue.claim('one'))?.giveBack(300);
    assert.equal(await queue.claim('one'), null);
    assert.deepEqual(await queue.counts(), { waiting: 1, active: 0, done: 0, failed: 0 });
    const start = performance.now();
    await until(async () => {
      const lease = await queue.claim('one');
      await lease?.complete(2);
      return lease !== null;
    });
    assert.ok(performance.now() - start > 100);
    await queue.close();
  });

  test('three tries that come to nothing are the last ones; one that no other can help is at once', async () => {
    const queue = await open('c');
    await queue.add([
      { id: 'run-a', data: 1 },
      { id: 'run-b', data: 2 },
    ]);
    for (const attempt of [1, 2, 3]) {
      const leases = [await queue.claim('one'), await queue.claim('two')];
      const lease = leases.find((one) => one?.job.id === 'run-a');
      assert.equal(lease?.attempt, attempt);
      await lease?.fail('it broke');
      await leases.find((one) => one?.job.id === 'run-b')?.giveBack();
    }
    const lost = await queue.find('run-a');
    assert.deepEqual([lost?.state, lost?.error], ['failed', 'given up after 3 tries: it broke']);
    await (await queue.claim('one'))?.fail('cancelled', true);
    assert.deepEqual((await queue.find('run-b'))?.error, 'cancelled');
    await queue.close();
  });

  test('a job whose worker is silent is another one’s, and nothing that comes late counts', async () => {
    const queue = await open('d', { leaseMs: 300 });
    await queue.add([{ id: 'run-a', data: 1 }]);
    const silent = await queue.claim('silent');
    assert.equal(await silent?.renew(), 'held');
    assert.equal(await queue.claim('next'), null);
    let next: Lease | null = null as Lease | null;
    await until(async () => {
      next ??= await queue.claim('next');
      return next !== null;
    });
    assert.equal(next?.attempt, 2);
    assert.equal(await silent?.renew(), 'lost');
    await silent?.report({ step: 99 });
    await silent?.complete('late');
    await silent?.fail('late');
    await silent?.giveBack();
    assert.deepEqual(await queue.states(['run-a']), ['active']);
    assert.equal(await next?.renew(), 'held');
    await next?.complete('in time');
    assert.equal((await queue.find('run-a'))?.result, 'in time');
    await queue.close();
  });

  test('a job whose workers vanish is given up after the third', async () => {
    const queue = await open('f', { leaseMs: 150 });
    await queue.add([{ id: 'run-a', data: 1 }]);
    let claims = 0;
    await until(async () => {
      if (await queue.claim('one')) claims++;
      return (await queue.counts()).failed === 1;
    });
    assert.equal(claims, 3);
    assert.equal((await queue.find('run-a'))?.error, 'given up after 3 tries: its worker vanished');
    await queue.close();
  });

  test('a worker learns that nobody wants its job, and who works is seen', async () => {
    const queue = await open('e');
    await queue.add([{ id: 'run-a', data: 1 }]);
    await queue.beat({ name: 'one', version: '1.2.3', processes: 4 });
    const lease = await queue.claim('one');
    assert.equal(await lease?.renew(), 'held');
    await queue.cancel('run-a');
    assert.equal(await lease?.renew(), 'cancelled');
    await lease?.fail('cancelled', true);
    // One that is added again is wanted.
    await queue.remove('run-a');
    await queue.add([{ id: 'run-a', data: 1 }]);
    assert.equal(await (await queue.claim('one'))?.renew(), 'held');
    assert.deepEqual(await queue.workers(), [{ name: 'one', version: '1.2.3', processes: 4 }]);
    await queue.leave('one');
    assert.deepEqual(await queue.workers(), []);
    await queue.close();
  });
}
