import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { AdapterSet, attachAdapter, promptTuning, stack } from '../../src/adapters/index.ts';
import { tidy } from '../../src/index.ts';
import { embed, packPadded, packSequences, type SequenceClassifier } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { freezeBelow } from '../../src/training/frozen-below.ts';
import { assertInputError } from '../io/input-error.ts';
import { logits, logitsTensor } from '../support/adapters.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { weightsOf } from '../support/parameters.ts';
import { forAll } from '../support/property.ts';
import { tinyBert, tinyClassifier, tinyRoberta, tinyTokenClassification } from '../support/tiny-model.ts';
import { range } from '../support/values.ts';

const test = suite('adapters: prompt tuning');
useBackend(test, 'reference');

const words = (model: SequenceClassifier): Parameter => {
  const table = model.parameters().find(({ name }) => name.endsWith('word_embeddings.weight'));
  assert.ok(table);
  return table;
};

/** Sets the rows of a prompt to the embeddings of tokens. */
function spell(prompt: Parameter, table: Parameter, ids: readonly number[]): void {
  const values = weightsOf(table);
  const [, hidden] = table.shape;
  prompt.load(Float32Array.from(ids.flatMap((id) => [...values.slice(id * hidden, (id + 1) * hidden)])), null);
}

const id = fc.integer({ min: 4, max: 29 });
const ids = (minLength: number, maxLength: number) => fc.array(id, { minLength, maxLength });

onEveryBackend(
  test,
  'virtual tokens act as tokens with their embeddings do: in positions, attention and the pooler',
  () => {
    for (const config of [tinyBert, tinyRoberta]) {
      const model = tinyClassifier(undefined, { config });
      const table = words(model);
      const [prompt] = attachAdapter(model, promptTuning({ promptLength: 2 })).parameters;
      const plain = tinyClassifier(undefined, { config });
      forAll(
        fc.tuple(ids(2, 2), fc.array(ids(1, 6), { minLength: 1, maxLength: 3 })),
        ([virtual, texts]) => {
          spell(prompt, table, virtual);
          const spelt = texts.map((text) => ({ ids: [...virtual, ...text] }));
          const expected = { shape: [texts.length, 2], values: logits(plain, spelt) };
          const given = texts.map((text) => ({ ids: text }));
          assertClose(logitsTensor(model, given), expected, 1e-5);
        },
        10,
      );
    }
  },
);

test('its table has the name of the adapter, and starts as N(0, 1)', () => {
  const [prompt, ...others] = attachAdapter(tinyClassifier(), promptTuning({ promptLength: 15 }), 'task').parameters;
  assert.equal(others.length, 0);
  assert.deepEqual([prompt.name, prompt.shape], ['bert.prompt_embeddings.task', [15, 16]]);
  const values = Array.from(weightsOf(prompt));
  const variance = values.reduce((sum, w) => sum + w * w, 0) / values.length;
  assert.ok(variance > 0.7 && variance < 1.4, String(variance));
});

test('padding of a batch is not seen, and stays behind the text', () => {
  const model = tinyClassifier();
  attachAdapter(model, promptTuning({ promptLength: 3 }));
  const [short, long] = [
    [2, 14, 3],
    [2, 22, 9, 8, 3],
  ];
  const padded = packPadded(
    {
      input_ids: [[...short, 0, 0], long],
      attention_mask: [
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1],
      ],
    },
    model.encoder.positionIds,
  );
  tidy(() => {
    const expected = { shape: [2, 2], values: [short, long].flatMap((text) => logits(model, [{ ids: text }])) };
    assertClose(model.forward(padded), expected, 1e-5);
  });
});

test('models of tokens give an output for each token of the text, and none for virtual ones', () => {
  const model = tinyTokenClassification();
  attachAdapter(model, promptTuning({ promptLength: 3 }));
  tidy(() => {
    const batch = packSequences([{ ids: [2, 14, 3] }, { ids: [2, 3] }], model.encoder.positionIds);
    assert.deepEqual(model.forward(batch).shape, [5, 3]);
    const [hidden, whole] = model.encoder.encode(batch);
    assert.deepEqual(hidden.shape, [11, 16]);
    assert.deepEqual([...whole.columns], [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4]);
    assert.deepEqual([...whole.inputIds], [-1, -1, -1, 2, 14, 3, -1, -1, -1, 2, 3]);
    const states = model.encoder.hiddenStates(batch);
    assert.deepEqual(states[states.length - 1].dataSync(), hidden.dataSync());
  });
});

test('the mean of a text is that over its own tokens', async () => {
  const model = tinyClassifier();
  attachAdapter(model, promptTuning({ promptLength: 2 }));
  const { encoder } = model;
  const text = { ids: [2, 14, 3] };
  const [mean] = await embed(encoder, [text], { pooling: 'mean' });
  const rows = tidy(() => encoder.forward(packSequences([text], encoder.positionIds)).dataSync());
  const values = range(16).map((d) => (rows[d] + rows[16 + d] + rows[32 + d]) / 3);
  assertClose({ shape: [16], values: Array.from(mean) }, { shape: [16], values }, 1e-5);
});

test('of two prompts the first one stands in front', () => {
  const model = tinyClassifier();
  const table = words(model);
  const adapters = new AdapterSet(model);
  for (const [name, virtual] of [
    ['a', [8]],
    ['b', [9, 10]],
  ] as const) {
    const [prompt] = adapters.add(name, promptTuning({ promptLength: virtual.length })).parameters;
    spell(prompt, table, virtual);
  }
  adapters.activate(stack('a', 'b'));
  const expected = { shape: [1, 2], values: logits(tinyClassifier(), [{ ids: [8, 9, 10, 2, 14, 3] }]) };
  tidy(() => assertClose(logitsTensor(model, [{ ids: [2, 14, 3] }]), expected, 1e-5));
});

test('a prompt that leaves no place is refused, and so is a text that finds none', () => {
  const refuse = (length: number, config = tinyBert) =>
    attachAdapter(tinyClassifier(undefined, { config }), promptTuning({ promptLength: length }));
  assertInputError(() => refuse(24), /^prompt-tuning: promptLength 24 leaves no place for a text; the model has 24\.$/);
  assertInputError(() => refuse(22, tinyRoberta), /leaves no place for a text; the model has 22\./);
  const model = tinyClassifier();
  attachAdapter(model, promptTuning({ promptLength: 21 }));
  assert.equal(logits(model, [{ ids: [2, 14, 3] }]).length, 2);
  assertInputError(() => logits(model, [{ ids: [2, 14, 14, 3] }]), /has 25 tokens, more than this model has positions/);
});

test('no layer lies below it that could be computed once', () => {
  const model = tinyClassifier();
  const adapter = attachAdapter(model, promptTuning({ promptLength: 2 }));
  assertInputError(() => freezeBelow(model, adapter, 'tiny', null as never), /No frozen layer lies below the adapter/);
});

test.run();
