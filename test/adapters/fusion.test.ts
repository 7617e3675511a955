import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { AdapterSet, type AdapterSettings, Fusion, freezeBackbone, fusion } from '../../src/adapters/index.ts';
import { Random, tidy } from '../../src/index.ts';
import { isHeadParameter, type SequenceClassifier } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { classificationObjective, Trainer, trainingOptions } from '../../src/training/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { liven, logits } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { tinyBert, tinyClassifier, tinyExamples } from '../support/tiny-model.ts';

const test = suite('adapters: fusion');
useBackend(test, 'reference');

const pfeiffer = { kind: 'pfeiffer', bottleneck: 3 };

/** Adapters by name, as if they were trained, and their fusion. */
function fused(model: SequenceClassifier, all: Readonly<Record<string, AdapterSettings>>, own = {}) {
  const adapters = new AdapterSet(model);
  for (const [name, settings] of Object.entries(all)) liven(adapters.add(name, settings), name);
  const adapter = adapters.add('mixed', fusion.configure({ adapters: Object.keys(all), ...own }));
  adapters.activate('mixed');
  return { adapters, adapter };
}

const numbers = (parameters: readonly Parameter[]) => parameters.map(({ value }) => Array.from(value.dataSync()));

test('names, shapes and starting values', () => {
  const { adapter } = fused(tinyClassifier(), { a: pfeiffer, b: pfeiffer });
  const place = 'bert.encoder.layer.0.output.adapter_fusion_layer.mixed';
  assert.deepEqual(
    adapter.parameters.slice(0, 5).map(({ name, shape }) => [name, shape]),
    [
      [`${place}.query.weight`, [16, 16]],
      [`${place}.query.bias`, [16]],
      [`${place}.key.weight`, [16, 16]],
      [`${place}.key.bias`, [16]],
      [`${place}.value.weight`, [16, 16]],
    ],
  );
  assert.equal(adapter.parameters.length, 10);
  const value = adapter.parameters[4].value.dataSync();
  assert.ok(value.every((v, i) => v === Math.fround(i % 17 === 0 ? 1 : 1e-6)));
  assert.deepEqual(
    adapter.prunable.map(({ name }) => name.replace(/.*layer\.(\d).*mixed\./, '$1 ')),
    ['0 query.weight', '0 key.weight', '0 value.weight', '1 query.weight', '1 key.weight', '1 value.weight'],
  );
});

onEveryBackend(test, 'a fusion of equal adapters is about that adapter; of adapters that add nothing, nothing', () => {
  const model = tinyClassifier();
  const bare = logits(model);
  const { adapters } = fused(model, { a: pfeiffer, b: pfeiffer });
  for (const [i, { value }] of adapters.get('a').parameters.entries()) {
    adapters.get('b').parameters[i].load(value.dataSync(), null);
  }
  const mixed = logits(model);
  adapters.activate('a');
  assertClose({ shape: [4], values: mixed }, { shape: [4], values: logits(model) }, 1e-4);
  for (const name of ['a', 'b']) {
    for (const parameter of adapters.get(name).parameters.filter(({ name }) => name.includes('adapter_up'))) {
      parameter.load(new Float32Array(parameter.size), null);
    }
  }
  adapters.activate('mixed');
  assert.deepEqual(logits(model), bare);
});

onEveryBackend(test, 'the weights of a row add up to 1', () => {
  const model = tinyClassifier();
  const { adapter } = fused(model, { a: pfeiffer, b: pfeiffer, c: pfeiffer });
  liven(adapter);
  let rows = 0;
  for (const [point, module] of adapter.parts.residual ?? []) {
    assert.ok(module instanceof Fusion);
    point.attached = (h, sublayer) => {
      const p = module.weigh(h, sublayer).p.dataSync();
      for (let i = 0; i < p.length; i += 3) {
        rows++;
        assert.ok(Math.abs(p[i] + p[i + 1] + p[i + 2] - 1) < 1e-6);
      }
      return module.forward(h, sublayer);
    };
  }
  tidy(() => logits(model));
  assert.equal(rows, 2 * 8, 'two layers, eight tokens');
});

test('the regularizer is the distance of the value matrices from the identity', () => {
  const { adapter } = fused(tinyClassifier(), { a: pfeiffer, b: pfeiffer }, { regularization: 0.5 });
  const value = adapter.prunable[5];
  value.load(
    Float32Array.from({ length: 256 }, (_, i) => (i === 3 ? 2 : i % 17 === 0 ? 1 : 0)),
    null,
  );
  assert.ok(Math.abs(Number(adapter.regularizer?.().item()) - 0.5 * (4 + 240e-12)) < 1e-6);
  assert.equal(fused(tinyClassifier(), { a: pfeiffer }, { regularization: 0 }).adapter.regularizer, null);
});

test('training changes the fusion and the head, and not what it mixes', async () => {
  const model = tinyClassifier();
  const { adapters, adapter } = fused(model, { a: pfeiffer, b: pfeiffer });
  freezeBackbone(model, adapter);
  const trained = model.parameters().filter(({ trainable }) => trainable);
  assert.deepEqual(new Set(trained), new Set([...adapter.parameters, ...model.parameters().filter(isHeadParameter)]));
  const mixed = () => ['a', 'b'].map((name) => numbers(adapters.get(name).parameters));
  const [before, start] = [mixed(), numbers(adapter.parameters)];
  const objective = classificationObjective(model, tinyExamples(8), trained, adapter.regularizer);
  const trainer = new Trainer(objective, trainingOptions({ learningRate: 0.01, epochs: 2 }), new Random(1));
  while (!trainer.done) await trainer.trainStep();
  assert.deepEqual(mixed(), before);
  numbers(adapter.parameters).forEach((values, i) => {
    assert.notDeepEqual(values, start[i], adapter.parameters[i].name);
  });
});

test('dropout of the scores is on with a generator alone', () => {
  const config = { hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const model = tinyClassifier(undefined, { config: { ...tinyBert, ...config } });
  liven(fused(model, { a: pfeiffer, b: pfeiffer }, { dropout: 0.5 }).adapter);
  assert.deepEqual(logits(model), logits(model));
  assert.notDeepEqual(logits(model, undefined, new Random(1)), logits(model));
});

test('what cannot be fused', () => {
  const lora = { kind: 'lora' };
  const houlsby = { kind: 'houlsby', bottleneck: 2 };
  assertInputError(() => fused(tinyClassifier(), {}), /adapters must be a list of names, at least one/);
  assertInputError(
    () => fused(tinyClassifier(), { a: lora }),
    /'a' has no bottleneck anywhere; fuse adapters of one kind: houlsby, pfeiffer or parallel/,
  );
  assertInputError(
    () => fused(tinyClassifier(), { a: houlsby, b: pfeiffer }),
    /'b' has no bottleneck at bert\.encoder\.layer\.0\.attention\.output; fuse adapters of one kind/,
  );
  const { adapters } = fused(tinyClassifier(), { a: pfeiffer, b: pfeiffer });
  assertInputError(() => adapters.remove('a'), /'mixed' uses 'a'/);
  assertInputError(
    () => adapters.add('twice', fusion.configure({ adapters: ['mixed', 'a'] })),
    /'mixed' has no bottleneck at bert/,
  );
  assertInputError(
    () => adapters.add('other', fusion.configure({ adapters: ['a', 'z'] })),
    /no adapter 'z'; there are: a, b, mixed/,
  );
  assert.deepEqual(adapters.names, ['a', 'b', 'mixed']);
});

test.run();
