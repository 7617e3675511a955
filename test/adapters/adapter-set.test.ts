import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type AdapterParts,
  AdapterSet,
  adapterTitle,
  attachAdapter,
  batchSplit,
  completeSettings,
  defineFamily,
  freezeBackbone,
  fullFineTuning,
  houlsby,
  parallel,
  pfeiffer,
  registerFamily,
  stack,
} from '../../src/adapters/index.ts';
import { InputError } from '../../src/errors.ts';
import { add, memory, mul, tensor } from '../../src/index.ts';
import { Pass, ResidualPoint } from '../../src/models/index.ts';
import { type Parameter, ParameterPath } from '../../src/nn/index.ts';
import { Random } from '../../src/random/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { liven, logits, maskRandomly } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: sets and settings');
useBackend(test, 'reference');

test('a stack chains: each adapter changes what the one before has made of h', () => {
  const root = ParameterPath.root(new Random(1));
  const point = new ResidualPoint('layer.output', 'feedForward', 1);
  const points = { path: '', residual: [point], projection: [], attention: [] };
  const model = { points, root, parameters: () => root.parameters() };
  const adapters = new AdapterSet(model);
  const settings = { bottleneck: 1, activation: 'relu', scale: 1 } as const;
  // down 1, up 2, biases 0: h -> h + 2 relu(input)
  for (const [name, own] of [
    ['houlsby', houlsby.configure(settings)],
    ['pfeiffer', pfeiffer.configure(settings)],
    ['parallel', parallel.configure(settings)],
    ['scaled', parallel.configure({ ...settings, scale: 4 })],
  ] as const) {
    const [down, downBias, up, upBias] = adapters.add(name, own).parameters;
    down.load([1], null);
    up.load([2], null);
    for (const bias of [downBias, upBias]) bias.load([0], null);
  }
  const [h, x] = [3, 5];
  const norm = (t: number) => t / 10;
  const run = () =>
    point
      .forward(tensor([[h]]), { x: tensor([[x]]), norm: (t) => mul(t, 0.1), pass: new Pass(Int32Array.of(0, 1)) })
      .item();
  const steps: Record<string, (value: number) => number> = {
    houlsby: (value) => value + 2 * value,
    pfeiffer: (value) => value + 2 * norm(value + x),
    parallel: (value) => value + 2 * x,
    scaled: (value) => value + 8 * x,
  };
  for (const names of [
    [],
    ...Object.keys(steps).map((name) => [name]),
    ['houlsby', 'pfeiffer', 'scaled'],
    ['pfeiffer', 'houlsby'],
    ['parallel', 'parallel', 'houlsby'],
  ]) {
    adapters.activate(stack(...names));
    const expected = norm(names.reduce((value, name) => steps[name](value), h) + x);
    assertClose({ shape: [], values: [run()] }, { shape: [], values: [expected] }, 1e-6, names.join());
  }
});

test('full fine-tuning: deactivated, the pretrained weights are back; activated, the tuned ones with their masks', () => {
  const model = tinyClassifier();
  const bits = () => model.parameters().map(({ value }) => Array.from(value.dataSync()));
  const bare = bits();
  const adapters = new AdapterSet(model);
  const tuned = adapters.add('tuned', fullFineTuning.configure());
  const other = adapters.add('other', fullFineTuning.configure());
  assert.deepEqual(tuned.parameters.length, model.parameters().length - 4, 'all but pooler and classifier');
  adapters.activate('tuned');
  assert.deepEqual(bits(), bare);
  freezeBackbone(model, tuned);
  assert.ok(model.parameters().every(({ trainable }) => trainable));
  liven(tuned, 1);
  maskRandomly(tuned.parameters.slice(5, 7));
  const [trained, output] = [bits(), logits(model)];
  adapters.activate('other');
  assert.deepEqual(bits(), bare);
  assert.ok(tuned.parameters.every(({ isPruned }) => !isPruned));
  liven(other, 2);
  adapters.activate('tuned');
  assert.deepEqual(bits(), trained);
  assert.deepEqual(logits(model), output);
  assert.ok(tuned.parameters.slice(5, 7).every(({ isPruned }) => isPruned));
  adapters.remove('tuned');
  assert.deepEqual(bits(), bare);
  assertInputError(() => adapters.activate('tuned'), /no adapter 'tuned'; there are: other/);
});

test('what cannot act together, and what leaves everything as it was when refused', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  adapters.add('a', fullFineTuning.configure());
  adapters.add('b', fullFineTuning.configure());
  adapters.add('c', houlsby.configure({ bottleneck: 2 }));
  adapters.activate(stack('a', 'c'));
  const output = logits(model);
  assertInputError(() => adapters.activate(stack('a', 'b')), /'a' replaces .* so does 'b'/);
  assertInputError(() => adapters.activate(batchSplit(['a', 'c'])), /'a' .* in all sequences or in none/);
  assertInputError(() => adapters.activate('d'), /no adapter 'd'; there are: a, b, c/);
  assertInputError(() => adapters.add('c', houlsby.configure()), /an adapter 'c' already; remove it/);
  assertInputError(() => adapters.add('c.d', houlsby.configure()), /'c\.d' cannot name an adapter/);
  assertInputError(() => adapters.add('d', { kind: 'lora', targetModules: ['nowhere'] }), /'nowhere'/);
  assertInputError(() => adapters.add('output', houlsby.configure()), /'output' cannot name an adapter: .* twice/);
  assert.deepEqual(adapters.names, ['a', 'b', 'c']);
  assert.deepEqual(adapters.parameters().length, model.parameters().length - 4, 'what was refused is gone');
  assert.deepEqual(adapters.active, stack('a', 'c'));
  assert.deepEqual(logits(model), output);
  adapters.activate(batchSplit(['c', null, 'c']));
  assertInputError(() => logits(model), /for a batch of 3 sequences, this one has 2/);
});

/** Adds the mean of what two other adapters add: the smallest family that uses other ones. */
const mean = defineFamily({
  kind: 'test-mean',
  summary: '',
  options: {},
  title: () => 'mean',
  build: ({ partsOf, points }): AdapterParts => {
    const others = ['a', 'b'].map((name) => partsOf(name).residual);
    return {
      residual: new Map(
        points.residual.map((point) => [
          point,
          {
            forward: (h, sublayer) =>
              mul(
                others.map((other) => other?.get(point)?.forward(h, sublayer) ?? h).reduce((a, b) => add(a, b)),
                0.5,
              ),
          },
        ]),
      ),
      chains: {},
      regularizer: () => tensor(2),
    };
  },
});

test('an adapter that uses others: they stay, and need not be active', () => {
  registerFamily(mean);
  assert.throws(() => registerFamily(mean), /family 'test-mean' already/);
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  assertInputError(() => adapters.add('mean', { kind: 'test-mean' }), /no adapter 'a'; there are: none/);
  for (const name of ['a', 'b']) liven(adapters.add(name, { kind: 'pfeiffer', bottleneck: 2 }), name);
  const both = adapters.add('mean', { kind: 'test-mean' });
  assert.deepEqual(both.parameters, []);
  assert.equal(both.regularizer?.().item(), 2);
  adapters.activate('mean');
  const together = logits(model);
  adapters.activate('a');
  assert.notDeepEqual(logits(model), together);
  assertInputError(() => adapters.remove('a'), /'mean' uses 'a'; remove it first/);
  adapters.remove('mean');
  adapters.remove('a');
  assert.deepEqual(adapters.names, ['b']);
});

test('parameters that are checked before they are made cost nothing where they do not fit', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  const before = [model.parameters().length, memory().tensors];
  const check = (parameters: readonly Parameter[]) => {
    assert.deepEqual(parameters[0].shape, [1_000_000, 16]);
    throw new InputError('too wide');
  };
  assertInputError(() => adapters.add('a', houlsby({ bottleneck: 1_000_000 }), { check }), /too wide/);
  assert.deepEqual([model.parameters().length, memory().tensors], before);
  assert.deepEqual(adapters.names, []);
});

test('a set is the only one of its model', () => {
  const model = tinyClassifier();
  const adapter = attachAdapter(model, houlsby.configure());
  assert.throws(() => new AdapterSet(model), /has an adapter already/);
  adapter.detach();
  assert.deepEqual(new AdapterSet(model).names, []);
});

test('settings are completed and checked', () => {
  assert.deepEqual(completeSettings({ kind: 'lora', rank: 4 }), {
    kind: 'lora',
    rank: 4,
    alpha: 8,
    rslora: false,
    dropout: 0,
    targetModules: ['query', 'value'],
    init: 'lora',
  });
  assert.deepEqual(completeSettings({ kind: 'parallel' }, { pruned: true }), {
    kind: 'parallel',
    bottleneck: 64,
    activation: 'relu',
    init: 'bert',
    scale: 4,
  });
  assert.equal(completeSettings({ kind: 'parallel', init: 'mam_adapter' }, { pruned: true }).init, 'mam_adapter');
  assert.deepEqual(
    houlsby.configure({ form: 'sparse-adapter', bottleneck: undefined }),
    completeSettings({ kind: 'houlsby', form: 'sparse-adapter', activation: 'relu', dropout: 0.1 }),
  );
  assert.deepEqual(
    ['houlsby', 'lora', 'full'].map((kind) => adapterTitle({ kind })),
    ['houlsby 64', 'lora 8', 'full'],
  );
  const wrong: [Record<string, unknown>, RegExp][] = [
    [
      { kind: 'prompt' },
      /no adapter 'prompt'; there are: bitfit, bottleneck, full, fusion, houlsby, ia3, ln-tuning, lora/,
    ],
    [{ kind: 'houlsby', rank: 2 }, /houlsby has no option 'rank'; its options: bottleneck, activation/],
    [{ kind: 'full', rank: 2 }, /full has no option 'rank'; its options: none/],
    [{ kind: 'houlsby', bottleneck: 0 }, /houlsby: bottleneck must be a whole number above 0, not 0/],
    [{ kind: 'houlsby', bottleneck: '8' }, /not "8"/],
    [{ kind: 'houlsby', init: 'zeros' }, /init must be one of bert, houlsby, mam_adapter, not "zeros"/],
    [{ kind: 'houlsby', dropout: 1 }, /dropout must be a number in \[0, 1\), not 1/],
    [{ kind: 'lora', targetModules: [] }, /targetModules must be a list of names/],
    [{ kind: 'lora', targetModules: 'query' }, /targetModules must be a list of names/],
    [{ kind: 'lora', rslora: 1 }, /rslora must be true or false, not 1/],
    [{ kind: 'lora', alpha: Number.POSITIVE_INFINITY }, /alpha must be a number above 0/],
  ];
  for (const [settings, message] of wrong)
    assertInputError(() => completeSettings(settings as Parameters<typeof completeSettings>[0]), message);
});

test.run();
