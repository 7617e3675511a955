import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { snapshot, sparseAdapter, succeed } from '../support/command.ts';
import { ticketFolder, tickets, ticketsCsv } from '../support/tickets.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: a table of one’s own');

const rows = tickets({ billing: 60, outage: 30 });
const folder = ticketFolder([], { 'mail.csv': ticketsCsv([...rows, ...rows.slice(0, 2)]).replaceAll(',', ';') });
const at = (...names: string[]) => join(folder, ...names);
const train = (...more: string[]) => [
  ...['train', '--model', tinyFolder(), '--data', at('mail.csv'), '--text', 'text', '--label', 'queue'],
  ...['--bottleneck', '2', '--pruning', 'none', '--learning-rate', '0.01', '--epochs', '1', ...more],
];

test('--dry-run tells what is read and writes nothing', async () => {
  const before = snapshot(folder);
  const { stdout, stderr } = await succeed(train('--dry-run'), { cwd: folder });
  assert.equal(stdout, '');
  assert.deepEqual(snapshot(folder), before);
  const lines = stderr.trimEnd().split('\n');
  assert.equal(
    lines[0],
    `warning: ${at('mail.csv')}: cells are separated by ';'; --delimiter (delimiter) says otherwise`,
  );
  assert.equal(lines[1], 'data      mail.csv, text-classification');
  assert.match(lines[2], /^rows {6}8[23] to train on, (9|10) to validate on$/);
  assert.match(lines[3], /^classes {3}billing \d+ \+ \d, outage \d+ \+ 3$/);
  assert.match(lines[4], /^repeated {2}.*no text is both trained on and judged by$/);
  assert.match(lines[5], /^baseline {2}accuracy 0\.\d{4} of the rows to validate on, with billing for all$/);
  assert.match(lines[6], /^expected {2}about .* for 6 steps, and up to .* of memory \(an estimate\)$/);
  const told = await succeed(train('--dry-run', '--json', '--folds', '4'), { cwd: folder });
  const { status, data } = JSON.parse(told.stdout);
  assert.deepEqual([status, data.rows.train + data.rows.validation + data.rows.test], ['dry-run', 92]);
  assert.ok(Math.abs(data.rows.test - 23) <= 1);
});

test('a training that ended early says so', async () => {
  const early = [
    '--learning-rate',
    '0',
    '--eval-steps',
    '1',
    '--early-stopping-patience',
    '2',
    '--output',
    at('early'),
  ];
  const { stdout } = await succeed(train(...early));
  assert.match(stdout, /^stopped early +after step 3 of 6, by --early-stopping-patience 2$/m);
});

test('--test-split: the score stands under its own name; evaluate --split test computes it again', async () => {
  const { stdout, stderr } = await succeed(train('--test-split', '0.2', '--output', at('run')));
  const metrics = JSON.parse(readFileSync(at('run', 'metrics.json'), 'utf8'));
  assert.match(stdout, new RegExp(`^test accuracy +${metrics.test_metrics.accuracy.toFixed(4)}$`, 'm'));
  assert.ok(stderr.indexOf('\nrows ') < stderr.indexOf('\ntraining'), 'before it trains');
  const again = await succeed(['evaluate', at('run'), '--split', 'test', '--json']);
  assert.deepEqual(JSON.parse(again.stdout).metrics, metrics.test_metrics);

  const table = 'text;queue\nthe film, not good;x\n';
  writeFileSync(at('new.csv'), Buffer.from(`\uFEFF${table}`, 'utf16le'));
  writeFileSync(at('old.csv'), Buffer.from(table.replace('film', 'café'), 'latin1'));
  const [told, said, western] = await Promise.all([
    succeed(['predict', at('run'), '--input', at('new.csv')]),
    succeed(['predict', at('run'), '--input', at('new.csv'), '--delimiter', 'semicolon', '--keep', '--json']),
    succeed(['predict', at('run'), '--input', at('old.csv'), '--encoding', 'latin1', '--delimiter', ';']),
  ]);
  assert.match(told.stdout, /\tthe film, not good\n$/);
  assert.match(told.stderr, /new\.csv: cells are separated by ';'/);
  assert.match(said.stdout, /"queue":"x"/);
  assert.equal(said.stderr, '');
  assert.match(western.stdout, /\tthe café, not good\n$/);
});

test('--folds: Ctrl-C leaves what is finished, and --resume ends the rest', async () => {
  const output = at('folds');
  const folds = train('--folds', '3', '--output', output);
  const stopped = await sparseAdapter(folds, { signal: { after: 'fold 2 of 3', name: 'SIGINT' } });
  assert.equal(stopped.code, 130, stopped.stderr);
  assert.match(stopped.stderr, /stopped in fold [23]; continue with: sparse-adapter train --resume --output/);
  assert.ok(existsSync(join(output, 'fold-1', 'metrics.json')));
  const refused = await sparseAdapter(folds);
  assert.deepEqual([refused.code, /holds a cross-validation/.test(refused.stderr)], [1, true]);
  const other = await sparseAdapter(['train', '--resume', '--output', output, '--folds', '4']);
  assert.match(other.stderr, /--folds 4 cannot be combined with --resume: the stopped run has 3/);
  const { stdout, stderr } = await succeed(['train', '--resume', '--output', output]);
  assert.match(stdout, /^metric +mean +deviation +fold 1 +fold 2 +fold 3$/m);
  assert.match(stdout, /^accuracy( +0\.\d{4}){5}$/m);
  assert.doesNotMatch(stderr.slice(0, stderr.indexOf('fold 2 of 3')), /training/);
  for (const command of ['evaluate', 'info']) {
    const { code, stderr: hint } = await sparseAdapter([command, output]);
    assert.equal(code, 1);
    assert.match(hint, /holds the runs of a cross-validation; name one of them, such as fold-1/);
  }
  await succeed(['evaluate', join(output, 'fold-1'), '--split', 'test']);
});

test('options that do not go together are refused', async () => {
  const refused = async (message: RegExp, ...more: string[]) => {
    const { code, stderr } = await sparseAdapter(train(...more));
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  };
  await refused(
    /--validation-split cannot be combined with --eval-data/,
    '--validation-split',
    '0.2',
    '--eval-data',
    at('mail.csv'),
  );
  await refused(/It must be one of ',', ';', '\|' and tab/, '--delimiter', ':');
  await refused(/It must be an encoding such as utf-8/, '--encoding', 'klingon');
  await refused(/It must be a number in \[0, 1\)/, '--test-split', '1');
  const rte = await sparseAdapter(['train', '--model', 'm', '--task', 'rte', '--data', folder, '--folds', '3']);
  assert.deepEqual([rte.code, /--folds has no effect with --task rte/.test(rte.stderr)], [2, true], rte.stderr);
});

test.run();
