import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  type AdaptableModel,
  AdapterSet,
  type AdapterSettings,
  attachAdapter,
  batchSplit,
  mam,
  prefix,
  stack,
} from '../../src/adapters/index.ts';
import { memory, Random, type Tensor, tensor, tidy } from '../../src/index.ts';
import { AttentionPoint, Pass, ResidualPoint } from '../../src/models/index.ts';
import { type Parameter, ParameterPath } from '../../src/nn/index.ts';
import { chosenSettings } from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { liven, logits, maskRandomly } from '../support/adapters.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { maskOf } from '../support/parameters.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { tinySettings } from '../support/tiny-run.ts';
import { range } from '../support/values.ts';

const test = suite('adapters: prefixes');
useBackend(test, 'reference');

/** The parts of a model that these adapters need. */
function bare(layers: number, hidden: number): AdaptableModel {
  const root = ParameterPath.root(new Random(1));
  const at = (i: number, place: string) => `bert.encoder.layer.${i}.${place}`;
  const attention = range(layers).map((i) => new AttentionPoint(at(i, 'attention.self'), 'self', hidden));
  const residual = range(layers).map((i) => new ResidualPoint(at(i, 'output'), 'feedForward', hidden));
  const points = { path: 'bert', residual, projection: [], attention };
  return { points, root, parameters: () => root.parameters() };
}

const count = (parameters: readonly Parameter[]): number => parameters.reduce((sum, { size }) => sum + size, 0);

test("names and shapes are AdapterHub's", () => {
  const named = (settings: AdapterSettings) =>
    attachAdapter(tinyClassifier(), settings, 'task').parameters.map(({ name, shape }) => [name, shape]);
  const place = 'bert.prefix_tuning.prefix_tunings.task.self_prefix';
  assert.deepEqual(named(prefix.configure({ prefixLength: 3, prefixBottleneck: 5 })), [
    [`${place}.wte.weight`, [3, 16]],
    [`${place}.control_trans.0.weight`, [5, 16]],
    [`${place}.control_trans.0.bias`, [5]],
    [`${place}.control_trans.2.weight`, [2 * 2 * 16, 5]],
    [`${place}.control_trans.2.bias`, [2 * 2 * 16]],
  ]);
  assert.deepEqual(named(prefix.configure({ prefixLength: 3, prefixFlat: true })), [
    [`${place}.control_trans`, [3, 2 * 2 * 16]],
  ]);
});

test('on BERT-base the adapters have the sizes that AdapterHub reports', () => {
  const sizeOf = (settings: AdapterSettings) => count(attachAdapter(bare(12, 768), settings).parameters);
  assert.equal(sizeOf(prefix.configure()), 9_872_384);
  assert.equal(sizeOf(prefix.configure({ prefixFlat: true })), 552_960);
  assert.equal(sizeOf(mam.configure({ bottleneck: 384 })), 22_493_984);
});

onEveryBackend(test, 'each sequence gets the rows of its layer in front, key and value', () => {
  const model = bare(2, 2);
  const [table] = attachAdapter(model, prefix.configure({ prefixLength: 2, prefixFlat: true })).parameters;
  table.load(
    range(2 * 8).map((i) => 100 + i),
    null,
  );
  const seen = {
    key: tensor([1, 2, 3, 4, 5, 6], [3, 2]),
    value: tensor([-1, -2, -3, -4, -5, -6], [3, 2]),
    offsets: Int32Array.of(0, 2, 3),
    counts: Int32Array.of(1, 1),
  };
  for (const [layer, point] of model.points.attention.entries()) {
    const { key, value, offsets, counts } = point.forward(seen, new Pass(Int32Array.of(0, 2, 3)));
    // Rows of the table: layer 0 key, layer 0 value, layer 1 key, layer 1 value.
    const row = (which: number) =>
      [0, 8].flatMap((start) => [0, 1].map((d) => 100 + start + 4 * layer + 2 * which + d));
    assert.deepEqual([...key.dataSync()], [...row(0), 1, 2, 3, 4, ...row(0), 5, 6]);
    assert.deepEqual([...value.dataSync()], [...row(1), -1, -2, -3, -4, ...row(1), -5, -6]);
    assert.deepEqual([...offsets], [0, 4, 7]);
    assert.deepEqual([...counts], [3, 3]);
  }
});

test('what layers share is computed once in a pass, and lives as long as the pass', () => {
  const before = memory().tensors;
  tidy(() => {
    const pass = new Pass(Int32Array.of(0, 2, 3));
    const [owner, other] = [{}, {}];
    let calls = 0;
    const make = (): Tensor => {
      calls++;
      return tensor([calls]);
    };
    const first = tidy(() => pass.once(owner, make));
    assert.equal(
      tidy(() => pass.part([1]).once(owner, make)),
      first,
    );
    assert.equal(first.item(), 1);
    assert.equal(
      tidy(() => pass.once(other, make).item()),
      2,
    );
    assert.equal(new Pass(Int32Array.of(0, 1)).once(owner, make).item(), 3);
    assert.equal(memory().tensors, before + 3);
  });
  assert.equal(memory().tensors, before);
  const model = tinyClassifier();
  attachAdapter(model, prefix.configure({ prefixLength: 2, prefixBottleneck: 3 }));
  const attached = memory().tensors;
  logits(model);
  assert.equal(memory().tensors, attached);
});

onEveryBackend(test, 'ejected, a prefix computes the same to the last bit from its rows alone', () => {
  const network = { prefixLength: 3, prefixBottleneck: 4 };
  const flat = { prefixFlat: true };
  for (const [settings, changed] of [
    [prefix.configure(network), flat],
    [mam.configure({ ...network, bottleneck: 3 }), flat],
    [mam.configure({ ...network, bottleneck: 8, equalSplit: true }), { ...flat, equalSplit: false }],
  ] as const) {
    for (const composition of ['own', batchSplit(['other', 'own'])] as const) {
      const model = tinyClassifier();
      const adapters = new AdapterSet(model);
      liven(adapters.add('other', { kind: 'houlsby', bottleneck: 2 }), 'other');
      const before = adapters.add('own', settings);
      liven(before);
      maskRandomly(before.prunable);
      adapters.activate(composition);
      const output = logits(model);
      const masks = before.prunableMatrices.bottleneck?.map(maskOf);

      const ejected = adapters.eject('own');
      assert.deepEqual(ejected.settings, { ...settings, ...changed });
      assert.deepEqual(adapters.active, composition);
      assert.deepEqual(logits(model), output);
      assert.deepEqual(ejected.prunableMatrices.bottleneck?.map(maskOf), masks);
      assert.ok(!ejected.parameters.some(({ name }) => name.includes('wte')));
      assertInputError(() => adapters.eject('own'), /'own' has nothing to eject/);
      assertInputError(() => adapters.eject('other'), /'other' has nothing to eject/);
    }
  }
});

test('two prefixes stand one in front of the other', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  for (const name of ['a', 'b']) adapters.add(name, prefix.configure({ prefixLength: 2, prefixFlat: true }));
  const outputs = [stack('a', 'b'), stack('b', 'a'), 'a'].map((composition) => {
    adapters.activate(composition);
    return logits(model);
  });
  // Attention does not see the order of keys.
  outputs[0].forEach((value, i) => {
    assert.ok(Math.abs(value - outputs[1][i]) < 1e-5);
  });
  assert.notDeepEqual(outputs[0], outputs[2]);
});

test('an equal split gives prefix and bottlenecks the same number of parameters, up to one more unit', () => {
  for (const [layers, hidden, bottleneck] of [
    [12, 768, 64],
    [2, 16, 8],
  ]) {
    for (const prefixFlat of [false, true]) {
      const model = bare(layers, hidden);
      const settings = mam.configure({ bottleneck, prefixFlat, prefixLength: 3, equalSplit: true });
      const { parameters } = attachAdapter(model, settings);
      const inPrefix = parameters.filter(({ name }) => name.includes('prefix_tuning'));
      const unit = prefixFlat ? 2 * layers * hidden : hidden + 1 + 2 * layers * hidden;
      const difference = count(parameters) - 2 * count(inPrefix);
      assert.ok(Math.abs(difference) <= unit / 2, `${layers} x ${hidden}, flat ${prefixFlat}: ${difference}`);
    }
  }
  assertInputError(
    () => attachAdapter(bare(2, 16), mam.configure({ bottleneck: 1, equalSplit: true })),
    /cannot be as small as the 98 parameters of the bottlenecks; raise bottleneck or lower prefixLength/,
  );
});

test('sizes that other options leave without effect are refused, unless they are those of complete settings', () => {
  const refused = [
    [
      () => prefix({ prefixFlat: true, prefixBottleneck: 8 }),
      /^prefix: prefixBottleneck has no effect with prefixFlat\.$/,
    ],
    [() => mam({ prefixFlat: true, prefixBottleneck: 8 }), /^mam: prefixBottleneck has no effect with prefixFlat\.$/],
    [() => mam({ equalSplit: true, prefixBottleneck: 8 }), /^mam: prefixBottleneck has no effect with equalSplit\.$/],
    [
      () => mam({ equalSplit: true, prefixFlat: true, prefixLength: 8 }),
      /^mam: prefixLength has no effect with equalSplit\.$/,
    ],
    [
      () => chosenSettings({ ...tinySettings, adapter: { kind: 'prefix', prefixFlat: true, prefixBottleneck: 8 } }),
      /^prefix: adapter\.prefixBottleneck has no effect with adapter\.prefixFlat\.$/,
    ],
  ] as const;
  for (const [make, message] of refused) assertInputError(make, message);
  for (const options of [{ prefixFlat: true }, { equalSplit: true }, { equalSplit: true, prefixFlat: true }]) {
    const { kind, ...complete } = mam.configure(options);
    assert.deepEqual(mam(complete), { kind, ...complete });
  }
  assert.ok(mam({ equalSplit: true, prefixLength: 8 }) && prefix({ prefixFlat: true, prefixLength: 8 }));
});

test.run();
