import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type AdaptableModel,
  attachAdapter,
  type BottleneckInit,
  freezeBackbone,
  houlsby,
} from '../../src/adapters/index.ts';
import { grad, mul, Random, type Tensor, tensor, tidy } from '../../src/index.ts';
import {
  isHeadParameter,
  Pass,
  packSequences,
  ResidualPoint,
  type SequenceClassifier,
} from '../../src/models/index.ts';
import { ParameterPath } from '../../src/nn/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { tinyBert, tinyClassifier } from '../support/tiny-model.ts';
import { range } from '../support/values.ts';

const test = suite('adapters: Houlsby');
useBackend(test, 'reference');

const texts = [{ ids: [2, 14, 8, 18, 3] }, { ids: [2, 22, 3], typeIds: [0, 0, 1] }];
const forward = (model: SequenceClassifier, random?: Random): Tensor =>
  model.forward(packSequences(texts, model.encoder.positionIds), random);
const logits = (model: SequenceClassifier, random?: Random): number[] =>
  Array.from(tidy(() => forward(model, random)).dataSync());

/** The parts of a model that adapters need. */
function bare(layers: number, hiddenSize: number): AdaptableModel {
  const root = ParameterPath.root(new Random(1));
  const residual = range(layers).flatMap((i) => [
    new ResidualPoint(`bert.encoder.layer.${i}.attention.output`, 'attention', hiddenSize),
    new ResidualPoint(`bert.encoder.layer.${i}.output`, 'feedForward', hiddenSize),
  ]);
  const points = { path: 'bert', residual, projection: [], attention: [] };
  return { points, root, parameters: () => root.parameters() };
}

test('both forms have the names and shapes of their origin', () => {
  const names = (form: 'adapterhub' | 'sparse-adapter', name?: string) =>
    attachAdapter(bare(1, 4), houlsby.configure({ bottleneck: 3, form }), name).parameters.map((p) => [
      p.name,
      p.shape,
    ]);
  const hub = (point: string, adapter: string) => [
    [`${point}.adapters.${adapter}.adapter_down.0.weight`, [3, 4]],
    [`${point}.adapters.${adapter}.adapter_down.0.bias`, [3]],
    [`${point}.adapters.${adapter}.adapter_up.weight`, [4, 3]],
    [`${point}.adapters.${adapter}.adapter_up.bias`, [4]],
  ];
  const [attention, output] = ['bert.encoder.layer.0.attention.output', 'bert.encoder.layer.0.output'];
  assert.deepEqual(names('adapterhub'), [...hub(attention, 'default'), ...hub(output, 'default')]);
  assert.deepEqual(names('adapterhub', 'task'), [...hub(attention, 'task'), ...hub(output, 'task')]);
  const repository = (place: string) => [
    [`${place}.default.adapter_layer_norm_before.weight`, [4]],
    [`${place}.default.adapter_layer_norm_before.bias`, [4]],
    [`${place}.default.down_proj.weight`, [3, 4]],
    [`${place}.default.down_proj.bias`, [3]],
    [`${place}.default.up_proj.weight`, [4, 3]],
    [`${place}.default.up_proj.bias`, [4]],
  ];
  assert.deepEqual(names('sparse-adapter'), [
    ...repository(`${attention}.ef_attn_adapter`),
    ...repository(`${output}.ef_ffn_adapter`),
  ]);
});

onEveryBackend(test, 'the output is norm(h + up(f(down(h))) + x), for the authors with a layer norm before', () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const normalised = ([a, b]: number[]) => {
    const half = (a - b) / 2;
    const unit = half / Math.sqrt(half * half + 1e-5);
    return [3 * unit + 1, -3 * unit + 1];
  };
  const forms = [
    { form: 'adapterhub', before: (h: number[]) => h, f: (x: number) => x * sigmoid(x) },
    { form: 'sparse-adapter', before: normalised, f: (x: number) => Math.max(0, x) },
  ] as const;
  for (const { form, before, f } of forms) {
    const model = bare(1, 2);
    const { parameters } = attachAdapter(model, houlsby.configure({ bottleneck: 1, form }));
    const [point] = model.points.residual;
    const numbers = { 'layer_norm_before.weight': [3, 3], 'layer_norm_before.bias': [1, 1], 'down.*weight': [0.5, -2] };
    const rest = { 'down.*bias': [0.25], 'up.*weight': [4, -3], 'up.*bias': [10, 20] };
    for (const [pattern, values] of Object.entries({ ...numbers, ...rest })) {
      const own = parameters.filter(({ name }) => name.startsWith(point.name) && new RegExp(pattern).test(name));
      for (const parameter of own) parameter.load(values, null);
    }
    const pass = new Pass(Int32Array.of(0, 1));
    const h = [1.5, 0.5];
    const [a, b] = before(h);
    const inner = f(0.5 * a - 2 * b + 0.25);
    // x is [100, 200], and the norm of this test doubles.
    const expected = [2 * (h[0] + 4 * inner + 10 + 100), 2 * (h[1] - 3 * inner + 20 + 200)];
    const y = point.forward(tensor([h]), { x: tensor([[100, 200]]), norm: (t) => mul(t, 2), pass });
    assertClose(y, { shape: [1, 2], values: expected }, 1e-6);
  }
});

test('on BERT-base a bottleneck of 64 has 2,359,296 weights and 19,968 biases', () => {
  const adapter = attachAdapter(bare(12, 768), houlsby.configure({ init: 'mam_adapter' }));
  const count = (parameters: typeof adapter.parameters) => parameters.reduce((sum, { size }) => sum + size, 0);
  assert.equal(adapter.parameters.length, 96);
  assert.equal(count(adapter.prunable), 2_359_296);
  assert.equal(count(adapter.parameters) - count(adapter.prunable), 19_968);
  assert.ok(adapter.prunable.every(({ name }) => /adapter_(down\.0|up)\.weight$/.test(name)));
});

test('init draws the matrices and leaves biases 0', () => {
  const std = (values: ArrayLike<number>) =>
    Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0) / values.length);
  const expected: { [Init in BottleneckInit]: [number, number] } = {
    bert: [0.02, 0.02],
    houlsby: [0.0088, 0.0088],
    mam_adapter: [1 / Math.sqrt(3 * 64), 0],
  };
  for (const [init, [down, up]] of Object.entries(expected)) {
    const { parameters } = attachAdapter(
      bare(2, 64),
      houlsby.configure({ bottleneck: 32, init: init as BottleneckInit }),
    );
    for (const { name, value } of parameters) {
      const wanted = name.endsWith('bias') ? 0 : name.includes('down') ? down : up;
      const found = std(value.dataSync());
      // 2,048 draws: five standard errors are 8 %.
      assert.ok(Math.abs(found - wanted) <= 0.08 * wanted, `${init} ${name}: ${found}, not ${wanted}`);
    }
    const weights = parameters.filter(({ name }) => name.endsWith('down.0.weight'));
    assert.equal(new Set(weights.map(({ value }) => value.dataSync()[0])).size, 4, 'each matrix has its own numbers');
  }
});

test('the same seed draws the same adapter, whatever is around it', () => {
  const values = (model: AdaptableModel) =>
    attachAdapter(model, houlsby.configure({ bottleneck: 3 })).parameters.map(({ value }) =>
      Array.from(value.dataSync()),
    );
  assert.deepEqual(values(tinyClassifier()), values(tinyClassifier({ labels: null, pooling: 'mean' })));
  assert.notDeepEqual(values(tinyClassifier()), values(tinyClassifier(undefined, { seed: 2 })));
});

onEveryBackend(test, 'with a zero up projection the model is as it was, to the last bit', () => {
  const model = tinyClassifier();
  const before = [logits(model), logits(model, new Random('dropout'))];
  attachAdapter(model, houlsby.configure({ bottleneck: 4, init: 'mam_adapter' }));
  assert.deepEqual([logits(model), logits(model, new Random('dropout'))], before);
});

onEveryBackend(test, 'an adapter changes the output, and detaching it restores the earlier one', () => {
  for (const form of ['adapterhub', 'sparse-adapter'] as const) {
    const model = tinyClassifier();
    const before = logits(model);
    const names = model.parameters().map(({ name }) => name);
    const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4, form }));
    assert.notDeepEqual(logits(model), before);
    adapter.detach();
    assert.deepEqual(logits(model), before);
    assert.deepEqual(
      model.parameters().map(({ name }) => name),
      names,
    );
    adapter.detach();
    assert.deepEqual(logits(model), before);
  }
});

test('one adapter at a time: another one under any name needs the first to be detached', () => {
  const model = tinyClassifier();
  const first = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
  const withFirst = logits(model);
  assert.throws(
    () => attachAdapter(model, houlsby.configure({ bottleneck: 4 }), 'other'),
    /bert\.encoder\.layer\.0\.attention\.output .*detach/,
  );
  assert.deepEqual(logits(model), withFirst);
  first.detach();
  const second = attachAdapter(model, houlsby.configure({ bottleneck: 2 }));
  const withSecond = logits(model);
  assert.notDeepEqual(withSecond, withFirst);
  first.detach();
  assert.deepEqual(logits(model), withSecond);
  assert.ok(second.parameters.every((parameter) => model.parameters().includes(parameter)));
});

onEveryBackend(test, 'only adapter and head are part of a gradient', () => {
  const model = tinyClassifier();
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
  freezeBackbone(model, adapter, isHeadParameter);
  const trained = model.parameters().filter(({ trainable }) => trainable);
  assert.deepEqual(trained, [
    ...model.parameters().filter((p) => isHeadParameter(p) && !adapter.parameters.includes(p)),
    ...adapter.parameters,
  ]);
  const [embeddings, ...layers] = model.encoder.hiddenStates(packSequences(texts, model.encoder.positionIds));
  assert.equal(embeddings.requiresGrad, false);
  assert.ok(layers.every(({ requiresGrad }) => requiresGrad));

  model.loss(forward(model), [0, 1]).backward();
  for (const parameter of model.parameters()) {
    const isTrained = trained.includes(parameter);
    assert.equal(parameter.value.grad !== null, isTrained, parameter.name);
    if (isTrained)
      assert.ok(
        parameter.value.grad?.dataSync().some((g) => g !== 0),
        parameter.name,
      );
    else
      assert.throws(() => grad(model.loss(forward(model), [0, 1]), [parameter.value]), /does not require a gradient/);
  }
});

test('a frozen head leaves the adapter alone to train', () => {
  const model = tinyClassifier();
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
  freezeBackbone(model, adapter, () => false);
  assert.deepEqual(
    model.parameters().filter(({ trainable }) => trainable),
    adapter.parameters,
  );
});

test('inner dropout of the sparse-adapter form is on with a generator alone', () => {
  const config = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const model = tinyClassifier(undefined, { config: { ...tinyBert, ...config } });
  attachAdapter(model, houlsby.configure({ bottleneck: 8, form: 'sparse-adapter', dropout: 0.5 }));
  assert.deepEqual(logits(model), logits(model));
  assert.notDeepEqual(logits(model, new Random(1)), logits(model));
  assert.deepEqual(logits(model, new Random(1)), logits(model, new Random(1)));
});

test('a bottleneck that is no positive whole number is an error', () => {
  for (const bottleneck of [0, -1, 1.5, Number.NaN]) {
    assertInputError(
      () => attachAdapter(bare(1, 4), houlsby.configure({ bottleneck })),
      /houlsby: bottleneck must be a whole number above 0, not/,
    );
  }
});

test('a trained scale starts at 1, whatever the family scales by', () => {
  const model = tinyClassifier();
  const { parameters } = attachAdapter(model, { kind: 'parallel', bottleneck: 2, scale: 'learned' });
  const scales = parameters.filter(({ name }) => name.endsWith('.scaling'));
  assert.deepEqual(
    scales.map(({ value }) => [...value.dataSync()]),
    [[1], [1]],
  );
  assertInputError(
    () => attachAdapter(tinyClassifier(), { kind: 'parallel', scale: 'learnt' }),
    /^parallel: scale must be a number above 0, 'learned' or 'channel', not "learnt"/,
  );
});

test.run();
