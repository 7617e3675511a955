import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sparseAdapter, succeed } from '../support/command.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('commands: the report');

const folder = reviewFolder({
  // One class is too rare to be learnt in no steps, and its name is hostile.
  'odd.csv': `text,mood\n${'the film is good,positive\nthe film is bad,negative\n'.repeat(4)}the book is old,"<b>odd</b> & ""so"""\n`,
});
const model = tinyFolder();
const at = (...names: string[]) => join(folder, ...names);
const readJson = (...names: string[]) => JSON.parse(readFileSync(at(...names), 'utf8'));

const train = (label: string, output: string, ...more: string[]) => [
  ...['train', '--model', model, '--data', at('train.csv'), '--eval-data', at('dev.csv'), '--text', 'text'],
  ...['--label', label, '--output', at(output), '--bottleneck', '4', '--learning-rate', '0.01', '--epochs', '4'],
  ...['--batch-size', '8', ...more],
];

test('train prints a table of the classes, and leaves the report as data and as a page', async () => {
  const { stdout } = await succeed(train('mood', 'mood'));
  assert.match(stdout, /^report +.*mood\/report\.html$/m);
  assert.match(stdout, /^class +precision +recall +F1 +support +predicted$/m);
  assert.match(stdout, /^negative +\d\.\d{4} +\d\.\d{4} +\d\.\d{4} +4 +\d$/m);
  assert.match(stdout, /^macro average +\d\.\d{4}/m);
  assert.match(stdout, /^true class +negative +positive$/m);
  assert.match(stdout, /^Calibration: ECE \d\.\d{4}, largest gap \d\.\d{4}$/m);
  const report = readJson('mood', 'report.json');
  const { metrics } = readJson('mood', 'metrics.json');
  assert.deepEqual(report.scores, metrics);
  assert.deepEqual([report.data, report.examples], ['dev.csv', 8]);
  const page = readFileSync(at('mood', 'report.html'), 'utf8');
  assert.ok(page.includes('text-classification: dev.csv') && page.includes('houlsby 4'));

  const [json, told] = await Promise.all([
    succeed(['evaluate', at('mood'), '--json']),
    succeed(['info', at('mood'), '--json']),
  ]);
  const { fingerprint, ...own } = report;
  assert.equal(typeof fingerprint, 'string');
  assert.deepEqual(JSON.parse(json.stdout).report, own);
  assert.deepEqual(JSON.parse(told.stdout).report, report);
});

test('regression has residuals', async () => {
  const { stdout } = await succeed([...train('score', 'score'), '--json']);
  const { report, metrics } = JSON.parse(stdout);
  assert.deepEqual(
    report.parts.map(({ kind }: { kind: string }) => kind),
    ['numbers', 'scatter', 'histogram', 'examples'],
  );
  assert.deepEqual(report.scores, metrics);
  const shown = await succeed(['evaluate', at('score')]);
  assert.match(shown.stdout, /^mean absolute error +\d/m);
  assert.match(shown.stdout, /^prediction minus truth +examples *$/m);
});

test('a class that is never predicted is a warning, and its name stands escaped in the page of evaluate', async () => {
  const args = ['train', '--model', model, '--data', at('odd.csv'), '--eval-data', at('odd.csv'), '--text', 'text'];
  const odd = [...args, '--label', 'mood', '--output', at('odd'), '--bottleneck', '4', '--epochs', '0', '--seed', '1'];
  const { stderr } = await succeed([...odd, '--json']);
  assert.match(stderr, /warning: .* never predicted: .*0 of \d found.* --class-weights balanced/);
  const balanced = await succeed([...odd, '--class-weights', 'balanced', '--overwrite', '--json']);
  assert.match(
    balanced.stderr,
    /warning: .* never predicted: .*0 of \d found.* More examples, or more --epochs \(epochs\)/,
  );
  assert.ok(!balanced.stderr.includes('--class-weights'));
  const page = at('page', 'odd.html');
  mkdirSync(at('page'));
  await succeed(['evaluate', at('odd'), '--report', page]);
  const text = readFileSync(page, 'utf8');
  assert.ok(text.includes('&lt;b&gt;odd&lt;/b&gt; &amp; &quot;so&quot;'));
  assert.ok(!text.includes('<b>odd'));

  writeFileSync(page, 'mine');
  const taken = await sparseAdapter(['evaluate', at('odd'), '--report', page]);
  assert.equal(taken.code, 1);
  assert.match(
    taken.stderr,
    /^error: .*odd\.html is there already; choose another file, or replace it with --overwrite\.\n$/,
  );
  assert.equal(readFileSync(page, 'utf8'), 'mine');
  await succeed(['evaluate', at('odd'), '--report', page, '--overwrite']);
  assert.equal(readFileSync(page, 'utf8'), text);
  const place = await sparseAdapter(['evaluate', at('odd'), '--report', at('page')]);
  assert.match(place.stderr, /^error: .*page is a folder; give --report a file, such as report\.html\.\n$/);
  const other = await sparseAdapter(['evaluate', at('odd'), '--report', at('page', 'odd.json')]);
  assert.match(other.stderr, /^error: --report .*odd\.json: its name must end in \.html, as it is a page\.\n/);
  assert.equal(other.code, 2);
  assert.ok(!existsSync(at('page', 'odd.json')));
  const stray = await sparseAdapter(['evaluate', at('odd'), '--overwrite']);
  assert.equal(stray.code, 2);
  assert.ok(!existsSync(at('odd', 'page')));
});

test.run();
