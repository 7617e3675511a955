import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, attachAdapter, shira, toSparseTensors } from '../../src/adapters/index.ts';
import { grad, Random, tidy } from '../../src/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { chosenSettings } from '../../src/training/index.ts';
import { liven, logits, logitsTensor } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { tinySettings } from '../support/tiny-run.ts';
import { total } from '../support/values.ts';

const test = suite('adapters: SHiRA');
useBackend(test, 'reference');

const settings = shira.configure({ rank: 2, targetModules: ['query', 'output.dense'] });

/** The weight of the backbone that a change belongs to. */
function weightUnder(change: Parameter, all: readonly Parameter[]): Parameter {
  const found = all.find(({ name }) => name === change.name.replace('shira_weight.default', 'weight'));
  assert.ok(found);
  return found;
}

onEveryBackend(test, 'a layer computes with W and the changes of r (in + out) random weights', () => {
  const model = tinyClassifier();
  const { parameters } = attachAdapter(model, settings);
  assert.deepEqual(
    parameters.map((parameter) => parameter.keptCount()),
    parameters.map(({ shape: [out, inner] }) => Math.min(2 * (out + inner), out * inner)),
  );
  liven({ parameters });
  const plain = tinyClassifier();
  for (const change of parameters) {
    const weight = weightUnder(change, plain.parameters());
    const changes = weightsOf(change);
    assert.equal(total((maskOf(change) ?? []).filter((kept, i) => kept === 0 && changes[i] !== 0)), 0);
    weight.load(
      weightsOf(weight).map((w, i) => w + changes[i]),
      null,
    );
  }
  tidy(() => assertClose(logitsTensor(model), { shape: [2, 2], values: logits(plain) }, 1e-5));
});

test('places follow from the seed of the model and are others in each layer', () => {
  const masks = (seed: number) =>
    attachAdapter(tinyClassifier(undefined, { seed }), settings).parameters.map((change) => String(maskOf(change)));
  assert.deepEqual(masks(1), masks(1));
  assert.notDeepEqual(masks(1), masks(2));
  assert.equal(new Set(masks(1)).size, 6);
});

test('a rank with more weights than a layer has takes all of them', () => {
  const { parameters } = attachAdapter(tinyClassifier(), shira({ rank: 9 }));
  assert.ok(parameters.every((change) => change.keptCount() === change.size));
});

onEveryBackend(test, 'pruning chooses by the weights of the backbone: magnitude keeps the largest', async () => {
  const model = tinyClassifier();
  const { parameters, parts } = attachAdapter(model, settings);
  await prune({ method: 'magnitude', sparsity: 0.75, parameters, base: parts.base, random: new Random(1), losses: [] });
  const sizes = parameters.flatMap((change) => weightsOf(weightUnder(change, model.parameters())).map(Math.abs));
  const kept = parameters.flatMap((change) => maskOf(change) ?? []);
  const smallest = Math.min(...sizes.filter((_, i) => kept[i] === 1));
  assert.ok(sizes.every((size, i) => kept[i] === 1 || size <= smallest));
  assert.equal(total(kept), sizes.length / 4);
  assert.ok(parameters.every((change) => weightsOf(change).every((w) => w === 0)));
});

onEveryBackend(test, 'SNIP keeps the weights of the backbone with the largest effect on the loss', async () => {
  const model = tinyClassifier();
  const { parameters, parts } = attachAdapter(model, settings);
  const loss = () => model.loss(logitsTensor(model), [0, 1]);
  const scores = tidy(() => {
    const weights = parameters.map((change) => weightUnder(change, model.parameters()));
    const gradients = grad(
      loss(),
      weights.map(({ value }) => value),
    ).map((g) => g.dataSync());
    return weights.flatMap((weight, i) => weightsOf(weight).map((w, j) => Math.abs(w * gradients[i][j])));
  });
  await prune({ method: 'snip', sparsity: 0.9, parameters, base: parts.base, random: new Random(1), losses: [loss] });
  const kept = parameters.flatMap((change) => maskOf(change) ?? []);
  const threshold = scores.toSorted((x, y) => y - x)[total(kept) - 1];
  assert.ok(scores.every((score, i) => (kept[i] === 1 ? score >= 0.999 * threshold : score <= 1.001 * threshold)));
});

test('GraSP, Fisher, SynFlow and random choose, too', async () => {
  for (const method of ['grasp', 'fisher', 'synflow', 'random', 'er']) {
    const model = tinyClassifier();
    const { parameters, parts, chains } = attachAdapter(model, settings);
    const losses = [() => model.loss(logitsTensor(model), [0, 1])];
    const random = new Random(1);
    const iterations = 1;
    const { kept } = await prune({
      method,
      sparsity: 0.9,
      parameters,
      base: parts.base,
      random,
      losses,
      chains,
      iterations,
    });
    assert.equal(kept, Math.round(0.1 * total(parameters.map(({ size }) => size))), method);
  }
});

test('it is pruned when a method is asked for, and has random places by itself', () => {
  const chosen = (pruning?: string) =>
    chosenSettings({ ...tinySettings, pruningExamples: undefined, adapter: 'shira', pruning }).pruning;
  assert.deepEqual([chosen(), chosen('snip')], ['none', 'snip']);
});

onEveryBackend(test, 'merged, the backbone computes the same alone', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  liven(adapters.add('a', settings));
  adapters.activate('a');
  const before = logits(model);
  adapters.merge('a');
  tidy(() => assertClose(logitsTensor(model), { shape: [2, 2], values: before }, 1e-5));
  adapters.unmerge();
  assert.deepEqual(logits(model), before);
});

test('its file has the changed weights and a bit for each of the others', async () => {
  const { parameters } = attachAdapter(tinyClassifier(), settings);
  const { tensors } = await toSparseTensors(parameters);
  const [{ name, shape }, mask] = tensors;
  assert.deepEqual([name, shape], ['bert.encoder.layer.0.attention.self.query.shira_weight.default.values', [64]]);
  assert.deepEqual(mask.shape, [16 * 2]);
});

test.run();
