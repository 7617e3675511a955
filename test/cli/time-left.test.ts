import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { TimeLeft } from '../../src/cli/time-left.ts';
import { type Cell, experiments } from '../../src/experiments/index.ts';

const test = suite('cli: time left of a sweep');

const [dense, sparse] = experiments[0].rows;
const rte: Cell = { model: 'tiny', row: dense, task: 'rte' };
const sparseRte: Cell = { ...rte, row: sparse };
const mrpc: Cell = { ...rte, task: 'mrpc' };
let runs = 0;
const finished = (seconds: number) => ({ hash: `run-${runs++}`, status: 'finished', seconds }) as const;

test('a run lasts as long as the others of its cell, else of its task, else any', () => {
  const time = new TimeLeft([
    [rte, 3],
    [sparseRte, 2],
    [mrpc, 1],
  ]);
  assert.equal(time.seconds, null);
  time.add(rte, finished(10));
  assert.equal(time.seconds, 2 * 10 + 2 * 10 + 10);
  time.add(rte, finished(20));
  time.add(sparseRte, finished(60));
  assert.equal(time.seconds, 15 + 60 + 30);
  time.add(mrpc, finished(100));
  assert.equal(time.seconds, 15 + 60);
  time.add(rte, finished(15));
  time.add(sparseRte, finished(60));
  assert.equal(time.seconds, 0);
});

test('a run that failed is done, and says nothing of the others', () => {
  const time = new TimeLeft([[rte, 3]]);
  time.add(rte, { hash: 'failed', status: 'failed', seconds: 0.1 });
  assert.equal(time.seconds, null);
  time.add(rte, finished(10));
  assert.equal(time.seconds, 10);
});

test('a run that was known from the beginning counts once', () => {
  const time = new TimeLeft([[rte, 3]]);
  const known = finished(10);
  time.add(rte, known);
  assert.equal(time.seconds, 20);
  time.add(rte, known);
  assert.equal(time.seconds, 20);
});

test.run();
