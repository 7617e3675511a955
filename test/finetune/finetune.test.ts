import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sourceOf } from '../../src/data/index.ts';
import { Classifier, type FinetuneSettings, finetune, load, lora, Seq2Seq } from '../../src/finetune/index.ts';
import { memory } from '../../src/index.ts';
import { evaluateRun } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { readParameters } from '../support/parameters.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyBartFolder } from '../support/tiny-bart.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('finetune: one call');

const model = tinyFolder();
const reviews = reviewFolder();
const output = (): string => join(temporaryFolder(), 'run');
const small = {
  model,
  maxLength: 16,
  data: join(reviews, 'train.csv'),
  text: 'text',
  label: 'mood',
  epochs: 2,
  batchSize: 8,
  learningRate: 0.01,
} as const;

test('from a file to a model that answers, and to a folder that answers the same', async () => {
  const folder = output();
  const run = await finetune({ ...small, evalData: join(reviews, 'dev.csv'), sparsity: 0.4, output: folder });
  assert.ok(run instanceof Classifier);
  const answer = await run.predict('the film is good');
  assert.ok(['negative', 'positive'].includes(answer.label ?? ''));
  assert.ok('accuracy' in (run.metrics ?? {}));
  const again = await load(folder, { task: 'text-classification' });
  assert.deepEqual(await again.predict('the film is good'), answer);
  const { settings, metrics } = JSON.parse(readFileSync(join(folder, 'sparse-adapter.json'), 'utf8'));
  assert.equal(settings.model, model);
  assert.deepEqual(metrics, ['accuracy', 'f1_macro']);
});

test('the memory of a call is that of the model that it returns', async () => {
  const before = memory().bytes;
  const run = await finetune({ ...small, output: output() });
  run.dispose();
  assert.equal(memory().bytes, before);
});

test('the same settings give the same weights', async () => {
  const runs = [await finetune({ ...small, output: output() }), await finetune({ ...small, output: output() })];
  const [one, other] = await Promise.all(runs.map(({ saved }) => readParameters(saved)));
  assert.deepEqual(one, other);
  const different = await finetune({ ...small, seed: 2, output: output() });
  assert.notDeepEqual(await readParameters(different.saved), one);
});

test('rows in memory, computed rows and a source give the weights that the same rows of a file give', async () => {
  const [header, ...lines] = readFileSync(small.data, 'utf8').trimEnd().split('\n');
  const names = header.split(',');
  const rows = lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell])));
  const { data: _, ...named } = small;
  const fromFile = await finetune({ ...small, evalData: small.data, output: output() });
  const expected = await readParameters(fromFile.saved);
  const computed = {
    async *[Symbol.asyncIterator]() {
      yield* rows;
    },
  };
  const folder = output();
  for (const data of [rows, computed, sourceOf({ data: rows })]) {
    const run = await finetune({ ...named, data, evalData: rows, output: folder, overwrite: true });
    assert.deepEqual(await readParameters(run.saved), expected);
    assert.deepEqual(run.metrics, fromFile.metrics);
  }
  const again = await load(folder, { task: 'text-classification' });
  assert.deepEqual(again.labels, fromFile.labels);
  await assertRejectsInput(() => evaluateRun(folder), /was trained without evaluation data; give some with --data/);
  await assertRejectsInput(
    () => finetune({ ...named, data: rows.values(), output: output() }),
    /data gives its rows once only, and there are 2 epochs/,
  );
  const pairs = rows.map(({ text, mood }) => ({ text, textPair: 'a film', label: mood }));
  const { text: __, label: ___, ...plain } = named;
  const paired = await finetune({ ...plain, data: pairs, epochs: 1, output: output() });
  assert.deepEqual(paired.labels, fromFile.labels);
});

test('an adapter is a name or what its function returns, and pruning chooses how it starts', async () => {
  const run = await finetune({
    ...small,
    adapter: lora({ rank: 2 }),
    pruning: 'snip',
    sparsity: 0.5,
    output: output(),
  });
  assert.equal(run.adapter.settings.kind, 'lora');
  assert.equal(run.adapter.settings.init, 'bert');
  const dense = await finetune({ ...small, adapter: 'pfeiffer', pruning: 'none', output: output() });
  assert.equal(dense.adapter.settings.kind, 'pfeiffer');
});

test('texts are written where there is a target', async () => {
  const rows = temporaryFolder({ 'rows.jsonl': '{"text":"abc","target":"a"}\n{"text":"bcd","target":"b"}\n' });
  const run = await finetune({
    model: tinyBartFolder(),
    data: join(rows, 'rows.jsonl'),
    text: 'text',
    target: 'target',
    maxLength: 16,
    maxTargetLength: 8,
    epochs: 1,
    output: output(),
  });
  assert.ok(run instanceof Seq2Seq);
  assert.equal(typeof (await run.predict('abc', { maxLength: 4 })).generatedText, 'string');
});

test('what is missing, unknown or wrong is one line, before anything is written', async () => {
  const folder = output();
  const wrong = (settings: Record<string, unknown>) => () =>
    finetune({ ...small, output: folder, ...settings } as FinetuneSettings);
  await assertRejectsInput(wrong({ model: undefined }), /model is missing/);
  await assertRejectsInput(wrong({ data: undefined }), /data is missing/);
  await assertRejectsInput(wrong({ learningrate: 1 }), /learningrate/);
  await assertRejectsInput(wrong({ epochs: -1 }), /epochs must be/);
  await assertRejectsInput(wrong({ sparsity: 2 }), /sparsity must be/);
  await assertRejectsInput(wrong({ stride: 3 }), /stride/);
  await assertRejectsInput(wrong({ adapter: { kind: 'lora', rnk: 3 } }), /rnk/);
  await assertRejectsInput(wrong({ adapter: 'lora', rank: 3 }), /rank is an option.*adapter: { kind: 'lora', rank/);
  assert.ok(!existsSync(folder));
  await finetune({ ...small, epochs: 1, output: folder });
  await assertRejectsInput(wrong({}), /overwrite/);
});

test('a run with a column of single texts refuses pairs, and one with two columns single texts', async () => {
  const single = await finetune({ ...small, epochs: 1, output: output() });
  await assertRejectsInput(
    () => single.predict({ text: 'abc', textPair: 'abc' }),
    /inputs\[0\] is a pair.*single texts/,
  );
  const questions = ['ab', 'ba'].map((q, i) => ({ q, s: 'abc', label: `class ${i}` }));
  const two = { data: questions, text: ['q', 's'], label: 'label', evalData: undefined };
  const pairs = (await finetune({ ...small, ...two, epochs: 1, output: output() })) as Classifier;
  await assertRejectsInput(() => pairs.predict(['abc']), /inputs\[0\] is one text.*pairs/);
  assert.ok(await pairs.predict({ text: 'abc', textPair: 'abc' }));
});

test('what is aborted continues', async () => {
  const folder = output();
  const controller = new AbortController();
  const settings = { ...small, output: folder };
  const stopped = finetune({
    ...settings,
    signal: controller.signal,
    onStep: () => controller.abort(new Error('enough')),
  });
  await assert.rejects(stopped, /enough/);
  const run = await finetune({ ...settings, resume: true });
  const whole = await finetune({ ...small, output: output() });
  assert.deepEqual(await readParameters(run.saved), await readParameters(whole.saved));
});

test.run();
