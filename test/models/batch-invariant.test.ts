import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { type AdapterSettings, freezeBackbone } from '../../src/adapters/index.ts';
import { loadInt8 } from '../../src/backends/load-int8.ts';
import { linear, Random, randomNormal, setBackend } from '../../src/index.ts';
import { holdBackbone } from '../../src/models/backbone-dtype.ts';
import { generate, type SequenceClassifier, type TokenSequence } from '../../src/models/index.ts';
import type { HeldDType } from '../../src/nn/index.ts';
import { batchInvariant } from '../../src/tensor/batch-invariant.ts';
import { tidy } from '../../src/tensor/scope.ts';
import { attach, liven, maskRandomly, smallSettings, titleOf } from '../support/adapters.ts';
import { forAll, forAllAsync } from '../support/property.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { tinyBert, tinyClassifier, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('models: the same bits in every batch');

test.before(async () => {
  await setBackend('wasm', { threads: 1 });
});

/** Wide enough for every path of a product. */
const wide = { hidden_size: 72, num_attention_heads: 4, intermediate_size: 200, max_position_embeddings: 64 };

const sequence = fc.array(fc.integer({ min: 5, max: 29 }), { minLength: 1, maxLength: 40 }).map((ids) => ({
  ids: [2, ...ids, 3],
}));
const sequences = fc.array(sequence, { minLength: 1, maxLength: 8 });

const forms: readonly (readonly [HeldDType, readonly AdapterSettings[]])[] = [
  ['float32', Object.values(smallSettings).flat()],
  ['float16', [{ kind: 'houlsby', bottleneck: 24 }]],
  [
    'int8',
    [
      { kind: 'houlsby', bottleneck: 24 },
      { kind: 'lora', rank: 3 },
      { kind: 'prefix', prefixLength: 3 },
    ],
  ],
];

for (const [dtype, all] of forms) {
  for (const settings of all) {
    for (const isSparse of [false, true]) {
      test(`${dtype}, ${titleOf(settings)}${isSparse ? ', sparse' : ''}`, async () => {
        const config = settings.kind === 'lora' ? tinyRoberta : tinyBert;
        const model = tinyClassifier({ labels: ['a', 'b', 'c'] }, { config: { ...config, ...wide } });
        const adapter = attach(model, settings);
        liven(adapter);
        freezeBackbone(model, adapter);
        if (dtype !== 'float32') {
          await loadInt8();
          holdBackbone(model, dtype);
        }
        if (isSparse) maskRandomly(adapter.prunable);
        await forAllAsync(sequences, (batch) => assertInvariant(model, batch), 6);
      });
    }
  }
}

/** Fails as soon as a text has other bits alone than among others. */
async function assertInvariant(model: SequenceClassifier, batch: readonly TokenSequence[]): Promise<void> {
  const together = await model.read(batch);
  const width = model.outputs.length;
  for (const [i, one] of batch.entries()) {
    assert.deepEqual(await model.read([one]), together.slice(i * width, (i + 1) * width), `sequence ${i}`);
  }
}

const wideSettings: readonly AdapterSettings[] = [
  { kind: 'houlsby', bottleneck: 64 },
  { kind: 'lora', rank: 64, init: 'bert' },
];
for (const settings of wideSettings) {
  test(`so sparse that only tiles that are full pay: ${settings.kind}`, async () => {
    const size = { hidden_size: 384, num_attention_heads: 4, intermediate_size: 500, max_position_embeddings: 64 };
    const model = tinyClassifier({ labels: ['a', 'b', 'c'] }, { config: { ...tinyBert, ...size } });
    const adapter = attach(model, settings);
    liven(adapter);
    for (const parameter of adapter.prunable) {
      const random = new Random(parameter.name);
      parameter.setMask(Array.from({ length: parameter.size }, () => (random.uniform() < 0.2 ? 1 : 0)));
      parameter.fixMask();
    }
    freezeBackbone(model, adapter);
    const batch = [1, 3, 9, 20, 33, 38, 5, 12].map((length, i) => ({
      ids: [2, ...Array.from({ length }, (_, j) => 5 + ((7 * i + j * j) % 25)), 3],
    }));
    await assertInvariant(model, batch);
  });
}

for (const kind of ['many rows', 'few rows'] as const) {
  test(`a row of a product, whatever the others are: ${kind}`, () => {
    const size = fc.integer({ min: 1, max: 120 });
    forAll(
      fc.record({
        rows: fc.integer({ min: 1, max: 110 }),
        n: size,
        k: fc.oneof(size, fc.integer({ min: 380, max: 800 })),
      }),
      ({ rows, n, k }) => {
        const random = new Random(`${rows} ${n} ${k}`);
        const [x, w, b] = [[rows, k], [n, k], [n]].map((shape) => randomNormal(shape, random));
        const all = batchInvariant(() => linear(x, w, b), kind).dataSync();
        for (const row of new Set([0, rows >> 1, rows - 1])) {
          const alone = tidy(() => batchInvariant(() => linear(x.slice([row, 0], [row + 1, k]), w, b), kind));
          assert.deepEqual(alone.dataSync(), all.slice(row * n, (row + 1) * n));
        }
      },
      60,
    );
  });
}

test('without it the bits of few rows are others, so there is something to test', () => {
  const random = new Random(1);
  const [x, w] = [randomNormal([40, 300], random), randomNormal([50, 300], random)];
  const all = linear(x, w).dataSync();
  const alone = linear(x.slice([0, 0], [1, 300]), w).dataSync();
  assert.notDeepEqual(alone, all.slice(0, 50));
});

for (const numBeams of [1, 4]) {
  test(`what is generated, and its scores: ${numBeams} beams`, async () => {
    const model = tinySeq2Seq({ d_model: 64, encoder_attention_heads: 4, decoder_attention_heads: 4 });
    const settings = { maxLength: 12, minLength: 8, numBeams };
    const sources = fc.array(
      fc.array(fc.integer({ min: 4, max: 20 }), { minLength: 1, maxLength: 15 }).map((ids) => [0, ...ids, 2]),
      { minLength: 1, maxLength: 14 },
    );
    await forAllAsync(
      sources,
      async (all) => {
        const together = await generate(model, all, settings, { batchSize: 14 });
        for (const [i, one] of all.entries()) {
          assert.deepEqual(await generate(model, [one], settings), [together[i]], `source ${i}`);
        }
      },
      5,
    );
  });
}

test.run();
