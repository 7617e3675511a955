import assert from 'node:assert/strict';
import { suite } from 'uvu';
import {
  AdapterSet,
  type AdapterSettings,
  adapterFamilies,
  attachAdapter,
  completeSettings,
} from '../../src/adapters/index.ts';
import { isHeadParameter } from '../../src/models/index.ts';
import { type AdapterChoice, byModule, countParameters } from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { smallSettings } from '../support/adapters.ts';
import { baseModel } from '../support/base-model.ts';
import { tinyClassifier } from '../support/tiny-model.ts';
import { total } from '../support/values.ts';

const test = suite('training: how parameters are counted');

type Pruning = Omit<AdapterChoice, 'adapter'>;
const snip = { pruning: 'snip' };
const none = { pruning: 'none' };
const sizes = (parameters: readonly { size: number }[]) => total(parameters.map(({ size }) => size));

const [bert, roberta] = [baseModel('bert'), baseModel('roberta')];

test('backbones of base size', () => {
  const backbone = (model: typeof bert) => sizes(model.parameters().filter((parameter) => !isHeadParameter(parameter)));
  assert.deepEqual([bert, roberta].map(backbone), [108_891_648, 124_055_040]);
});

/** Matrices, and all else, of each family with its defaults on 12 layers of 768 units. */
const closedForms: Readonly<Record<string, readonly [matrices: number, others: number]>> = {
  houlsby: [24 * 2 * 64 * 768, 24 * (64 + 768)],
  pfeiffer: [12 * 2 * 64 * 768, 12 * (64 + 768)],
  parallel: [12 * 2 * 64 * 768, 12 * (64 + 768)],
  lora: [12 * 2 * 2 * 8 * 768, 0],
  prefix: [30 * 768 + 512 * 768 + 512 * 2 * 12 * 768, 512 + 2 * 12 * 768],
};
for (const { kind } of adapterFamilies().filter(({ kind }) => closedForms[kind])) {
  test(`${kind} on models of base size, dense and at 40 %`, () => {
    const [matrices, others] = closedForms[kind];
    for (const model of [bert, roberta]) {
      const dense = countParameters(model, { adapter: { kind }, ...none });
      assert.deepEqual([dense.trained, dense.prunable.total, dense.others], [matrices + others, matrices, others]);
      const sparse = countParameters(model, { adapter: { kind }, ...snip });
      assert.equal(sparse.prunable.kept, matrices - Math.floor(0.4 * matrices + 0.5));
      assert.equal(sparse.trained, sparse.prunable.kept + others);
      assert.equal(total(sparse.modules.map((module) => module.total)), matrices + others);
    }
  });
}

test("the paper's Table 1: an adapter of 2.0 %, and of 1.2 % at a sparsity of 40 %", () => {
  const percent = (pruning: Pruning) => {
    const { trained } = countParameters(bert, { adapter: { kind: 'houlsby' }, ...pruning });
    return [108_891_648, 124_055_040].map((backbone) => ((100 * trained) / backbone).toFixed(2));
  };
  assert.deepEqual(percent(none), ['2.18', '1.92']);
  assert.deepEqual(percent(snip), ['1.32', '1.16']);
});

const withWidth: readonly AdapterSettings[] = adapterFamilies()
  .filter(
    ({ kind, hasPrunable }) =>
      hasPrunable !== false && !['fusion', 'prompt-tuning', 'shira'].includes(kind) && !kind.startsWith('test-'),
  )
  .flatMap(({ kind }) => smallSettings[kind]);

test('Large-Sparse keeps exactly as many weights as the narrow, dense adapter, whatever the factor', () => {
  for (const settings of withWidth) {
    for (const largeSparse of [2, 3, 4, 7, 10]) {
      const narrow = countParameters(tinyClassifier(), { adapter: settings, ...none });
      const { prunable, adapter } = countParameters(tinyClassifier(), {
        adapter: settings,
        ...snip,
        largeSparse,
      });
      const shown = `${settings.kind} ${largeSparse}`;
      assert.equal(prunable.kept, narrow.prunable.total, shown);
      assert.equal(prunable.dense, narrow.prunable.total, shown);
      assert.ok(prunable.total > prunable.kept, shown);
      const wider = Object.entries(adapter).filter(([key, value]) => value !== completeSettings(settings)[key]);
      for (const [key, value] of wider.filter(([, value]) => typeof value === 'number')) {
        assert.equal(value, largeSparse * Number(completeSettings(settings)[key]), shown);
      }
    }
  }
});

test('a prompt has a length and no width, and single weights have none', () => {
  for (const kind of ['prompt-tuning', 'shira']) {
    assertInputError(
      () => countParameters(tinyClassifier(), { adapter: { kind }, ...snip, largeSparse: 2 }),
      new RegExp(`'${kind}' has no width, .* give a sparsity`),
    );
  }
});

test("Large-Sparse with the paper's bottlenecks", () => {
  for (const [largeSparse, bottleneck] of [
    [2, 128],
    [3, 192],
    [4, 256],
  ]) {
    const { adapter, prunable } = countParameters(bert, {
      adapter: { kind: 'houlsby' },
      ...snip,
      largeSparse,
      pruningScope: 'layer',
    });
    assert.equal(adapter.bottleneck, bottleneck);
    const dense = 2_359_296;
    assert.deepEqual(prunable, { total: largeSparse * dense, kept: dense, dense });
  }
});

test('Large-Sparse is an error without a width, and for factors that are none', () => {
  const account = (adapter: AdapterSettings, largeSparse: number) => () =>
    countParameters(tinyClassifier(), { adapter, ...snip, largeSparse });
  assertInputError(account({ kind: 'full' }, 2), /The adapter 'full' has no width, so it has no Large-Sparse setting/);
  for (const factor of [1, 0, 1.5, Number.NaN]) {
    assertInputError(account({ kind: 'houlsby' }, factor), /Large-Sparse needs a whole number above 1, not/);
  }
});

test('how many weights a module keeps is known where it has a budget of its own', () => {
  const modules = (pruningScope: Pruning['pruningScope']) =>
    countParameters(tinyClassifier(), { adapter: { kind: 'houlsby', bottleneck: 4 }, ...snip, pruningScope }).modules;
  const name = 'bert.encoder.layer.0.attention.output';
  assert.deepEqual(modules('layer')[0], { name, total: 2 * 64 + 20, kept: 2 * (64 - 26) + 20 });
  assert.deepEqual(modules('global')[0], { name, total: 2 * 64 + 20, kept: null });
});

test('modules are found by the place of the adapter in the names', () => {
  const tensor = (name: string) => ({ name, total: 2, kept: 1 });
  const names = [
    'a.0.lora_A.x.weight',
    'a.0.lora_B.x.weight',
    'a.1.adapters.x.up.weight',
    'head.out.bias',
    'head.out.w',
  ];
  assert.deepEqual(byModule(names.map(tensor), 'x'), [
    { name: 'a.0', total: 4, kept: 2 },
    { name: 'a.1', total: 2, kept: 1 },
    { name: 'head.out', total: 4, kept: 2 },
  ]);
});

test('counting leaves the model as it was', () => {
  const model = tinyClassifier();
  const before = model.parameters().length;
  countParameters(model, { adapter: { kind: 'houlsby' }, ...snip, largeSparse: 2 });
  assertInputError(
    () => countParameters(model, { adapter: { kind: 'houlsby' }, ...snip, pruningTargets: 'lora' }),
    /has no weights to prune in 'lora'; its parts are: bottleneck\. Name another part/,
  );
  assert.equal(model.parameters().length, before);
  assert.deepEqual(new AdapterSet(model).names, []);
});

test('a real adapter has the counts of its account', () => {
  for (const settings of withWidth) {
    const account = countParameters(tinyClassifier(), { adapter: settings, ...none });
    const adapter = attachAdapter(tinyClassifier(), settings);
    assert.equal(account.trained, sizes(adapter.parameters));
    assert.equal(account.prunable.total, sizes(adapter.prunable));
  }
});

test.run();
