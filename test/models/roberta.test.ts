import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { grad, sum } from '../../src/index.ts';
import { longestSequence, packPadded, packSequences } from '../../src/models/index.ts';
import { useBackend } from '../support/on-backend.ts';
import { tinyClassifier, tinyRoberta } from '../support/tiny-model.ts';
import { range } from '../support/values.ts';

const test = suite('models: RoBERTa');
useBackend(test, 'reference');

const model = () => tinyClassifier(undefined, { config: tinyRoberta });
const PAD = 1;

test('positions count the tokens that are not padding, from behind the padding id', () => {
  const { positionIds } = model().encoder;
  assert.deepEqual(positionIds([0, 5, 6, 2]), [2, 3, 4, 5]);
  assert.deepEqual(positionIds([0, 5, 2, PAD, PAD]), [2, 3, 4, PAD, PAD]);
  assert.deepEqual(positionIds([PAD, 0, PAD, 2]), [PAD, 2, PAD, 3]);
  assert.deepEqual(
    tinyClassifier(undefined, { config: { ...tinyRoberta, pad_token_id: 4 } }).encoder.positionIds([4, 1, 7]),
    [4, 5, 6],
  );
});

test('padding in front moves no position', () => {
  const { positionIds } = model().encoder;
  const tokens = fc.array(fc.integer({ min: 2, max: 29 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(tokens, fc.nat(5), (ids, padding) => {
      const padded = positionIds([...range(padding).map(() => PAD), ...ids]);
      assert.deepEqual(padded.slice(padding), positionIds(ids));
      assert.deepEqual(
        positionIds(ids),
        range(ids.length).map((i) => PAD + 1 + i),
      );
    }),
    { seed: 1 },
  );
});

test('padding on the left gives the same logits', () => {
  const classifier = model();
  const { encoder } = classifier;
  const ids = [0, 14, 8, 2];
  const padded = { input_ids: [[PAD, PAD, ...ids]], attention_mask: [[0, 0, 1, 1, 1, 1]] };
  const rows = (values: ArrayLike<number>, count: number) => Array.from(values).slice(0, 16 * count);
  assert.deepEqual(
    rows(encoder.forward(packPadded(padded, encoder.positionIds)).dataSync(), 4),
    rows(encoder.forward(packSequences([{ ids }], encoder.positionIds)).dataSync(), 4),
  );
});

test('the padding rows of both tables get no gradient', () => {
  const classifier = model();
  const { encoder } = classifier;
  const batch = packPadded({ input_ids: [[0, 14, 2, PAD]] }, encoder.positionIds);
  for (const table of ['word', 'position']) {
    const name = `roberta.embeddings.${table}_embeddings.weight`;
    const parameter = classifier.parameters().find((p) => p.name === name);
    assert.ok(parameter);
    const [gradient] = grad(sum(encoder.forward(batch)), [parameter.value]);
    const values = Array.from(gradient.dataSync());
    const row = (i: number) => values.slice(16 * i, 16 * (i + 1));
    assert.ok(row(PAD).every((g) => g === 0));
    assert.ok(row(2).some((g) => g !== 0));
  }
});

test('the longest sequence runs, a longer one is an error', () => {
  const classifier = model();
  const { encoder } = classifier;
  const longest = longestSequence(encoder.config);
  const run = (length: number) => () =>
    classifier.forward(packSequences([{ ids: range(length).map(() => 5) }], encoder.positionIds));
  assert.equal(run(longest)().size, 2);
  assert.throws(run(longest + 1), /sequence 0 of the batch has 23 tokens, more than this model has positions for/);
});

test.run();
