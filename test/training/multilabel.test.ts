import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { encodeExamples, readExamples } from '../../src/data/index.ts';
import { Classifier, load } from '../../src/finetune/index.ts';
import { Random, tidy } from '../../src/index.ts';
import { decideLabels, multilabelReport } from '../../src/metrics/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import {
  classification,
  classificationLoss,
  convertAdapter,
  evaluate,
  evaluateLabels,
  evaluateRun,
  type GivenSettings,
  loadRun,
  predict,
  RunCache,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { tinyBert, tinyClassifier, tinyFolder, tinyTensors } from '../support/tiny-model.ts';
import { complete, dense, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: several labels');
useBackend(test, 'wasm');

const labels = ['film', 'negative', 'positive'];
/** Of some texts no label holds. */
const rows = ['film', 'book', 'play', 'story'].flatMap((thing) =>
  ['good', 'great', 'bad', 'poor', 'old', 'new'].map((word) => {
    const mood = ['good', 'great'].includes(word) ? ['positive'] : ['bad', 'poor'].includes(word) ? ['negative'] : [];
    return { text: `the ${thing} is ${word}`, labels: [...(thing === 'film' ? ['film'] : []), ...mood] };
  }),
);
const csv = (some: typeof rows) =>
  `text,topics\n${some.map((row) => `${row.text},${row.labels.join(' | ')}\n`).join('')}`;
const folder = temporaryFolder({
  'train.csv': csv(rows),
  'dev.csv': csv(rows.filter((_, i) => i % 2 === 0)),
});
const settings: GivenSettings = {
  ...tinySettings,
  data: join(folder, 'train.csv'),
  evalData: join(folder, 'dev.csv'),
  label: 'topics',
  labelSeparator: '|',
  adapter: { kind: 'houlsby', bottleneck: 8 },
  learningRate: 0.02,
  epochs: 150,
};
const columns = {
  text: 'text',
  label: 'topics',
  labelSeparator: '|',
  problemType: 'multi_label_classification',
} as const;
const tokenizer = loadTokenizer(tinyFolder());
const { examples } = await readExamples(join(folder, 'dev.csv'), { ...columns, labels });
const items = encodeExamples(examples, tokenizer, 16);
const place = (): string => join(temporaryFolder(), 'run');
const finished = place();
test.before(async () => {
  assert.equal((await tinyRun(finished, { settings })).status, 'finished');
});

const tiny = () => tinyClassifier({ labels, problem: 'multi_label_classification' });

onEveryBackend(
  test,
  'the loss of a batch is the mean of its definition over all labels, whatever the order',
  async () => {
    const model = tiny();
    const loss = (batch: typeof items, random?: Random, temperature?: number) =>
      tidy(() => classificationLoss(model, batch, random, { temperature }).item());
    const predictions = await predict(model, items);
    const expected = (temperature: number) => {
      const losses = predictions.flatMap(({ logits }, i) =>
        logits.map((logit, label) => {
          const p = 1 / (1 + Math.exp(-logit / temperature));
          return -Math.log(items[i].labels?.includes(label) ? p : 1 - p);
        }),
      );
      return losses.reduce((a, b) => a + b, 0) / losses.length;
    };
    for (const temperature of [1, 200]) {
      assert.ok(Math.abs(loss(items, undefined, temperature) - expected(temperature)) < 1e-5);
    }
    assert.ok(Math.abs(loss([...permuted(2, items)[0]]) - loss(items)) < 1e-5);
    const alone = items.reduce((sum, item) => sum + loss([item]), 0) / items.length;
    assert.ok(Math.abs(alone - loss(items)) < 1e-5);
    assert.notEqual(loss(items, new Random(1)), loss(items));
  },
);

test('a run learns labels, is saved, and is evaluated again with the same scores', async () => {
  const again = await evaluateRun(finished);
  assert.deepEqual(Object.keys(again.metrics), ['f1_micro', 'f1_macro', 'f1_weighted', 'f1_samples', 'accuracy']);
  assert.ok(again.metrics.f1_micro > 0.8, JSON.stringify(again.metrics));
  const { model, run } = loadRun(finished, { task: classification });
  const { problemType, threshold, labelSeparator } = run.settings;
  assert.deepEqual(
    [run.labels, problemType, threshold, labelSeparator],
    [labels, 'multi_label_classification', 0.5, '|'],
  );
  const predictions = await predict(model.network, items, { batchSize: 2 });
  const logits = predictions.map((one) => [...one.logits]);
  const truth = examples.map((example) => labels.map((_, i) => Number(example.labels?.includes(i))));
  for (const threshold of [0.1, 0.5, 0.9]) {
    const report = multilabelReport(decideLabels(logits, threshold), truth);
    const scores = await evaluateLabels(model.network, items, { threshold });
    assert.deepEqual(
      [scores.f1_micro, scores.f1_macro, scores.f1_weighted, scores.f1_samples, scores.accuracy],
      [report.micro.f1, report.macro.f1, report.weighted.f1, report.samples.f1, report.subsetAccuracy],
    );
    const other = await evaluateRun(finished, { settings: { ...run.settings, threshold } });
    assert.deepEqual(other.metrics, scores);
  }
  assert.deepEqual(await evaluateLabels(model.network, [...permuted(3, items)[0]]), again.metrics);
});

test('runs with one cache and different thresholds are judged each by its own', async () => {
  using cache = { value: new RunCache(), [Symbol.dispose]: () => cache.value.dispose() };
  const scoresWith = async (threshold: number) => {
    const result = await tinyRun(join(temporaryFolder(), 'run'), {
      settings: { ...settings, epochs: 1, threshold },
      cache: cache.value,
    });
    assert.ok(result.status === 'finished');
    return result.metrics.metrics;
  };
  const [all, none] = [await scoresWith(0), await scoresWith(1)];
  assert.ok(Number(all?.f1_micro) > 0);
  assert.equal(none?.f1_micro, 0);
});

test('several labels, one or none are predicted, from the threshold on', async () => {
  const { model } = loadRun(finished, { task: classification });
  for (const threshold of [0, 0.3, 0.9, 1]) {
    for (const { probabilities, classes } of await predict(model.network, items, { threshold })) {
      const all = labels.map((_, i) => i);
      assert.deepEqual(classes, all.filter((i) => (probabilities ?? [])[i] >= threshold)); // biome-ignore format: one line
    }
  }
  const classifier = await load(finished, { task: 'text-classification' });
  const [both, none] = await classifier.predictLabels(['the film is good', 'the book is old']);
  assert.deepEqual(both.map(({ label }) => label).sort(), ['film', 'positive']);
  assert.ok(both[0].score >= both[1].score);
  assert.deepEqual(none, []);
  const [all] = await classifier.predictLabels(['the book is old'], { threshold: 0 });
  assert.equal(all.length, 3);
});

test('a run that is stopped and resumed ends with the same weights, whatever scores prune it', async () => {
  const short = { ...settings, pruning: 'grasp', epochs: 2 };
  const [whole, stopped] = [place(), place()];
  await tinyRun(whole, { settings: short });
  await stoppedRun(stopped, 2, { settings: short });
  await tinyRun(stopped, { settings: short, resume: true });
  const weights = (at: string) => loadRun(at).model.saved.map(({ name, value }) => [name, value.dataSync()]);
  assert.deepEqual(weights(stopped), weights(whole));
});

test('a program trains from rows with lists, and saves', async () => {
  const options = { labels, problemType: 'multi_label_classification', maxLength: 16 } as const;
  using model = await Classifier.fromPretrained(tinyFolder(), options);
  model.addAdapter({ kind: 'houlsby', bottleneck: 8 });
  const { metrics } = await model.fit(rows, {
    label: 'labels',
    evalData: rows,
    epochs: 120,
    learningRate: 0.02,
    batchSize: 8,
  });
  assert.ok((metrics?.f1_micro ?? 0) > 0.8, JSON.stringify(metrics));
  const output = place();
  await model.savePretrained(output);
  const again = await load(output, { task: 'text-classification' });
  const texts = rows.map(({ text }) => text);
  assert.deepEqual(await again.predictLabels(texts), await model.predictLabels(texts));
  const single = await Classifier.fromPretrained(tinyFolder(), { labels });
  await assertRejectsInput(() => single.predictLabels(['a']), /is for single_label_classification.* use predict/);
});

/** Without the report: texts of the evaluation data do not leave the run. */
const filesOf = (at: string) =>
  Object.fromEntries(
    readdirSync(at)
      .filter((name) => !name.startsWith('report.'))
      .map((name) => [name, readFileSync(join(at, name), 'latin1')]),
  );
const multilabel = { ...tinyBert, problem_type: 'multi_label_classification', id2label: { ...labels } };

test('peft and back is the same run; without what we leave there the backbone says that several can hold', async () => {
  const model = tinyFolder({ config: multilabel, tensors: tinyTensors(tinyBert) });
  const adapter = { kind: 'lora', rank: 2, init: 'bert' } as const;
  const [run, there, back, merged] = [place(), place(), place(), place()];
  await tinyRun(run, { settings: { ...settings, ...dense, model, adapter, epochs: 2 } });
  const { warnings } = await convertAdapter(run, there, { to: 'peft' });
  assert.match(warnings.join(), /give the base model problem_type="multi_label_classification"/);
  await convertAdapter(there, back, { to: 'sparse' });
  assert.deepEqual(filesOf(back), filesOf(run));
  rmSync(join(there, 'sparse-adapter-run.json'));
  await convertAdapter(run, merged, { to: 'huggingface' });
  const [ours, theirs, whole] = await Promise.all(
    [run, there, merged].map((at) => load(at, { task: 'text-classification' })),
  );
  const texts = rows.map(({ text }) => text);
  const expected = await ours.predictLabels(texts);
  assert.deepEqual(await theirs.predictLabels(texts), expected);
  const names = (all: typeof expected) => all.map((own) => own.map(({ label }) => label));
  assert.deepEqual(names(await whole.predictLabels(texts)), names(expected));
});

test('the head of a checkpoint for several labels is used for these, and trained on', async () => {
  const config = { ...multilabel, architectures: ['BertForSequenceClassification'] };
  const model = tinyFolder({ config, tensors: tinyTensors(tinyBert, 3) });
  const told: string[] = [];
  const events = { onWarning: (line: string) => told.push(line) };
  await tinyRun(place(), { settings: { ...settings, model, ignoreMismatchedSizes: false, epochs: 1 }, events });
  assert.match(told.join(), /head of the checkpoint is used, its outputs are film, negative, positive/);
  const own = await Classifier.fromPretrained(model, { maxLength: 16 });
  own.addAdapter({ kind: 'houlsby', bottleneck: 4 });
  await own.fit(rows, { label: 'labels', epochs: 1 });
  const output = place();
  await own.savePretrained(output);
  const again = await load(output, { task: 'text-classification' });
  assert.deepEqual(await again.predictLabels(['the film is good']), await own.predictLabels(['the film is good']));
});

test('what does not fit is refused in one line', async () => {
  const chosen = (more: GivenSettings) => async () => complete({ ...settings, ...more });
  await assertRejectsInput(
    chosen({ problemType: 'regression' }),
    /labelSeparator has no effect with problemType regression/,
  );
  await assertRejectsInput(
    chosen({ labelSeparator: undefined, threshold: 0.3 }),
    /threshold has no effect with problemType auto; it is for multi_label_classification/,
  );
  await assertRejectsInput(chosen({ threshold: 2 }), /threshold must be a number from 0 to 1/);
  const single = tinyClassifier({ labels });
  await assertRejectsInput(() => evaluateLabels(single, items), /gives one answer; use evaluate/);
  await assertRejectsInput(() => evaluate(tiny(), items, ['accuracy']), /evaluateLabels/);
  await assertRejectsInput(async () => classificationLoss(single, items), /has no label/);
  const one = encodeExamples([{ text: 'a', label: 1 }], tokenizer, 8);
  await assertRejectsInput(
    async () => classificationLoss(tiny(), one),
    /has no list of labels; read the data with --problem-type multi_label_classification/,
  );
  await assertRejectsInput(
    async () => classificationLoss(tiny(), [{ ...one[0], labels: [3] }]),
    /has the label 3; the model has 3 labels, from 0 to 2/,
  );
});

test.run();
