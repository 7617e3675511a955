import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { houlsby, lora } from '../../src/adapters/index.ts';
import { load, MultipleChoice } from '../../src/finetune/index.ts';
import { Random, tidy } from '../../src/index.ts';
import { readJsonObject } from '../../src/io/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import { dataReport } from '../../src/training/data-report.ts';
import {
  choiceLoss,
  encodeChoices,
  evaluateRun,
  type GivenSettings,
  loadRun,
  multipleChoice,
  predictChoices,
  prepareRun,
  readRunMetrics,
} from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { choiceRows } from '../support/choices.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { tinyFolder } from '../support/tiny-model.ts';
import { complete, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: multiple choice');
useBackend(test, 'wasm');

const rows = choiceRows(96);
const folder = temporaryFolder();
const fileOf = (name: string, some: readonly object[]) => {
  writeFileSync(join(folder, name), some.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return join(folder, name);
};
const data = fileOf('train.jsonl', rows.slice(0, 72));
const evalData = fileOf('dev.jsonl', rows.slice(72));
const settings: GivenSettings = {
  ...tinySettings,
  ...{ text: undefined, label: undefined },
  task: 'multiple-choice',
  data,
  evalData,
  adapter: houlsby.configure({ bottleneck: 8 }),
  epochs: 24,
  learningRate: 0.03,
  maxLength: 20,
};
const place = (): string => join(temporaryFolder(), 'run');
const tokenizer = loadTokenizer(tinyFolder());
const items = encodeChoices(rows, tokenizer, 20);

test('a run learns to choose, is saved, and is evaluated again with the same score', async () => {
  const output = place();
  const result = await tinyRun(output, { settings });
  assert.ok(result.status === 'finished');
  assert.deepEqual([result.config.labels, result.config.metrics], [null, ['accuracy']]);
  const { metrics } = result.metrics;
  assert.ok(metrics && metrics.accuracy >= 0.75, JSON.stringify(metrics));
  const again = await evaluateRun(output);
  assert.deepEqual([again.examples, again.metrics], [24, metrics]);
  assert.deepEqual(readRunMetrics(output).metrics, metrics);

  const model = await load(output, { task: 'multiple-choice' });
  const [{ text, choices }] = rows.slice(72);
  const chosen = await model.predict({ text, choices });
  assert.equal(chosen.answer, choices[chosen.choice]);
  const scores = await model.predictScores([{ text, choices }]);
  assert.ok(Math.abs(scores[0].reduce((sum, { score }) => sum + score, 0) - 1) < 1e-6);
  const reversed = await model.predict({ text, choices: choices.toReversed() });
  assert.equal(reversed.answer, chosen.answer, 'the order of the choices changes their numbers alone');
  await assertRejectsInput(() => model.predict({ text, choices: ['one'] }), /examples\[0\] has 1 choices/);
});

test('a merged checkpoint and files of AdapterHub choose the same; PEFT has no such head', async () => {
  const model = await MultipleChoice.fromPretrained(tinyFolder(), { maxLength: 20 });
  model.addAdapter(lora({ rank: 2, init: 'bert' }));
  const inputs = rows.map(({ text, choices }) => ({ text, choices }));
  const scores = await model.predictScores(inputs);
  const whole = join(temporaryFolder(), 'whole');
  await model.savePretrained(whole, { format: 'huggingface' });
  assert.deepEqual(readJsonObject(join(whole, 'config.json')).architectures, ['BertForMultipleChoice']);
  const merged = await load(whole, { maxLength: 20 });
  assert.ok(merged instanceof MultipleChoice);
  for (const [i, some] of (await merged.predictScores(inputs)).entries()) {
    for (const [k, { score }] of some.entries()) assert.ok(Math.abs(score - scores[i][k].score) < 1e-5);
  }
  const hub = join(temporaryFolder(), 'hub');
  await model.savePretrained(hub, { format: 'adapterhub' });
  const back = await load(hub);
  assert.ok(back instanceof MultipleChoice);
  assert.deepEqual(await back.predictScores(inputs), scores);
  await assertRejectsInput(
    () => model.savePretrained(join(temporaryFolder(), 'other'), { format: 'peft' }),
    /chooses among answers.*'huggingface'/,
  );
});

test('what is told before training: places of choices are no numbers to predict', async () => {
  const report = await dataReport(await prepareRun(complete({ ...settings, evalData: undefined, maxLength: 8 })));
  assert.deepEqual([report.numbers, report.classes], [null, null]);
  assert.ok(report.rows.validation > 0, 'a part of the table is held out');
  assert.ok(report.baseline && 'label' in report.baseline && /^choice [0-2]$/.test(report.baseline.label));
  assert.ok(report.truncated && report.truncated.rows > 0 && report.truncated.longest > 8);
});

test('a run that is stopped and resumed ends with the same weights', async () => {
  const short = { ...settings, epochs: 2 };
  const [whole, stopped] = [place(), place()];
  await tinyRun(whole, { settings: short });
  await stoppedRun(stopped, 2, { settings: short });
  await tinyRun(stopped, { settings: short, resume: true });
  const weights = (run: string) =>
    loadRun(run, { task: multipleChoice }).model.saved.map(({ name, value }) => [name, value.dataSync()]);
  assert.deepEqual(weights(stopped), weights(whole));
});

test('predictions depend neither on the batches nor on the order of the examples', async () => {
  const model = await MultipleChoice.fromPretrained(tinyFolder(), { maxLength: 20 });
  const together = await predictChoices(model.network, items);
  const done: number[] = [];
  const alone = await predictChoices(model.network, items, { batchSize: 1, onBatch: (n) => done.push(n) });
  assert.deepEqual([done.length, done.at(-1)], [items.length, items.length]);
  const [order] = permuted(3, [...items.keys()]);
  const mixed = await predictChoices(
    model.network,
    order.map((i) => items[i]),
  );
  for (const [i, { logits, value }] of together.entries()) {
    for (const other of [alone[i], mixed[order.indexOf(i)]]) {
      assert.equal(other.value, value);
      for (const [k, logit] of logits.entries()) assert.ok(Math.abs(logit - other.logits[k]) < 1e-5);
    }
  }
});

test('the loss of a batch is the mean over its examples; dropout changes it', async () => {
  const model = await MultipleChoice.fromPretrained(tinyFolder(), { maxLength: 20 });
  const loss = (batch: typeof items, random?: Random) => tidy(() => choiceLoss(model.network, batch, random).item());
  const some = items.slice(0, 5);
  const mean = some.reduce((sum, item) => sum + loss([item]), 0) / some.length;
  assert.ok(Math.abs(loss(some) - mean) < 1e-5);
  assert.notEqual(loss(some, new Random(1)), loss(some));
});

test('a program trains on rows', async () => {
  const model = await MultipleChoice.fromPretrained(tinyFolder(), { maxLength: 20 });
  model.addAdapter({ kind: 'houlsby', bottleneck: 4 });
  await model.prune({ method: 'snip', sparsity: 0.4, data: rows });
  const { metrics } = await model.fit(rows, { evalData: rows, epochs: 1 });
  assert.deepEqual(Object.keys(metrics ?? {}), ['accuracy']);
});

test('bad examples are named', () => {
  const encode = (example: unknown) => encodeChoices([example as (typeof rows)[0]], tokenizer, 20);
  assertInputError(() => encode({ text: 5, choices: ['a', 'b'] }), /examples\[0\]\.text is 5; it must be a string/);
  assertInputError(() => encode({ text: 'a', choices: 'b' }), /examples\[0\]\.choices must be an array/);
  assertInputError(() => encode({ text: 'a', choices: ['a', 1] }), /examples\[0\]\.choices\[1\] is 1/);
  assertInputError(() => encode({ text: 'a', choices: ['a', 'b'], label: 2 }), /examples\[0\]\.label is 2; .* 0 to 1/);
  assertInputError(() => encode(null), /examples\[0\]\.text is missing/);
});

test.run();
