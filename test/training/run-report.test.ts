import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { convertAdapter, evaluateRun, readRun, runPage } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { reviewData, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: reports of runs');
useBackend(test, 'wasm');

const place = (): string => join(temporaryFolder(), 'run');
const textOf = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

/** The report of a finished run, without what tells of which weights it is. */
function storedReport(folder: string) {
  const { report } = readRun(folder);
  assert.ok(report);
  const { fingerprint, ...rest } = report;
  assert.ok(fingerprint);
  return rest;
}

test('the report of a run is of the weights that it keeps, and evaluate computes it again', async () => {
  const output = place();
  await tinyRun(output, { settings: { ...tinySettings, evaluations: 3, learningRate: 0.05 } });
  const { metrics, config } = readRun(output);
  const report = storedReport(output);
  assert.deepEqual(report.scores, metrics.metrics);
  assert.deepEqual((await evaluateRun(output)).report, report);
  assert.deepEqual(report.notes, [
    `The weights are those after step ${metrics.kept?.step}: the evaluation rows chose them, by accuracy.`,
  ]);
  const { report: whole } = readRun(output);
  assert.ok(whole && config);
  assert.equal(textOf(output, 'report.html'), runPage(whole, config));
});

test('a run that was stopped ends with the report that it would have had', async () => {
  const [whole, broken] = [place(), place()];
  await tinyRun(whole);
  await stoppedRun(broken, 3);
  assert.ok(!existsSync(join(broken, 'report.json')));
  await tinyRun(broken, { resume: true });
  assert.equal(textOf(broken, 'report.json'), textOf(whole, 'report.json'));
  assert.equal(textOf(broken, 'report.html'), textOf(whole, 'report.html'));
});

test('with test rows the report is of them, and says so', async () => {
  const output = place();
  const { evalData } = reviewData();
  await tinyRun(output, { settings: { ...tinySettings, testData: evalData } });
  const { metrics } = readRun(output);
  const { notes, scores } = storedReport(output);
  assert.deepEqual(scores, metrics.test_metrics);
  assert.match(notes[0], /^These are test rows, which chose nothing/);
  const { report } = await evaluateRun(output, { split: 'test' });
  assert.deepEqual([report.scores, report.notes[0]], [scores, notes[0]]);
});

test('a copy of a run keeps its report, and other libraries do not get the texts in it', async () => {
  const [output, copy, peft] = [place(), place(), place()];
  await tinyRun(output);
  await convertAdapter(output, copy, { to: 'sparse' });
  assert.deepEqual(storedReport(copy), storedReport(output));
  await convertAdapter(output, peft, { to: 'adapterhub' });
  assert.ok(!existsSync(join(peft, 'report.json')) && !existsSync(join(peft, 'report.html')));
});

test('without evaluation data there is no report', async () => {
  const output = place();
  const { evalData: _, ...settings } = tinySettings;
  await tinyRun(output, { settings: { ...settings, validationSplit: 0 } });
  assert.equal(readRun(output).report, null);
  assert.ok(!existsSync(join(output, 'report.html')));
});

test.run();
