import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { checkGradients, tensor, tidy } from '../../src/index.ts';
import { cosineSimilarities, cosineSimilarityLoss } from '../../src/models/index.ts';
import { assertNear } from '../support/near.ts';
import { useBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { forAll, forAllAsync } from '../support/property.ts';

const test = suite('models: cosine similarity');
useBackend(test, 'reference', { dtype: 'float64' });

const WIDTH = 3;
const entry = fc.integer({ min: -8, max: 8 }).map((x) => x / 4 + 0.05);
const vector = fc.tuple(entry, entry, entry).map((row) => [...row]);
const pairs = fc.array(fc.record({ a: vector, b: vector, score: fc.double({ min: -1, max: 1, noNaN: true }) }), {
  minLength: 1,
  maxLength: 5,
});

const matrix = (rows: readonly (readonly number[])[], requiresGrad = false) =>
  tensor(
    rows.map((row) => [...row]),
    [rows.length, WIDTH],
    { requiresGrad },
  );

const cosine = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b));

test('it is the cosine of the angle, and the loss the mean squared difference from the scores', () => {
  forAll(fc.tuple(pairs, fc.nat()), ([rows, seed]) => {
    const [a, b] = [matrix(rows.map((row) => row.a)), matrix(rows.map((row) => row.b))];
    const expected = rows.map((row) => cosine(row.a, row.b));
    assertNear(cosineSimilarities(a, b).arraySync(), expected, 1e-12);
    const scores = rows.map(({ score }) => score);
    const mean = expected.reduce((sum, x, i) => sum + (x - scores[i]) ** 2, 0) / rows.length;
    assertNear(cosineSimilarityLoss(a, b, scores).dataSync()[0], mean, 1e-12);
    const [mixed] = permuted(seed, rows);
    const other = [matrix(mixed.map((row) => row.a)), matrix(mixed.map((row) => row.b))] as const;
    assertNear(
      cosineSimilarityLoss(
        ...other,
        mixed.map(({ score }) => score),
      ).dataSync()[0],
      mean,
      1e-12,
    );
  });
});

test('its derivatives are those that differences give', async () => {
  await forAllAsync(
    pairs,
    async (rows) => {
      const inputs = [
        matrix(
          rows.map((row) => row.a),
          true,
        ),
        matrix(
          rows.map((row) => row.b),
          true,
        ),
      ];
      const scores = rows.map(({ score }) => score);
      const { maxError } = await checkGradients((a, b) => cosineSimilarityLoss(a, b, scores), inputs);
      assert.ok(maxError < 1e-7, `${maxError}`);
      for (const input of inputs) input.dispose();
    },
    8,
  );
});

test('vectors and scores that do not fit each other are named', () => {
  tidy(() => {
    const one = matrix([[1, 2, 3]]);
    const two = matrix([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    assert.throws(() => cosineSimilarities(one, two), /both must be \[n, width\], not \[1, 3\] and \[2, 3\]/);
    assert.throws(() => cosineSimilarityLoss(one, one, [1, 0]), /there are 2 scores for 1 pairs/);
  });
});

test.run();
