import assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { EncodedExample } from '../../src/data/index.ts';
import { Random } from '../../src/index.ts';
import {
  type GivenSettings,
  loadParts,
  openRunFolder,
  type PreparedRun,
  prepareRun,
  RunCache,
  type RunSettings,
  TaskModel,
  taskOf,
} from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { useBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';
import { tinyBert, tinyFolder, tinyTensors } from '../support/tiny-model.ts';
import { complete, dense, reviewData, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: preparation');
useBackend(test, 'wasm');

const names = (parameters: readonly { name: string }[]): string[] => parameters.map(({ name }) => name);
const changed = (changes: GivenSettings): RunSettings => complete({ ...tinySettings, ...changes });

/** The model of a run with the classes a and b, and its adapter. */
function built(changes: GivenSettings = {}) {
  const settings = changed(changes);
  const model = new TaskModel(loadParts(taskOf(settings), settings, ['a', 'b']));
  model.addAdapter(settings.adapter, settings.fused);
  return model;
}

test('adapter and head are trained and saved, the rest is frozen', () => {
  const { network, adapter, trainable, saved } = built();
  const head = ['bert.pooler.dense.weight', 'bert.pooler.dense.bias', 'classifier.weight', 'classifier.bias'];
  assert.deepEqual(names(saved), [...names(adapter.parameters), ...head]);
  assert.deepEqual(names(trainable.parameters).toSorted(), names(saved).toSorted());
  for (const parameter of network.parameters()) assert.equal(parameter.trainable, saved.includes(parameter));
});

test('a pooler of the checkpoint belongs to the frozen backbone', () => {
  const tensors = tinyTensors(tinyBert, 2).filter(({ name }) => !name.startsWith('classifier.'));
  const model = tinyFolder({ tensors });
  const { saved, adapter, ignored } = built({ model });
  assert.deepEqual(names(saved), [...names(adapter.parameters), 'classifier.weight', 'classifier.bias']);
  assert.deepEqual(ignored, []);
});

test('the same seed builds the same model', () => {
  const weights = (seed: number) => built({ seed }).saved.map(({ value }) => Array.from(value.dataSync()));
  assert.deepEqual(weights(1), weights(1));
  assert.notDeepEqual(weights(1), weights(2));
});

const metricsOf = ({ data }: PreparedRun) => (data.evaluation ?? data.train).metrics;

test('the kind of the labels decides about the head', async () => {
  const classes = await prepareRun(complete(tinySettings));
  assert.deepEqual(
    [classes.model.labels, metricsOf(classes)],
    [
      ['negative', 'positive'],
      ['accuracy', 'f1_macro'],
    ],
  );
  assert.deepEqual([classes.items.length, classes.evaluation?.size], [24, 8]);
  const scores = await prepareRun(changed({ ...reviewData('score') }));
  assert.deepEqual([scores.model.labels, metricsOf(scores)], [null, ['pearson', 'spearman']]);
});

test('runs that share a cache read and encode their data once, whatever their seeds', async () => {
  const cache = new RunCache();
  const prepared = async (seed: number) => prepareRun(changed({ seed }), {}, cache);
  const [one, other] = [await prepared(1), await prepared(2)];
  assert.equal(one.items, other.items);
  assert.equal(one.evaluation, other.evaluation);
  cache.dispose();
});

test('texts are cut to the length', async () => {
  const lengths = async (maxLength: number) =>
    ((await prepareRun(changed({ maxLength }))).items as EncodedExample[]).map(({ ids }) => ids.length);
  assert.ok((await lengths(16)).every((length) => length === 6));
  assert.ok((await lengths(4)).every((length) => length === 4));
});

test('a length without positions and a tokenizer of another model are errors', () => {
  const build = (changes: GivenSettings) => () => built(changes);
  assertInputError(build({ maxLength: 25 }), /max length 25 exceeds the 24 positions of .*; lower it/);
  build({ maxLength: 24 })();
  const config = { ...tinyBert, vocab_size: 29 };
  assertInputError(
    build({ model: tinyFolder({ config }) }),
    /the tokenizer has 30 tokens, the model 29; use the tokenizer that belongs to these weights/,
  );
});

test('pruning scores with a seeded sample of the examples, without dropout', async () => {
  const pruned = async (changes: GivenSettings) => {
    const { model, items } = await prepareRun(changed(changes));
    const report = await model.pruneAdapter(items);
    return { report, masks: model.adapter.prunable.map(maskOf) };
  };
  const pruning = { pruning: 'snip', sparsity: 0.5, pruningExamples: 6 };
  const first = await pruned(pruning);
  assert.equal(first.report?.kept, 256);
  assert.deepEqual(await pruned(pruning), first);
  assert.notDeepEqual((await pruned({ ...pruning, pruningExamples: 24 })).masks, first.masks);
  const all = await pruned({ ...pruning, pruningExamples: 24 });
  assert.deepEqual(await pruned({ ...pruning, pruningExamples: 1000 }), all, 'more than there are is all');
  const none = await pruned({ ...dense });
  assert.deepEqual([none.report, none.masks.every((mask) => mask === null)], [null, true]);
});

/** A model whose sample is drawn with a seed of its own; its weights are those of the settings. */
class Drawn extends TaskModel {
  seed = 0;

  override get random(): Random {
    return new Random(this.seed);
  }
}

test('the sample is drawn from all examples', async () => {
  const pruning = { pruning: 'snip', sparsity: 0.5, pruningExamples: 6 };
  const masks = async (seed: number) => {
    const settings = changed(pruning);
    const { data, items } = await prepareRun(settings);
    const model = new Drawn(loadParts(taskOf(settings), settings, data.train.labels));
    model.addAdapter(settings.adapter);
    model.seed = seed;
    await model.pruneAdapter(items);
    return model.adapter.prunable.map(maskOf);
  };
  assert.notDeepEqual(await masks(1), await masks(2));
});

test('an output folder is checked before the work', () => {
  const free = temporaryFolder();
  openRunFolder(free).close();
  for (const [file, message] of [
    [
      'sparse-adapter.json',
      /holds a finished run: choose another output folder, or replace it with --overwrite \(overwrite: true\)/,
    ],
    [
      'checkpoint.safetensors',
      /holds a stopped run: continue it with train --resume \(resume: true\), or replace it with --overwrite \(overwrite: true\)/,
    ],
  ] as const) {
    const folder = temporaryFolder({ [file]: '' });
    assertInputError(() => openRunFolder(folder), message);
    openRunFolder(folder, { overwrite: true }).close();
  }
  const foreign = temporaryFolder({ 'thesis.tex': '' });
  assertInputError(
    () => openRunFolder(foreign, { overwrite: true }),
    /holds "thesis\.tex", which is not an earlier output/,
  );
});

test.run();
