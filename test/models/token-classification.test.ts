import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { grad, Random, tensor, tidy } from '../../src/index.ts';
import type { TensorData } from '../../src/io/index.ts';
import { loadTokenClassification, packPadded, packSequences } from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { assertNear } from '../support/near.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { forAll } from '../support/property.ts';
import {
  lively,
  tinyBert,
  tinyFolder,
  tinyRoberta,
  tinyTensors,
  tinyTokenClassification,
} from '../support/tiny-model.ts';

const test = suite('models: token classification');
useBackend(test, 'wasm');

const ids = fc.array(fc.integer({ min: 2, max: 29 }), { minLength: 1, maxLength: 7 });
const sequences = fc.array(
  ids.map((own) => ({ ids: own })),
  { minLength: 1, maxLength: 4 },
);

onEveryBackend(test, 'a row of logits for each token; the head has the names of transformers', () => {
  for (const config of [tinyBert, tinyRoberta]) {
    const model = tinyTokenClassification(config);
    assert.deepEqual(
      model.forward(packSequences([{ ids: [2, 14, 3] }, { ids: [2] }], model.encoder.positionIds)).shape,
      [4, 3],
    );
    assert.deepEqual(
      model
        .parameters()
        .filter(({ isNew }) => isNew)
        .map(({ name, shape }) => [name, shape]),
      [
        ['classifier.weight', [3, 16]],
        ['classifier.bias', [3]],
      ],
    );
  }
});

test('the logits are one linear layer on the encoder, packed as alone, and dropout is before it', () => {
  const model = tinyTokenClassification();
  const { positionIds } = model.encoder;
  const [weight, bias] = ['weight', 'bias'].map((part) =>
    Array.from(
      model
        .parameters()
        .find(({ name }) => name === `classifier.${part}`)
        ?.value.dataSync() ?? [],
    ),
  );
  forAll(sequences, (batch) => {
    tidy(() => {
      const packed = packSequences(batch, positionIds);
      const hidden = model.encoder.forward(packed).arraySync() as number[][];
      const plain = hidden.map((x) =>
        bias.map((b, c) => x.reduce((sum, value, k) => sum + value * weight[16 * c + k], b)),
      );
      const logits = model.forward(packed).arraySync() as number[][];
      assertNear(logits, plain, 1e-5);
      const alone = batch.flatMap((one) => model.forward(packSequences([one], positionIds)).arraySync() as number[][]);
      assertNear(logits, alone, 1e-5);
    });
  });
  const packed = packSequences([{ ids: [2, 14, 3] }], positionIds);
  const differs = tidy(
    () => model.forward(packed, new Random(1)).dataSync()[0] !== model.forward(packed).dataSync()[0],
  );
  assert.ok(differs);
});

test('the loss is the mean over labelled tokens of the whole batch, and others get no gradient', () => {
  const model = tinyTokenClassification();
  const classes = fc.array(fc.constantFrom(0, 1, 2, -100), { minLength: 7, maxLength: 7 });
  forAll(fc.tuple(sequences, fc.array(classes, { minLength: 4, maxLength: 4 })), ([batch, all]) => {
    const own = batch.map((one, s) => one.ids.map((_, i) => (s === 0 && i === 0 ? 1 : all[s][i])));
    tidy(() => {
      const packed = packSequences(batch, model.encoder.positionIds);
      const rows = model.forward(packed).arraySync() as number[][];
      const logits = tensor(rows, { requiresGrad: true });
      const losses = own.flat().flatMap((target, row) => {
        if (target < 0) return [];
        return [Math.log(rows[row].reduce((sum, x) => sum + Math.exp(x), 0)) - rows[row][target]];
      });
      const loss = model.loss(logits, packed, own);
      assertNear(loss.item(), losses.reduce((a, b) => a + b, 0) / losses.length, 1e-5);
      const [gradient] = grad(loss, [logits]);
      const isZero = (gradient.arraySync() as number[][]).map((row) => row.every((x) => x === 0));
      assert.deepEqual(isZero, own.flat().map((target) => target < 0)); // biome-ignore format: one line
    });
  });
});

test('classes stand at the tokens as given, also under a mask with holes', () => {
  const model = tinyTokenClassification();
  tidy(() => {
    const padded = packPadded(
      { input_ids: [[2, 14, 0, 18]], attention_mask: [[1, 1, 0, 1]] },
      model.encoder.positionIds,
    );
    const logits = model.forward(padded);
    const loss = (at: number) => {
      const classes = [-100, -100, -100, -100];
      classes[at] = 1;
      return model.loss(logits, padded, [classes]).item();
    };
    const rows = logits.arraySync() as number[][];
    const expected = (row: number) => Math.log(rows[row].reduce((sum, x) => sum + Math.exp(x), 0)) - rows[row][1];
    // The masked column 2 was moved behind column 3.
    assertNear([loss(3), loss(2)], [expected(2), expected(3)], 1e-5);
  });
});

const stored = (name: string, ...shape: number[]): TensorData => ({
  name,
  dtype: 'F32',
  shape,
  data: lively(name, shape),
});
const tags = ['O', 'B-PER', 'I-PER', 'B-LOC'];

function checkpoint(architecture: string | undefined, names = tags, base = tinyBert): string {
  const config = { ...base, architectures: architecture && [architecture], id2label: { ...names } };
  const head = [stored('classifier.weight', names.length, 16), stored('classifier.bias', names.length)];
  return tinyFolder({ config, tensors: [...tinyTensors(base), ...head] });
}
const loaded = (folder: string, labels: readonly string[] | null = null, head: 'auto' | 'checkpoint' = 'auto') =>
  loadTokenClassification(folder, new Random(1), labels, { head });
const isCheckpoints = ({ initialized }: ReturnType<typeof loaded>) => initialized.length === 0;

test('the head of a checkpoint is believed, its labels in their order, for data that have some of them', () => {
  for (const [architecture, base] of [
    ['BertForTokenClassification', tinyBert],
    ['RobertaForTokenClassification', tinyRoberta],
  ] as const) {
    const folder = checkpoint(architecture, tags, base);
    for (const labels of [null, tags, ['B-LOC', 'O', 'B-PER']]) {
      const model = loaded(folder, labels);
      assert.ok(isCheckpoints(model));
      assert.deepEqual(model.model.labels, tags);
      assert.equal(model.warnings.length, labels === null ? 0 : 1);
    }
    const classifier = loaded(folder).parameters.find(({ name }) => name === 'classifier.weight');
    assert.deepEqual(classifier?.value.dataSync(), lively('classifier.weight', [4, 16]));
    const other = loaded(folder, ['O', 'B-ORG']);
    assert.deepEqual(other.model.labels, ['O', 'B-ORG']);
    assert.match(
      other.warnings.join(),
      /other names: its outputs are O, B-PER.*; the data have O, B-ORG; .*the head is new/,
    );
    assertInputError(() => loaded(folder, ['O', 'B-ORG'], 'checkpoint'), /no trained token classification head/);
  }
});

test('a checkpoint of another kind gets a new head, and has none of its own', () => {
  const classifier = tinyFolder({
    config: { ...tinyBert, architectures: ['BertForSequenceClassification'] },
    tensors: tinyTensors(tinyBert, 2),
  });
  assert.match(loaded(classifier, tags).warnings.join(), /BertForSequenceClassification.*the head is new/);
  assertInputError(() => loaded(classifier), /no trained token classification head.*BertForSequenceClassification/);
  const bare = loaded(tinyFolder(), tags);
  assert.deepEqual([bare.warnings, bare.initialized], [[], ['classifier.weight', 'classifier.bias']]);
  assertInputError(() => loaded(tinyFolder()), /no trained token classification head/);
});

test('without a class in the file the tensors tell, and a line says so', () => {
  const told = loaded(checkpoint(undefined), tags);
  assert.ok(isCheckpoints(told));
  assert.match(told.warnings.join(), /"classifier\.weight" is taken for .*token classification/);
  const ofTexts = tinyFolder({ config: { ...tinyBert, architectures: undefined }, tensors: tinyTensors(tinyBert, 4) });
  assert.ok(!isCheckpoints(loaded(ofTexts, tags)), 'with a pooler it is a head for texts');
});

test.run();
