import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { readTaggedWords, wordWindows } from '../../src/data/index.ts';
import { load, TokenClassifier } from '../../src/finetune/index.ts';
import { Random, tidy } from '../../src/index.ts';
import { entityReport } from '../../src/metrics/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import {
  convertAdapter,
  evaluateRun,
  evaluateTags,
  findEntities,
  type GivenSettings,
  loadRun,
  prepareRun,
  tokenClassification,
  tokenClassificationLoss,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { taggedFolder } from '../support/tagged.ts';
import { tinyFolder, tinyTokenClassification } from '../support/tiny-model.ts';
import { complete, dense, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: token classification');
useBackend(test, 'wasm');

const folder = taggedFolder();
const settings: GivenSettings = {
  ...tinySettings,
  ...{ evalData: undefined, text: undefined, label: undefined },
  task: 'token-classification',
  data: folder,
  epochs: 60,
  learningRate: 0.02,
};
const tokenizer = loadTokenizer(tinyFolder());
const labels = ['B-JUDGE', 'B-THING', 'I-JUDGE', 'O'];
const dev = await readTaggedWords(join(folder, 'dev.conll'), { labels });
const sentences = dev.examples.map(({ tokens }) => tokens);
const tags = dev.examples.map((example) => (example.tags ?? []).map((tag) => labels[tag]));
const place = (): string => join(temporaryFolder(), 'run');

const finished = place();
test.before(async () => {
  assert.equal((await tinyRun(finished, { settings })).status, 'finished');
});

onEveryBackend(test, 'the loss of a batch is the mean over its words, whatever their order', () => {
  const model = tinyTokenClassification(undefined, labels);
  const items = tokenClassification.encode(dev, tokenizer, complete({ ...settings, maxLength: 5 }));
  assert.ok(items.length > dev.examples.length, 'sentences are cut');
  const loss = (batch: typeof items, random?: Random) =>
    tidy(() => tokenClassificationLoss(model, batch, random).item());
  const words = items.map(({ classes }) => classes.filter((own) => own >= 0).length);
  const total = items.reduce((sum, item, i) => sum + words[i] * loss([item]), 0);
  assert.ok(Math.abs(loss(items) - total / words.reduce((a, b) => a + b, 0)) < 1e-5);
  const [other] = permuted(3, items);
  assert.ok(Math.abs(loss(items) - loss([...other])) < 1e-5);
  assert.notEqual(loss(items, new Random(1)), loss(items));
});

test('the first token of each word has its class, others and special tokens none', () => {
  const own = { ...dev, examples: [{ tokens: ['the', 'films', 'notaword', 'is'], tags: [3, 1, 0, 2] }] };
  const [{ ids, classes }] = tokenClassification.encode(own, tokenizer, complete(settings));
  assert.deepEqual(ids.map((id) => tokenizer.tokenOf(id)), ['[CLS]', 'the', 'film', '##s', '[UNK]', 'is', '[SEP]']); // biome-ignore format: one line
  assert.deepEqual(classes, [-100, 3, 1, -100, 0, 2, -100]);
});

test('a sentence that is too long is cut between words, and no word is lost', () => {
  const long = [['the', 'films', 'is', '', 'books', 'plays', 'a'], [], ['films']];
  const windows = wordWindows(long, tokenizer, 5);
  const texts = windows.map(({ ids }) =>
    ids
      .slice(1, -1)
      .map((id) => tokenizer.tokenOf(id))
      .join(' '),
  );
  assert.deepEqual(texts, ['the film ##s', 'is book ##s', 'play ##s a', 'film ##s']);
  assert.deepEqual(windows.map(({ sentence, words }) => [sentence, ...words]), [[0, 0, 1], [0, 2, 4], [0, 5, 6], [2, 0]]); // biome-ignore format: one line
  assert.deepEqual(windows.map(({ firsts }) => firsts), [[1, 2], [1, 2], [1, 3], [1]]); // biome-ignore format: one line
  const [narrow] = wordWindows([['films']], tokenizer, 3);
  assert.deepEqual([narrow.ids.length, narrow.words], [3, [0]], 'of one word alone the end is cut off');
});

test('a run learns to find entities, is saved, and is evaluated again with the same scores', async () => {
  const again = await evaluateRun(finished);
  assert.deepEqual([again.data, again.examples], ['dev.conll', dev.examples.length]);
  assert.deepEqual(Object.keys(again.metrics), ['f1', 'precision', 'recall', 'accuracy']);
  assert.ok(again.metrics.f1 > 0.9, JSON.stringify(again.metrics));
  const { model, run } = loadRun(finished, { task: tokenClassification });
  assert.deepEqual([run.labels, run.metrics], [labels, ['f1', 'precision', 'recall', 'accuracy']]);
  const other = await evaluateRun(finished, {
    settings: complete({ ...settings, data: join(folder, 'train.conll'), evalData: join(folder, 'dev.conll') }),
  });
  assert.deepEqual(other.metrics, again.metrics);

  const untrained = await prepareRun(complete(settings));
  const before = (await untrained.evaluation?.judge(untrained.model.network))?.scores;
  assert.ok(before && before.f1 < again.metrics.f1 - 0.3, JSON.stringify(before));
  assert.equal(model.labels?.length, 4);
});

test('scores are those of seqeval for the tags of all words, whatever the batches and the order', async () => {
  const { model } = loadRun(finished, { task: tokenClassification });
  const found = await findEntities(model.network, tokenizer, sentences, { maxLength: 16 });
  const written = sentences.map((words, i) => {
    const own = words.map(() => 'O');
    const starts = words.map((_, w) => words.slice(0, w).join(' ').length + Math.min(w, 1));
    for (const { label, start, end } of found[i]) {
      for (const [w, at] of starts.entries())
        if (at >= start && at < end) own[w] = `${at === start ? 'B' : 'I'}-${label}`;
    }
    return own;
  });
  const { micro } = entityReport(written, tags);
  const scores = await evaluateTags(model.network, wordWindows(sentences, tokenizer, 16), tags, { batchSize: 3 });
  assert.deepEqual([scores.f1, scores.precision, scores.recall], [micro.f1, micro.precision, micro.recall]);
  const [some, theirs] = permuted(5, sentences, tags);
  assert.deepEqual(await evaluateTags(model.network, wordWindows(some, tokenizer, 16), theirs), scores);
});

test('entities have their label, probability, text and place, also in texts of any length', async () => {
  const { model } = loadRun(finished, { task: tokenClassification });
  const text = ' the  film is\tvery good.';
  const [found, none] = await findEntities(model.network, tokenizer, [text, ''], { maxLength: 16 });
  assert.deepEqual(none, []);
  assert.deepEqual(found.map(({ label, text: own }) => [label, own]), [['THING', 'film'], ['JUDGE', 'very good']]); // biome-ignore format: one line
  for (const { text: own, start, end, score } of found) {
    assert.equal(text.slice(start, end), own);
    assert.ok(score > 0 && score <= 1);
  }
  const long = Array.from({ length: 12 }, () => 'the film is very good .').join(' ');
  const [all] = await findEntities(model.network, tokenizer, [long], { maxLength: 16 });
  assert.ok(all.length >= 20, `${all.length} entities in 12 sentences`);
});

for (const pruning of ['grasp', 'fisher'] as const) {
  test(`${pruning} prunes by the loss of the task`, async () => {
    const grasp = pruning === 'grasp' ? { graspTemperature: 200 } : {};
    const result = await tinyRun(place(), { settings: { ...settings, pruning, ...grasp, epochs: 1 } });
    assert.ok(result.status === 'finished' && result.config.pruning);
    assert.ok(result.config.pruning.kept < result.config.pruning.total);
  });
}

test('a run that is stopped and resumed ends with the same weights', async () => {
  const short = { ...settings, epochs: 2 };
  const [whole, stopped] = [place(), place()];
  await tinyRun(whole, { settings: short });
  await stoppedRun(stopped, 2, { settings: short });
  await tinyRun(stopped, { settings: short, resume: true });
  assert.deepEqual(weightsOf(stopped), weightsOf(whole));
});

const weightsOf = (output: string) => loadRun(output).model.saved.map(({ name, value }) => [name, value.dataSync()]);
/** Without the report: texts of the evaluation data do not leave the run. */
const filesOf = (at: string) =>
  Object.fromEntries(
    readdirSync(at)
      .filter((name) => !name.startsWith('report.'))
      .map((name) => [name, readFileSync(join(at, name), 'latin1')]),
  );

const lora = { kind: 'lora', rank: 2, init: 'bert' } as const;
for (const [to, adapter] of [
  ['adapterhub', { kind: 'houlsby', bottleneck: 4 }],
  ['peft', lora],
] as const) {
  test(`${to} and back is the same run, and without what we leave there it is for the same task`, async () => {
    const [run, there, back] = [place(), place(), place()];
    await tinyRun(run, { settings: { ...settings, ...dense, adapter, epochs: 1 } });
    await convertAdapter(run, there, { to });
    const config = JSON.parse(filesOf(there)[to === 'peft' ? 'adapter_config.json' : 'head_config.json']);
    if (to === 'peft')
      assert.deepEqual([config.task_type, config.modules_to_save], ['TOKEN_CLS', ['classifier', 'score']]);
    else assert.equal(config.model_class, 'BertForTokenClassification');
    await convertAdapter(there, back, { to: 'sparse' });
    assert.deepEqual(filesOf(back), filesOf(run));

    assert.ok(existsSync(join(there, 'sparse-adapter-run.json')));
    rmSync(join(there, 'sparse-adapter-run.json'));
    const ours = await load(run, { task: 'token-classification' });
    const theirs = await load(there, { task: 'token-classification', ...(to === 'peft' && { labels }) });
    assert.deepEqual(theirs.labels, labels);
    const text = 'the film is very good.';
    assert.deepEqual(await theirs.predict(text), await ours.predict(text));
  });
}

test('a merged checkpoint names class and labels, and finds the same', async () => {
  const merged = place();
  await convertAdapter(finished, merged, { to: 'huggingface' }).catch(async (error) => {
    // A bottleneck is no part of a checkpoint of transformers; LoRA is.
    assert.match(String(error), /merge/);
    const run = place();
    await tinyRun(run, { settings: { ...settings, ...dense, adapter: lora, epochs: 1 } });
    await convertAdapter(run, merged, { to: 'huggingface' });
    const [ours, theirs] = [await load(run), await load(merged)];
    assert.ok(ours instanceof TokenClassifier && theirs instanceof TokenClassifier);
    const [one, other] = await Promise.all([ours, theirs].map((model) => model.predict('the film is very good.')));
    assert.deepEqual(other.map(({ label, start, end }) => [label, start, end]), one.map(({ label, start, end }) => [label, start, end])); // biome-ignore format: one line
  });
  const config = JSON.parse(filesOf(merged)['config.json']);
  assert.deepEqual(config.architectures, ['BertForTokenClassification']);
  assert.deepEqual(config.id2label, { ...labels });
});

test('a program trains, predicts and saves a tagger', async () => {
  const rows = dev.examples.map(({ tokens }, i) => ({ tokens, tags: tags[i] }));
  using model = await TokenClassifier.fromPretrained(tinyFolder(), { labels, maxLength: 16 });
  model.addAdapter({ kind: 'houlsby', bottleneck: 4 });
  const { metrics } = await model.fit(rows, { evalData: rows, epochs: 20, learningRate: 0.02, batchSize: 4 });
  assert.ok((metrics?.f1 ?? 0) > 0.8, JSON.stringify(metrics));
  assert.deepEqual(await model.evaluate(rows), metrics);
  const [spans] = await model.predict([{ tokens: ['the', 'film', 'is', 'very', 'good', '.'] }]);
  for (const { text, start, end } of spans) assert.equal('the film is very good .'.slice(start, end), text);
  const output = place();
  await model.savePretrained(output);
  const again = await load(output, { task: 'token-classification' });
  assert.deepEqual(await again.predict('the film is very good .'), spans);
  await assertRejectsInput(() => model.predict({ words: ['a'] } as never), /field "words".*tokens/);
  await assertRejectsInput(() => model.predict(5 as never), /inputs\[0\] is 5; it must be a text, or a list of words/);
});

test('another task is refused by name', async () => {
  await assertRejectsInput(
    () => evaluateRun(finished, { settings: complete(tinySettings) }),
    /was trained for token-classification; give data/,
  );
  await assertRejectsInput(() => load(finished, { task: 'text-classification' }), /trained for token-classification/);
});

test.run();
