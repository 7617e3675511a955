import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { ticketFolder, tickets, ticketsCsv } from '../support/tickets.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: a dry run');

const folder = ticketFolder([], { 'mail.csv': ticketsCsv(tickets({ billing: 30, outage: 20 })) });
const at = (...names: string[]) => join(folder, ...names);
const train = (...more: string[]) => [
  ...['train', '--model', tinyFolder(), '--data', at('mail.csv'), '--text', 'text', '--label', 'queue'],
  ...['--bottleneck', '2', '--pruning', 'none', '--epochs', '1', ...more],
];

test('it refuses what the run would refuse, and writes nothing', async () => {
  for (const name of ['finished', 'crossed']) mkdirSync(at(name));
  writeFileSync(at('finished', 'sparse-adapter.json'), '{"format_version": 1}');
  writeFileSync(at('crossed', 'folds.json'), '{}');
  const before = snapshot(folder);
  const refused: [args: string[], message: RegExp][] = [
    [['--class-weights', 'foo=3'], /--class-weights \(classWeights\) names the class 'foo'; there are billing, outage/],
    [['--metric-for-best-model', 'foo'], /--metric-for-best-model.*foo/],
    [['--metric-for-best-model', 'rmse'], /\(metricForBestModel\) is 'rmse'; the scores of these data are accuracy/],
    [
      ['--pruning', 'random', '--pruning-targets', 'lora'],
      /'houlsby' has no weights to prune in 'lora'; its parts are: bottleneck/,
    ],
    [['--output', at('finished')], /finished holds a finished run: choose another output folder/],
    [['--output', at('crossed'), '--folds', '2'], /crossed holds a cross-validation: continue it/],
    [['--output', at('mail.csv')], /Cannot write .*mail\.csv: it is a file/],
    [['--output', at('mail.csv', 'run')], /Cannot write .*mail\.csv.run/],
    [['--output', at('mail.csv', 'run'), '--folds', '2'], /Cannot write .*mail\.csv.run/],
  ];
  for (const [args, message] of refused) {
    const { code, stdout, stderr } = await sparseAdapter(train('--dry-run', ...args), { cwd: folder });
    assert.notEqual(code, 0, args.join(' '));
    assert.match(stderr, message);
    assert.equal(stdout, '');
  }
  await succeed(train('--dry-run', '--output', at('finished'), '--overwrite'), { cwd: folder });
  await succeed(train('--dry-run', '--output', at('crossed'), '--overwrite', '--folds', '2'), { cwd: folder });
  assert.deepEqual(snapshot(folder), before);
});

test('of a cross-validation it tells the time of a fold, and of all', async () => {
  const { stderr } = await succeed(train('--dry-run', '--folds', '4'), { cwd: folder });
  assert.match(
    stderr,
    /^expected {2}about .* for 3 steps of one of 4 folds, about .* for all, and up to .* of memory/m,
  );
});

test.run();
