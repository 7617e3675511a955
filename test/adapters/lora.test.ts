import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { AdapterSet, attachAdapter, lora } from '../../src/adapters/index.ts';
import { loadInt8 } from '../../src/backends/index.ts';
import { Random, setBackend, tensor, tidy } from '../../src/index.ts';
import { holdBackbone, Pass } from '../../src/models/index.ts';
import { prune } from '../../src/pruning/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { liven, logits, logitsTensor, maskRandomly, twoTexts } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { weightsOf } from '../support/parameters.ts';
import { tinyBert, tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: LoRA');
useBackend(test, 'reference');

const everywhere = ['query', 'key', 'value', 'attention.output.dense', 'intermediate.dense', 'output.dense'];

test('names, shapes and places', () => {
  const { parameters, prunable } = attachAdapter(tinyClassifier(), lora.configure({ rank: 3 }), 'task');
  const layer = (i: number) =>
    ['query', 'value'].flatMap((which) => [
      [`bert.encoder.layer.${i}.attention.self.${which}.lora_A.task.weight`, [3, 16]],
      [`bert.encoder.layer.${i}.attention.self.${which}.lora_B.task.weight`, [16, 3]],
    ]);
  assert.deepEqual(
    parameters.map(({ name, shape }) => [name, shape]),
    [...layer(0), ...layer(1)],
  );
  assert.deepEqual(prunable, parameters);
});

test('a name targets the layers whose path ends in it, part by part', () => {
  const places = (...targetModules: string[]) =>
    attachAdapter(tinyClassifier(), lora.configure({ targetModules, rank: 1 }))
      .parameters.filter(({ name }) => name.includes('layer.1') && name.includes('lora_A'))
      .map(({ name, shape }) => `${name.replace(/.*layer\.1\.(.*)\.lora_A.*/, '$1')} ${shape[1]}`);
  const dense = ['attention.output.dense 16', 'intermediate.dense 16', 'output.dense 32'];
  assert.deepEqual(places('dense'), dense);
  assert.deepEqual(places('output.dense'), [dense[0], dense[2]]);
  assert.deepEqual(places('attention.output.dense', 'dense'), dense);
  assert.deepEqual(places('self.key'), ['attention.self.key 16']);
  assert.deepEqual(places('bert.encoder.layer.1.intermediate.dense'), [dense[1]]);
  for (const wrong of ['ense', 'queries', 'self'])
    assertInputError(() => places('query', wrong), new RegExp(`no layer is called '${wrong}'; .*self\\.query`));
});

test('the output is W x + b + s B A x, s = alpha / r or alpha / sqrt(r)', () => {
  for (const { rslora, scale } of [
    { rslora: false, scale: 6 / 4 },
    { rslora: true, scale: 6 / 2 },
  ]) {
    const model = tinyClassifier();
    const [point] = model.points.projection;
    const pass = new Pass(Int32Array.of(0, 2));
    const input = Array.from({ length: 2 * 16 }, (_, i) => ((7 * i) % 11) / 5 - 1);
    const run = () => tidy(() => Array.from(point.forward(tensor(input, [2, 16]), pass).dataSync()));
    const base = run();
    const adapter = attachAdapter(model, lora.configure({ rank: 4, alpha: 6, rslora }));
    liven(adapter);
    const [a, b] = adapter.parameters.map(({ value }) => value.dataSync());
    const expected = base.map((y, k) => {
      const [row, out] = [Math.floor(k / 16), k % 16];
      let sum = 0;
      for (let r = 0; r < 4; r++)
        for (let i = 0; i < 16; i++) sum += b[out * 4 + r] * a[r * 16 + i] * input[row * 16 + i];
      return y + scale * sum;
    });
    assertClose({ shape: [2, 16], values: run() }, { shape: [2, 16], values: expected }, 1e-5);
  }
});

test('dropout on the input is on with a generator alone', () => {
  const config = { ...tinyBert, hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 };
  const model = tinyClassifier(undefined, { config });
  liven(attachAdapter(model, lora.configure({ dropout: 0.5 })));
  assert.deepEqual(logits(model), logits(model));
  assert.notDeepEqual(logits(model, twoTexts, new Random(1)), logits(model));
  assert.deepEqual(logits(model, twoTexts, new Random(1)), logits(model, twoTexts, new Random(1)));
});

onEveryBackend(
  test,
  'merged, the model computes the same; unmerged, its weights are what they were, bit for bit',
  () => {
    fc.assert(
      fc.property(
        fc.subarray(everywhere, { minLength: 1 }),
        fc.integer({ min: 1, max: 5 }),
        fc.boolean(),
        fc.boolean(),
        (targetModules, rank, rslora, masked) => {
          const model = tinyClassifier();
          const adapters = new AdapterSet(model);
          const bare = logits(model);
          const base = () =>
            model.points.projection.map(({ linear }) =>
              Array.from(new Uint32Array(linear.weight.value.dataSync().slice().buffer)),
            );
          const before = base();
          const adapter = adapters.add('a', lora.configure({ rank, rslora, targetModules, alpha: 3 }));
          liven(adapter, rank);
          if (masked) maskRandomly(adapter.prunable);
          adapters.activate('a');
          const active = logits(model);

          adapters.merge('a');
          assert.notDeepEqual(base(), before);
          assert.ok(model.points.projection.every(({ attached }) => attached === null));
          assertClose({ shape: [4], values: logits(model) }, { shape: [4], values: active }, 1e-5);
          adapters.deactivate();
          assertClose(
            { shape: [4], values: logits(model) },
            { shape: [4], values: active },
            1e-5,
            'merged, none active',
          );

          adapters.unmerge();
          assert.deepEqual(base(), before);
          assert.deepEqual(logits(model), bare);
          adapters.activate('a');
          assert.deepEqual(logits(model), active);
        },
      ),
      { seed: 1, numRuns: 12 },
    );
  },
);

test('other adapters come on top of a merged one', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  liven(adapters.add('a', lora.configure({})), 'a');
  liven(adapters.add('b', { kind: 'pfeiffer', bottleneck: 2 }), 'b');
  adapters.activate({ stack: ['a', 'b'] });
  const both = logits(model);
  adapters.merge('a');
  adapters.activate('b');
  assertClose({ shape: [4], values: logits(model) }, { shape: [4], values: both }, 1e-5);
});

test('what cannot be merged', () => {
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  adapters.add('a', lora.configure());
  adapters.add('b', lora.configure());
  adapters.add('c', { kind: 'houlsby' });
  adapters.add('d', { kind: 'full' });
  assertInputError(() => adapters.merge('c'), /'c' cannot be merged/);
  assertInputError(() => adapters.merge('e'), /no adapter 'e'; there are: a, b, c, d/);
  adapters.merge('a');
  assertInputError(() => adapters.merge('b'), /'a' is merged already; unmerge it first/);
  assertInputError(() => adapters.activate('d'), /'a' is merged; unmerge it first/);
  adapters.remove('a');
  adapters.merge('b');
  adapters.unmerge();
  adapters.unmerge();
  adapters.activate('d');
  assertInputError(() => adapters.merge('b'), /deactivate it first/);
});

test('SNIP on a zero B is refused with the remedy; prepared for pruning, B is not zero', async () => {
  for (const pruned of [false, true]) {
    const model = tinyClassifier();
    const { prunable } = attachAdapter(model, lora.configure({}, { pruned }));
    const losses = [() => model.loss(logitsTensor(model), [0, 1])];
    const result = prune({ method: 'snip', sparsity: 0.5, parameters: prunable, random: new Random(1), losses });
    if (pruned) assert.equal((await result).kept, (8 * 8 * 16) / 2);
    else await assert.rejects(result, /all scores are 0.*init 'bert'/);
  }
});

onEveryBackend(test, 'a table of embeddings becomes W + s (B A) transposed, and merged it computes the same', () => {
  const settings = lora.configure({ rank: 2, alpha: 3, targetModules: ['word_embeddings', 'position_embeddings'] });
  const model = tinyClassifier();
  const adapters = new AdapterSet(model);
  const { parameters } = adapters.add('default', settings);
  adapters.activate('default');
  liven({ parameters });
  const plain = tinyClassifier();
  for (const [i, table] of ['word_embeddings', 'position_embeddings'].entries()) {
    const [a, b] = [parameters[2 * i], parameters[2 * i + 1]];
    assert.equal(a.name, `bert.embeddings.${table}.lora_embedding_A.default`);
    const weight = plain.parameters().find(({ name }) => name === `bert.embeddings.${table}.weight`);
    assert.ok(weight);
    const [rows] = weight.shape;
    assert.deepEqual(
      [a.shape, b.shape],
      [
        [2, rows],
        [16, 2],
      ],
    );
    const [ofA, ofB] = [weightsOf(a), weightsOf(b)];
    const changed = weightsOf(weight).map((w, k) => {
      const [row, d] = [Math.floor(k / 16), k % 16];
      return w + 1.5 * (ofB[2 * d] * ofA[row] + ofB[2 * d + 1] * ofA[rows + row]);
    });
    weight.load(changed, null);
  }
  const expected = { shape: [2, 2], values: logits(plain) };
  tidy(() => assertClose(logitsTensor(model), expected, 1e-5));
  adapters.merge('default');
  tidy(() => assertClose(logitsTensor(model), expected, 1e-5));
});

test('a table has no DoRA and no bias', () => {
  for (const option of ['dora', 'loraBias']) {
    const settings = lora.configure({ targetModules: ['word_embeddings'], [option]: true });
    assertInputError(
      () => attachAdapter(tinyClassifier(), settings),
      new RegExp(`bert\\.embeddings\\.word_embeddings is a table, which has no ${option}`),
    );
  }
});

test('DoRA needs the weights of its layers: of halves it takes the numbers, those in 8 bits are refused by name', async () => {
  await setBackend('wasm');
  await loadInt8();
  const settings = lora.configure({ rank: 2, dora: true });
  const held = (dtype: 'float16' | 'int8') => {
    const model = tinyClassifier();
    for (const { linear } of model.points.projection) linear.weight.trainable = false;
    holdBackbone(model, dtype);
    return model;
  };
  for (const dora of [true, false]) {
    const model = held('float16');
    const before = logits(model);
    attachAdapter(model, lora.configure({ rank: 2, dora }));
    tidy(() => assertClose(logitsTensor(model), { shape: [2, 2], values: before }, 1e-5));
  }
  assertInputError(
    () => attachAdapter(held('int8'), settings),
    /^bert\.encoder\.layer\.0\.attention\.self\.query\.weight is held in 8 bits and cannot be read.*float32\.$/,
  );
  const model = tinyClassifier();
  attachAdapter(model, settings);
  for (const { linear } of model.points.projection) linear.weight.trainable = false;
  holdBackbone(model, 'int8');
  assertInputError(() => logits(model), /query\.weight is held in 8 bits and cannot be read/);
  const plain = held('int8');
  attachAdapter(plain, lora.configure({ rank: 2 }));
  assert.equal(logits(plain).length, 4);
});

test.run();
