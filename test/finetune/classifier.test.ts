import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { suite } from 'uvu';
import { houlsby, lora } from '../../src/adapters/index.ts';
import { Classifier, load } from '../../src/finetune/index.ts';
import { grad, memory } from '../../src/index.ts';
import { AdamW, clipGradNorm, exceptBiasesAndNorms, linearSchedule } from '../../src/optim/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { readParameters } from '../support/parameters.ts';
import { reviewFolder } from '../support/reviews.ts';
import { tinyBert, tinyFolder, tinyTensors } from '../support/tiny-model.ts';

const test = suite('finetune: classifier');

const folder = tinyFolder();
const labels = ['negative', 'positive'];
const words = { negative: ['bad', 'poor', 'dull', 'weak'], positive: ['good', 'great', 'fine', 'nice'] };
const rows = Object.entries(words).flatMap(([label, all]) =>
  all.flatMap((word) => ['film', 'book', 'play'].map((thing) => ({ text: `the ${thing} is ${word}`, label }))),
);
const reviews = reviewFolder();

async function adapted(): Promise<Classifier> {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16 });
  model.addAdapter(houlsby({ bottleneck: 4 }));
  return model;
}

test('a model is made, pruned, trained, saved and loaded, and says the same', async () => {
  const model = await adapted();
  const report = await model.prune({ method: 'snip', sparsity: 0.5, data: rows });
  assert.equal(report.kept * 2, report.total);
  const trained = await model.fit(rows, { evalData: rows, epochs: 40, learningRate: 0.01, batchSize: 8 });
  assert.ok((trained.metrics?.accuracy ?? 0) > 0.6);
  assert.deepEqual(model.metrics, trained.metrics);
  assert.deepEqual(await model.evaluate(rows), trained.metrics);
  const answer = await model.predict('the film is great');
  assert.deepEqual(Object.keys(answer), ['label', 'score']);
  assert.ok(labels.includes(answer.label ?? '') && answer.score >= 0.5 && answer.score <= 1);
  const output = join(temporaryFolder(), 'run');
  await model.savePretrained(output);
  const again = await load(output, { task: 'text-classification' });
  assert.deepEqual(await again.predict('the film is great'), answer);
  const texts = ['the film is great', 'a dull book'];
  assert.deepEqual(await again.predict(texts), await model.predict(texts));
  assert.deepEqual(again.labels, labels);
  assert.ok(existsSync(join(output, 'adapter.safetensors')));
});

test('the loop of a program ends with the bits of fit', async () => {
  const settings = { batchSize: 8, epochs: 3, seed: 7 };
  const [one, other] = [await adapted(), await adapted()];
  for (const model of [one, other]) await model.prune({ method: 'magnitude', sparsity: 0.4 });
  const options = { learningRate: 0.01, weightDecay: 0.1, betas: [0.9, 0.98] as const };
  await one.fit(rows, { ...settings, ...options, maxGradNorm: 1, warmupRatio: 0.2 });

  const { parameters } = other.trainable;
  const optimizer = new AdamW(parameters, { ...options, decays: exceptBiasesAndNorms });
  for await (const batch of other.batches(rows, settings)) {
    const gradients = grad(
      other.loss(batch),
      parameters.map((parameter) => parameter.value),
    );
    optimizer.learningRate =
      options.learningRate * linearSchedule(batch.step, Math.ceil(0.2 * batch.totalSteps), batch.totalSteps);
    optimizer.step(clipGradNorm(gradients, 1));
  }
  assert.deepEqual(await readParameters(other.saved), await readParameters(one.saved));
});

test('a constant rate without clipping is the plainest loop', async () => {
  const [one, other] = [await adapted(), await adapted()];
  await one.fit(rows, {
    epochs: 2,
    batchSize: 5,
    lrSchedulerType: 'constant',
    learningRate: 1e-3,
    weightDecay: 0,
    betas: [0.9, 0.999],
    maxGradNorm: null,
  });
  const { parameters } = other.trainable;
  const optimizer = new AdamW(parameters, { learningRate: 1e-3, weightDecay: 0 });
  for await (const batch of other.batches(rows, { epochs: 2, batchSize: 5 })) {
    optimizer.step(
      grad(
        other.loss(batch),
        parameters.map((parameter) => parameter.value),
      ),
    );
  }
  assert.deepEqual(await readParameters(other.saved), await readParameters(one.saved));
});

test('what is trained is told in one line, and pruned weights do not count', async () => {
  const model = await adapted();
  const before = model.trainable;
  assert.match(String(before), /^trainable: [\d,]+ of [\d,]+ parameters \(\d+\.\d\d %\)$/);
  const { total, kept } = await model.prune({ method: 'random', sparsity: 0.75 });
  assert.equal(model.trainable.count, before.count - (total - kept));
});

test('data are paths, rows, and iterables that are opened for each epoch', async () => {
  const fromFile = await adapted();
  const train = join(reviews, 'train.csv');
  const columns = { text: 'text', label: 'mood' };
  const { steps } = await fromFile.fit(train, { ...columns, epochs: 1, evalData: join(reviews, 'dev.csv') });
  assert.equal(steps, 2);
  const openings: number[] = [];
  const counted = {
    async *[Symbol.asyncIterator]() {
      openings.push(openings.length);
      yield* rows;
    },
  };
  const model = await adapted();
  await model.fit(counted, { epochs: 3 });
  assert.equal(openings.length, 3);
  const [fromRows, fromIterable] = [await adapted(), await adapted()];
  const settings = { epochs: 2, batchSize: 8 };
  await fromRows.fit(rows, settings);
  await fromIterable.fit(new Set(rows), settings);
  assert.deepEqual(await readParameters(fromIterable.saved), await readParameters(fromRows.saved));
});

test('rows that come once are refused for more than one epoch', async () => {
  const once = function* () {
    yield* rows;
  };
  const stream = () => new ReadableStream({ start: (all) => all.close() }) as never;
  const model = await adapted();
  await assertRejectsInput(() => model.fit(once(), { epochs: 2 }), /data gives its rows once only.*2 epochs.*array/);
  await assertRejectsInput(() => model.fit(stream(), { epochs: 2 }), /data gives its rows once only.*2 epochs.*array/);
  await assertRejectsInput(() => model.fit(Readable.from(rows), { epochs: 2 }), /rows once only.*2 epochs.*array/);
  assert.equal((await model.fit(once(), { epochs: 1, batchSize: 8 })).steps, 3);
  await assertRejectsInput(async () => {
    for await (const _ of model.batches(once(), { epochs: 2 })) assert.fail('a batch');
  }, /once only/);
});

test('an iterable with another number of rows in a later epoch is refused', async () => {
  let count = 0;
  const fewer = {
    *[Symbol.iterator]() {
      yield* rows.slice(count++);
    },
  };
  const model = await adapted();
  await assertRejectsInput(() => model.fit(fewer, { epochs: 2 }), /24 examples in the first epoch and have 23 now/);
});

test('pairs of texts are text and textPair', async () => {
  const pairs = rows.map(({ text, label }) => ({ text: text.slice(0, 8), textPair: text.slice(9), label }));
  const model = await adapted();
  await model.fit(pairs, { epochs: 1 });
  const answer = await model.predict({ text: 'the film', textPair: 'is good' });
  assert.ok(answer.score >= 0.5);
});

test('LoRA that starts as zeros cannot be pruned by SNIP, and the error says how it can', async () => {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16 });
  model.addAdapter(lora({ rank: 2 }));
  await assertRejectsInput(() => model.prune({ method: 'snip', sparsity: 0.5, data: rows }), /init 'bert'/);
  const other = await Classifier.fromPretrained(folder, { labels, maxLength: 16 });
  other.addAdapter(lora({ rank: 2, init: 'bert' }));
  assert.ok(await other.prune({ method: 'snip', sparsity: 0.5, data: rows }));
});

test('fit and prune take the options of columns that batches and evaluate take', async () => {
  const model = await adapted();
  const columns = { problemType: 'single_label_classification', skipInvalid: true } as const;
  await model.prune({ method: 'snip', sparsity: 0.5, data: rows, ...columns });
  assert.ok(await model.fit(rows, { ...columns, epochs: 1, evalData: rows }));
});

test('a model whose pruning failed is not one that was pruned', async () => {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16 });
  model.addAdapter(lora({ rank: 2 }));
  const { settings } = model;
  await assertRejectsInput(() => model.prune({ method: 'snip', sparsity: 0.5, data: rows }), /init 'bert'/);
  assert.deepEqual(model.settings, settings);
  await assertRejectsInput(() => model.prune({ method: 'snip', largeSparse: 2, data: rows }), /init 'bert'/);
  assert.deepEqual(model.settings, settings);
  assert.equal(model.adapter.settings.rank, 2);
});

test('an adapter is pruned once, before it is trained', async () => {
  const again = /^The adapter is pruned already, .*begin with a new model\.$/;
  const pruned = await adapted();
  await pruned.prune({ method: 'random', sparsity: 0.4 });
  await assertRejectsInput(() => pruned.prune({ method: 'random', sparsity: 0.5 }), again);
  assert.equal(pruned.settings.sparsity, 0.4);
  const trained = await adapted();
  await trained.fit(rows, { epochs: 1 });
  const before = await readParameters(trained.saved);
  await assertRejectsInput(
    () => trained.prune({ method: 'magnitude', sparsity: 0.5 }),
    /^The adapter is trained already/,
  );
  assert.deepEqual(await readParameters(trained.saved), before);
  const output = join(temporaryFolder(), 'run');
  await trained.savePretrained(output);
  const loaded = await load(output, { task: 'text-classification' });
  await assertRejectsInput(
    () => loaded.prune({ method: 'magnitude', sparsity: 0.5 }),
    /^The adapter is trained already/,
  );
});

test('the seed of fit is that of order and dropout, and the settings keep the one that the weights were drawn with', async () => {
  const [one, other] = [await adapted(), await adapted()];
  await one.fit(rows, { epochs: 1 });
  await other.fit(rows, { epochs: 1, seed: 7 });
  assert.notDeepEqual(await readParameters(other.saved), await readParameters(one.saved));
  assert.equal(other.settings.seed, one.settings.seed);
});

test('a warm-up without a schedule that has one is refused, and none is stored', async () => {
  const model = await adapted();
  const constant = { epochs: 1, lrSchedulerType: 'constant' } as const;
  await assertRejectsInput(
    () => model.fit(rows, { ...constant, warmupRatio: 0.2 }),
    /^warmupRatio has no effect with lrSchedulerType constant; it is for linear, cosine, constant_with_warmup\.$/,
  );
  await model.fit(rows, constant);
  assert.equal(model.settings.warmupRatio, undefined);
});

test('a model without an adapter says how to get one', async () => {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16 });
  await assertRejectsInput(() => model.fit(rows), /has no adapter; give it one with addAdapter/);
  await assertRejectsInput(() => model.prune({ method: 'snip', data: rows }), /has no adapter/);
  await assertRejectsInput(() => model.savePretrained(join(temporaryFolder(), 'x')), /has no adapter/);
});

test('numbers are predicted without labels', async () => {
  const model = await Classifier.fromPretrained(folder, { labels: null, maxLength: 16 });
  model.addAdapter('pfeiffer');
  const scores = rows.map(({ text }, i) => ({ text, label: i / 10 }));
  const { metrics } = await model.fit(scores, { evalData: scores, epochs: 1 });
  assert.deepEqual(Object.keys(metrics ?? {}), ['pearson', 'spearman']);
  const answer = await model.predict('the film is good');
  assert.equal(answer.label, null);
  assert.ok(Number.isFinite(answer.score));
});

test('a checkpoint without a head needs labels, one with a head predicts at once', async () => {
  await assertRejectsInput(() => Classifier.fromPretrained(folder), /head/);
  const own = await load(
    tinyFolder({
      config: { ...tinyBert, architectures: ['BertForSequenceClassification'] },
      tensors: tinyTensors(tinyBert, 2),
    }),
    { task: 'text-classification' },
  );
  assert.deepEqual((await own.predict(['the film is good'])).length, 1);
});

test('large-sparse pruning makes the adapter wider and keeps as many weights', async () => {
  const model = await adapted();
  const { kept: narrow } = await (await adapted()).prune({ method: 'random', sparsity: 0 });
  const { kept, total } = await model.prune({ method: 'random', largeSparse: 4 });
  assert.deepEqual([kept, total], [narrow, 4 * narrow]);
});

test('adapters are written for other libraries', async () => {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16 });
  model.addAdapter(lora({ rank: 2, init: 'bert' }));
  const parent = temporaryFolder();
  const answer = await model.predict('the film is good');
  for (const format of ['peft', 'adapterhub'] as const) {
    const output = join(parent, format);
    await model.savePretrained(output, { format });
    const again = await load(output, { task: 'text-classification' });
    const { label, score } = await again.predict('the film is good');
    assert.equal(label, answer.label);
    assert.ok(Math.abs(score - answer.score) < 1e-6);
  }
  await model.savePretrained(join(parent, 'whole'), { format: 'huggingface' });
  const whole = await load(join(parent, 'whole'), { task: 'text-classification' });
  assert.ok(Math.abs((await whole.predict('the film is good')).score - answer.score) < 1e-5);
  await assertRejectsInput(() => model.savePretrained(join(parent, 'peft'), { format: 'peft' }), /overwrite/);
});

test('of several outputs none is lost: numbers have names, and several labels their own probabilities', async () => {
  const names = ['joy', 'anger', 'fear'];
  const checkpoint = (problem_type: string) => {
    const id2label = Object.fromEntries(names.entries());
    const config = { ...tinyBert, architectures: ['BertForSequenceClassification'], id2label, problem_type };
    return load(tinyFolder({ config, tensors: tinyTensors(config, 3) }), { task: 'text-classification' });
  };
  const numbers = await checkpoint('regression');
  await assertRejectsInput(
    () => numbers.predict('a film'),
    /gives 3 numbers for a text \(joy, anger, fear\); use predictScores/,
  );
  const [scores] = await numbers.predictScores(['a film']);
  assert.deepEqual(scores.map(({ label }) => label), names); // biome-ignore format: one line
  const several = await checkpoint('multi_label_classification');
  const [probabilities] = await several.predictScores(['a film']);
  for (const [i, { label, score }] of probabilities.entries()) {
    assert.equal(label, names[i]);
    assert.ok(Math.abs(score - 1 / (1 + Math.exp(-scores[i].score))) < 1e-6);
  }
});

test('a model gives its memory back', async () => {
  const before = memory().bytes;
  {
    using model = await adapted();
    await model.fit(rows, { epochs: 1 });
    assert.ok(memory().bytes > before);
  }
  assert.equal(memory().bytes, before);
});

test('a model is short when it is printed', async () => {
  const model = await adapted();
  assert.ok(inspect(model).length < 4000);
});

test.run();
