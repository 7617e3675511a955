import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { houlsby } from '../../src/adapters/index.ts';
import { Classifier, Embedder, type FromPretrainedOptions, load } from '../../src/finetune/index.ts';
import { memory } from '../../src/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { tinyFolder } from '../support/tiny-model.ts';

const test = suite('finetune: how the backbone is held');

const folder = tinyFolder();
const labels = ['negative', 'positive'];
const rows = ['bad', 'poor', 'good', 'great'].map((word, i) => ({
  text: `the film is ${word}`,
  label: labels[i >> 1],
}));

const isInt8 = (model: Pick<Classifier, 'network'>): boolean =>
  model.network.points.projection.every(({ linear }) => linear.weight.isInt8);

test('a model in int8 is pruned on its stored weights, then trained, saved and loaded in 8 bits', async () => {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16, backboneDtype: 'int8' });
  model.addAdapter(houlsby({ bottleneck: 4 }));
  await model.prune({ method: 'snip', sparsity: 0.5, data: rows });
  assert.ok(!isInt8(model));
  await model.fit(rows, { epochs: 2, batchSize: 4 });
  assert.ok(isInt8(model));
  await assertRejectsInput(() => model.prune({ method: 'snip', data: rows }), /pruned already/);
  const output = join(temporaryFolder(), 'run');
  await model.savePretrained(output);
  const again = await load(output, { task: 'text-classification' });
  assert.deepEqual(await again.predict('the film is great'), await model.predict('the film is great'));
  assert.ok(isInt8(again));
  await assertRejectsInput(
    () => again.savePretrained(join(temporaryFolder(), 'merged'), { format: 'huggingface' }),
    /load the model anew/,
  );
  await assertRejectsInput(() => load(output, { backboneDtype: 'int8' }), /as it was trained/);
});

test('the loop of a program trains in 8 bits too', async () => {
  const model = await Classifier.fromPretrained(folder, { labels, maxLength: 16, backboneDtype: 'int8' });
  model.addAdapter(houlsby({ bottleneck: 4 }));
  for await (const batch of model.batches(rows)) model.loss(batch).dispose();
  assert.ok(isInt8(model));
  await assertRejectsInput(() => model.prune({ method: 'snip', data: rows }), /held as int8/);
});

test('vectors of an embedder in int8 are near those of float32, and its weights are small', async () => {
  const embedded = async (options: FromPretrainedOptions = {}) => {
    const before = memory().bytes;
    const model = await Embedder.fromPretrained(folder, options);
    const vector = await model.embed('the film is great', { normalize: true });
    return { vector, bytes: memory().bytes - before };
  };
  const [{ vector: a, bytes }, { vector: b, bytes: fewer }] = [
    await embedded(),
    await embedded({ backboneDtype: 'int8' }),
  ];
  assert.ok(fewer < bytes, `${fewer} of ${bytes} bytes`);
  const cosine = a.reduce((sum, x, i) => sum + x * b[i], 0);
  assert.ok(cosine > 0.99 && cosine < 1, `${cosine}`);
  await assertRejectsInput(() => Embedder.fromPretrained(folder, { backboneDtype: 'int4' as 'int8' }), /int4/);
});

test.run();
