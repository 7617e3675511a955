import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  type AdapterSettings,
  adapterFamilies,
  attachAdapter,
  batchSplit,
  completeSettings,
  familyOf,
  freezeBackbone,
  loadSparseTensors,
  stack,
  toSparseTensors,
} from '../../src/adapters/index.ts';
import { grad, hvp, Random, setBackend, type Tensor, tidy } from '../../src/index.ts';
// It makes known the families that only files bring.
import '../../src/interchange/browser.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/io/index.ts';
import { isHeadParameter, type SequenceClassifier } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { prune } from '../../src/pruning/index.ts';
import {
  adapterSetFor,
  attach,
  identitySettings,
  liven,
  loadedSettings,
  logits,
  logitsTensor,
  maskRandomly,
  smallSettings,
  titleOf,
  twoTexts,
} from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onGpu } from '../support/gpu.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { maskOf, weightsOf } from '../support/parameters.ts';
import { forAll } from '../support/property.ts';
import { tinyClassifier, tinyRoberta } from '../support/tiny-model.ts';
import { toTensor } from '../support/values.ts';

const test = suite('adapters: all families');

const allSettings = [...Object.values(smallSettings).flat(), ...loadedSettings];
/** Those that train weights of the backbone cannot act in some sequences only. */
const inPlace = ({ kind, bias, modulesToSave }: AdapterSettings): boolean =>
  ['full', 'bitfit', 'ln-tuning'].includes(kind) || bias !== undefined || modulesToSave !== undefined;
const modular = allSettings.filter((settings) => !inPlace(settings));
const prunable = allSettings.filter(({ kind }) => familyOf(kind).hasPrunable !== false);
const labels = [0, 1];
const lossOf = (model: SequenceClassifier) => (): Tensor => model.loss(logitsTensor(model), labels);

/** A model with this adapter, its numbers as if trained. */
function adapted(settings: AdapterSettings, config?: Readonly<Record<string, unknown>>) {
  const model = tinyClassifier(undefined, config ? { config } : {});
  const adapter = attach(model, settings);
  liven(adapter);
  return { model, adapter };
}

test('every family has settings to be tested with', () => {
  // Another suite of this process may register families of its own.
  const kinds = adapterFamilies().map(({ kind }) => kind);
  const builtIn = kinds.filter((kind) => !kind.startsWith('test-'));
  assert.deepEqual(builtIn.sort(), Object.keys(smallSettings).sort());
});

/** The same test for each adapter of `all`, on both backends. */
const onEveryFamily = (
  title: string,
  body: (settings: AdapterSettings) => void | Promise<void>,
  all: readonly AdapterSettings[] = allSettings,
) => {
  for (const settings of all) onEveryBackend(test, `${titleOf(settings)}: ${title}`, () => body(settings));
};

onEveryFamily(
  'it starts as the identity, to the last bit, with dropout and without',
  (settings) => {
    for (const config of [undefined, tinyRoberta]) {
      const model = tinyClassifier(undefined, config ? { config } : {});
      const before = [logits(model), logits(model, twoTexts, new Random('dropout'))];
      attachAdapter(model, settings);
      assert.deepEqual([logits(model), logits(model, twoTexts, new Random('dropout'))], before);
    }
  },
  identitySettings,
);

onEveryFamily('activating another adapter, or none, restores the exact earlier output', (settings) => {
  const model = tinyClassifier();
  const bare = logits(model);
  const adapters = adapterSetFor(model, settings);
  const outputs = new Map<string | null, number[]>([[null, bare]]);
  for (const [name, own] of [
    ['a', settings],
    ['b', { kind: 'houlsby', bottleneck: 2 }],
    ['c', settings],
  ] as const) {
    adapters.activate(adapters.add(name, own).name);
    liven(adapters.get(name), name);
    outputs.set(name, logits(model));
  }
  assert.equal(new Set([...outputs.values()].map(String)).size, 4, 'each has an output of its own');
  for (const name of ['a', null, 'c', 'b', 'a', 'c', null] as const) {
    adapters.activate(name);
    assert.deepEqual(logits(model), outputs.get(name), String(name));
  }
  adapters.activate('a');
  adapters.remove('c');
  assert.deepEqual(logits(model), outputs.get('a'));
  adapters.remove('a');
  assert.deepEqual(logits(model), bare);
});

onEveryFamily('a removed adapter leaves the model as it was', (settings) => {
  const model = tinyClassifier();
  const adapters = adapterSetFor(model, settings);
  const before = [model.parameters().map(({ name }) => name), logits(model)];
  const adapter = adapters.add('default', settings);
  adapters.activate('default');
  liven(adapter);
  assert.notDeepEqual(logits(model), before[1]);
  adapter.detach();
  adapter.detach();
  assert.deepEqual([model.parameters().map(({ name }) => name), logits(model)], before);
});

onEveryFamily('a packed batch gives what one sequence at a time gives', (settings) => {
  const { model } = adapted(settings);
  const id = fc.integer({ min: 4, max: 29 });
  const sequence = fc.array(id, { minLength: 1, maxLength: 9 }).map((ids) => ({ ids }));
  forAll(
    fc.array(sequence, { minLength: 2, maxLength: 4 }),
    (texts) => {
      const alone = texts.flatMap((text) => logits(model, [text]));
      const shape = [texts.length, 2];
      assertClose(logitsTensor(model, texts), { shape, values: alone }, 1e-5);
    },
    5,
  );
});

onEveryFamily('what a file holds brings weights and masks back, bit for bit', async (settings) => {
  const { model, adapter } = adapted(settings);
  maskRandomly(adapter.prunable);
  const { tensors, metadata } = await toSparseTensors(adapter.parameters);
  const other = attach(tinyClassifier(), settings);
  loadSparseTensors(parseSafetensors(serializeSafetensors(tensors, metadata), 'adapter'), other.parameters);
  const state = (parameters: readonly Parameter[]) =>
    parameters.map((parameter) => [parameter.name, weightsOf(parameter), maskOf(parameter)]);
  assert.deepEqual(state(other.parameters), state(adapter.parameters));
  assert.ok(logits(model).every(Number.isFinite));
});

/** Tests of derivatives, which need float64. */
const inFloat64 = (title: string, body: (settings: AdapterSettings) => void) => {
  // DoRA's gradient takes lengths of rows for constants.
  for (const settings of allSettings.filter(({ dora }) => !dora)) {
    test(`${titleOf(settings)}: ${title}`, async () => {
      await setBackend('reference', { dtype: 'float64' });
      try {
        tidy(() => body(settings));
      } finally {
        await setBackend('wasm');
      }
    });
  }
};

/** (f(w + ε) - f(w - ε)) / 2ε in one element of a parameter. */
function centralDifference(parameter: Parameter, i: number, f: () => ArrayLike<number>): number[] {
  const start = parameter.value.dataSync();
  const epsilon = 1e-5;
  const [up, down] = [epsilon, -epsilon].map((step) => {
    const moved = start.slice();
    moved[i] += step;
    parameter.assign(toTensor64(moved, parameter));
    return Array.from(tidy(f));
  });
  parameter.assign(toTensor64(start, parameter));
  return up.map((value, k) => (value - down[k]) / (2 * epsilon));
}

const toTensor64 = (values: ArrayLike<number>, { value: { backend, shape } }: Parameter): Tensor =>
  toTensor(backend, { values, shape });

/** Some elements of some parameters, the same in each run. */
function sampleElements(parameters: readonly Parameter[], count: number): [number, number][] {
  const random = new Random('elements');
  return Array.from({ length: count }, () => {
    const which = random.integer(parameters.length);
    return [which, random.integer(parameters[which].value.size)];
  });
}

inFloat64('gradients agree with finite differences, masked weights have none', (settings) => {
  const { model, adapter } = adapted(settings);
  const { parameters, prunable } = adapter;
  maskRandomly(prunable);
  for (const parameter of prunable.filter((_, i) => i % 2 === 0)) parameter.openMask();
  const loss = lossOf(model);
  const gradients = grad(
    loss(),
    parameters.map(({ value }) => value),
  ).map((g) => g.dataSync());
  for (const [which, i] of sampleElements(parameters, 40)) {
    const parameter = parameters[which];
    const expected =
      parameter.mask?.dataSync()[i] === 0 ? 0 : centralDifference(parameter, i, () => loss().dataSync())[0];
    const got = gradients[which][i];
    assert.ok(
      Math.abs(got - expected) < 1e-7 * Math.max(1, Math.abs(expected)),
      `${parameter.name} ${i}: ${got}, not ${expected}`,
    );
  }
  for (const [which, parameter] of parameters.entries()) {
    const mask = parameter.mask?.dataSync();
    if (mask) assert.ok(gradients[which].every((g, i) => mask[i] !== 0 || g === 0));
    if (parameter.pattern) assert.equal(gradients[which].length, parameter.keptCount());
  }
});

inFloat64('Hessian-gradient products agree with differences of gradients', (settings) => {
  const { model, adapter } = adapted(settings);
  const { parameters, prunable } = adapter;
  maskRandomly(prunable.filter((_, i) => i % 3 > 0));
  const loss = lossOf(model);
  const leaves = () => parameters.map(({ value }) => value);
  const v = grad(loss(), leaves());
  const directional = () => {
    const g = grad(loss(), leaves());
    return [g.reduce((sum, gi, i) => sum + dot(gi.dataSync(), v[i].dataSync()), 0)];
  };
  const products = hvp(loss, leaves(), v).map((h) => h.dataSync());
  for (const [which, i] of sampleElements(parameters, 12)) {
    const [expected] = centralDifference(parameters[which], i, directional);
    const got = products[which][i];
    assert.ok(
      Math.abs(got - expected) < 1e-6 * Math.max(1, Math.abs(expected)),
      `${parameters[which].name} ${i}: ${got}, not ${expected}`,
    );
  }
});

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

onEveryFamily(
  'a final mask changes no output and no gradient of a kept weight, and no matrix is held whole',
  (settings) => {
    const { model, adapter } = adapted(settings);
    const { parameters, prunable } = adapter;
    maskRandomly(prunable);
    const outcome = () =>
      tidy(() => {
        const gradients = grad(
          lossOf(model)(),
          parameters.map(({ value }) => value),
        );
        const places = parameters.map((parameter) => parameter.mask?.dataSync());
        const kept = gradients.map((g, i) => g.dataSync().filter((_, j) => places[i]?.[j] !== 0));
        return [Float64Array.from(logits(model)), ...kept].map((values) => ({ shape: [values.length], values }));
      });
    const final = outcome();
    assert.ok(onGpu || prunable.every(({ value, size }) => value.size < size));
    for (const parameter of prunable) parameter.openMask();
    assert.ok(prunable.every(({ value, size }) => value.size === size));
    outcome().forEach((values, i) => {
      assertClose(final[i], values, 2e-5, i === 0 ? 'logits' : parameters[i - 1].name);
    });
  },
  modular,
);

onEveryFamily(
  'SNIP and GraSP remove exactly the fraction asked for',
  async (settings) => {
    for (const method of ['snip', 'grasp'] as const) {
      const model = tinyClassifier();
      const adapter = attach(model, completeSettings(settings, { pruned: true }));
      freezeBackbone(model, adapter);
      const parameters = adapter.prunable;
      assert.ok(parameters.length > 0 && parameters.every(({ shape }) => shape.length === 2));
      const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0);
      const losses = [lossOf(model)];
      const { base } = adapter.parts;
      const report = await prune({ method, sparsity: 0.4, parameters, random: new Random(1), losses, base });
      const removed = Math.floor(0.4 * size + 0.5);
      assert.deepEqual([report.total, report.kept], [size, size - removed]);
      const masks = parameters.map(maskOf);
      const pruned = parameters.flatMap((parameter, i) => weightsOf(parameter).filter((_, j) => masks[i]?.[j] === 0));
      assert.equal(pruned.length, removed);
      assert.ok(pruned.every((w) => w === 0));
    }
  },
  prunable,
);

onEveryFamily('freezing leaves the adapter and the head to train, and each gets a gradient', (settings) => {
  const { model, adapter } = adapted(settings);
  freezeBackbone(model, adapter);
  const trained = model.parameters().filter(({ trainable }) => trainable);
  const expected = new Set([...adapter.parameters, ...model.parameters().filter(isHeadParameter)]);
  for (const parameter of adapter.parts.fixed ?? []) expected.delete(parameter);
  assert.deepEqual(new Set(trained), expected);
  tidy(() => {
    const gradients = grad(
      lossOf(model)(),
      trained.map(({ value }) => value),
    );
    const idle = trained.filter((_, i) => gradients[i].dataSync().every((g) => g === 0)).map(({ name }) => name);
    // Adding one number to all keys of a query changes no attention probability, and rounding is all that is left.
    assert.deepEqual(
      idle.filter((name) => !name.endsWith('key.bias')),
      [],
    );
  });
});

onEveryFamily(
  'in a batch each sequence can name its adapter, and gets what the adapter alone gives it',
  (settings) => {
    const model = tinyClassifier();
    const adapters = adapterSetFor(model, settings);
    for (const [name, own] of [
      ['a', settings],
      ['b', { kind: 'houlsby', bottleneck: 2 }],
    ] as const)
      liven(adapters.add(name, own), name);
    maskRandomly(adapters.get('a').prunable);
    const texts = [{ ids: [2, 14, 3] }, { ids: [2, 22, 9, 3] }, { ids: [2, 8, 8, 8, 3] }, { ids: [2, 3] }];
    const choices = [null, 'a', 'b', stack('a', 'b')];
    const alone = choices.map((choice) => {
      adapters.activate(choice);
      return texts.map((text) => logits(model, [text]));
    });
    forAll(
      fc.array(fc.nat(choices.length - 1), { minLength: texts.length, maxLength: texts.length }),
      (picked) => {
        adapters.activate(batchSplit(picked.map((choice) => choices[choice])));
        const expected = { shape: [texts.length, 2], values: picked.flatMap((choice, s) => alone[choice][s]) };
        assertClose(logitsTensor(model, texts), expected, 1e-5);
      },
      6,
    );
  },
  modular,
);

test.run();
