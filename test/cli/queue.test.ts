import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { temporaryFolder } from '../io/temporary.ts';
import { sparseAdapter } from '../support/command.ts';
import { tinyGlue } from '../support/tiny-glue.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: queues');

const model = tinyFolder();
const data = tinyGlue({ train: 24, dev: 8 });
const folder = temporaryFolder({ 'text.txt': 'no database at all, but long enough to be looked at\n' });
const at = (...names: string[]) => join(folder, ...names);

const reproduce = (output: string, ...more: string[]) => [
  ...['reproduce', 'table1', '--model', model, '--data', data, '--output', at(output), '--tasks', 'rte'],
  ...more,
];

test('what is wrong is one line, and nothing is written', async () => {
  const cases: [string[], number, RegExp][] = [
    [['worker'], 2, /--queue is missing: the queue from which runs are taken/],
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
  assert.ok(!existsSync(at('x.sqlite')));
});

test.run();
