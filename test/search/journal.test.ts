import assert from 'node:assert/strict';
import { appendFileSync, copyFileSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { Journal } from '../../src/search/journal.ts';
import { codes, readOperation, writeOperation } from '../../src/search/journal-ops.ts';
import { parametersOf, type Study } from '../../src/search/study.ts';
import { bestTrial } from '../../src/search/trial.ts';
import { temporaryFolder } from '../io/temporary.ts';
import optuna from './optuna-journal.json' with { type: 'json' };

const test = suite('search: journal');
const own = join(import.meta.dirname, 'optuna-journal.txt');

const names = { COMPLETE: 'complete', PRUNED: 'pruned', FAIL: 'failed', RUNNING: 'running', WAITING: 'waiting' };
const asNumber = (value: number | string | null): number | null => (value === 'NaN' ? Number.NaN : (value as number));

test('a journal that four processes of Optuna wrote, as Optuna reads it', () => {
  const study = new Journal(own).studies.named(optuna.study) as Study;
  assert.equal(study.direction, optuna.direction);
  assert.deepEqual(Object.fromEntries(study.userAttributes), optuna.userAttrs);
  assert.equal(bestTrial(study.trials, 'maximize')?.number, optuna.best);
  assert.equal(study.trials.length, optuna.trials.length);
  for (const [i, trial] of study.trials.entries()) {
    const expected = optuna.trials[i];
    assert.equal(trial.id, expected.id);
    assert.equal(trial.state, names[expected.state as keyof typeof names]);
    assert.deepEqual(trial.value, expected.value);
    assert.deepEqual(parametersOf(trial), expected.params);
    const reports = Object.entries(expected.intermediate as Record<string, number | string>);
    assert.deepEqual(
      [...trial.reports].map(([step, value]) => [String(step), value]),
      reports.map(([step, value]) => [step, asNumber(value)]),
    );
    assert.deepEqual(Object.fromEntries(trial.userAttributes), expected.userAttrs);
    assert.deepEqual(Object.fromEntries(trial.systemAttributes), expected.systemAttrs);
  }
});

test('operations read back, with NaN, Infinity and such words in texts', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.1]) {
    const operation = {
      op_code: codes.report,
      worker_id: 'NaN, Infinity "x"',
      trial_id: 0,
      step: 1,
      intermediate_value: value,
    };
    const line = writeOperation(operation);
    assert.match(line, Number.isFinite(value) ? /:0\.1\}/ : /:(NaN|-?Infinity)\}$/);
    assert.deepEqual(readOperation(line, 'line'), operation);
  }
});

test('all lines of Optuna are written as they were read', () => {
  for (const line of readFileSync(own, 'utf8').split('\n').slice(0, -1)) {
    const operation = readOperation(line, 'line');
    assert.ok(operation);
    assert.deepEqual(readOperation(writeOperation(operation), 'line'), operation);
  }
});

test('a line that was cut off is passed over, and cut off before the next one', async () => {
  const path = join(temporaryFolder(), 'journal.log');
  copyFileSync(own, path);
  appendFileSync(path, '{"op_code":7,"worker_id":"x","tri');
  const journal = new Journal(path);
  await journal.write(() => [{ op_code: codes.studyUserAttribute, study_id: 0, user_attr: { more: 1 } }]);
  const again = new Journal(path).studies.named('demo');
  assert.equal(again?.userAttributes.get('more'), 1);
  assert.ok(readFileSync(path, 'utf8').startsWith(readFileSync(own, 'utf8')));
});

test('two who write at the same time lose nothing, and none has an id twice', async () => {
  const path = join(temporaryFolder(), 'journal.log');
  const [a, b] = [new Journal(path), new Journal(path)];
  await a.write(() => [{ op_code: codes.createStudy, study_name: 's', directions: [2] }]);
  const ids: number[] = [];
  const add = async (journal: Journal) => {
    for (let i = 0; i < 20; i++) {
      await journal.write((studies) => {
        ids.push(studies.nextTrial);
        return [{ op_code: codes.createTrial, study_id: 0, datetime_start: '2026-01-01T00:00:00.000000+00:00' }];
      });
    }
  };
  await Promise.all([add(a), add(b)]);
  assert.deepEqual(ids, [...ids.keys()]);
  assert.equal(new Journal(path).studies.named('s')?.trials.length, 40);
});

test('a finished trial stays as it is', async () => {
  const path = join(temporaryFolder(), 'journal.log');
  copyFileSync(own, path);
  const journal = new Journal(path);
  await journal.write(() => [
    { op_code: codes.report, trial_id: 0, step: 99, intermediate_value: 9 },
    { op_code: codes.state, trial_id: 0, state: 3, values: null },
  ]);
  const trial = journal.studies.named('demo')?.trials[0];
  assert.equal(trial?.state, 'complete');
  assert.equal(trial?.reports.get(99), undefined);
});

test('what is no journal is refused with its line; an operation of another version is passed over', () => {
  const path = join(temporaryFolder(), 'journal.log');
  const first = readFileSync(own, 'utf8').split('\n')[0];
  const refused = (line: string, pattern: RegExp) => {
    writeFileSync(path, `${first}\n${line}\n`);
    assert.throws(
      () => new Journal(path),
      (error: unknown) => error instanceof InputError && pattern.test(error.message),
    );
  };
  refused('', /line 2 is not JSON/);
  refused('{"op_code":2,"worker_id":"x","study_id":0,"user_attr":{"a":1,"b":2}}', /line 2: .*exactly one key/);
  refused('{"op_code":4,"worker_id":"x","study_id":0}', /line 2: datetime_start/);
  writeFileSync(path, `${first}\n{"op_code":10,"worker_id":"x","new":true}\n`);
  assert.equal(new Journal(path).studies.names.length, 1);
});

test('a lock that a dead process left does not last', async () => {
  const path = join(temporaryFolder(), 'journal.log');
  writeFileSync(`${path}.lock`, '');
  utimesSync(`${path}.lock`, new Date(0), new Date(0));
  const begin = performance.now();
  const journal = new Journal(path, { graceMs: 50 });
  await journal.write(() => [{ op_code: codes.createStudy, study_name: 's', directions: [1] }]);
  assert.equal(journal.studies.named('s')?.direction, 'minimize');
  assert.ok(performance.now() - begin < 10_000);
});

test.run();
