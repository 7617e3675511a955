import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { checkGradients, concat, grad, hvp, type Tensor, tensor, tidy } from '../../src/index.ts';
import {
  type ContrastiveOptions,
  contrastiveScores,
  multipleNegativesRankingLoss,
} from '../../src/models/contrastive.ts';
import { assertNear } from '../support/near.ts';
import { useBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { forAll, forAllAsync } from '../support/property.ts';

const test = suite('models: contrastive loss');
useBackend(test, 'reference', { dtype: 'float64' });

const WIDTH = 3;
const entry = fc.integer({ min: -8, max: 8 }).map((x) => x / 4 + 0.05);
const vector = fc.tuple(entry, entry, entry).map((row) => [...row]);
const batches = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 })).chain(([n, more]) => {
  const matrix = (rows: number) => fc.array(vector, { minLength: rows, maxLength: rows });
  return fc.record({ anchors: matrix(n), positives: matrix(n), negatives: matrix(more) });
});
const options = fc.record({
  scale: fc.constantFrom(1, 20),
  similarity: fc.constantFrom('cosine' as const, 'dot' as const),
  symmetric: fc.boolean(),
});

type Matrix = readonly (readonly number[])[];
const matrix = (rows: Matrix) =>
  tensor(
    rows.map((row) => [...row]),
    [rows.length, WIDTH],
    { requiresGrad: true },
  );

function lossOf(anchors: Matrix, positives: Matrix, negatives: Matrix, given: ContrastiveOptions): number {
  const all = { ...given, ...(negatives.length > 0 ? { negatives: matrix(negatives) } : {}) };
  return tidy(() => multipleNegativesRankingLoss(matrix(anchors), matrix(positives), all).dataSync()[0]);
}

/** By the definition. */
function expectedLoss(
  anchors: Matrix,
  positives: Matrix,
  negatives: Matrix,
  { scale, similarity, symmetric }: Required<Omit<ContrastiveOptions, 'negatives' | 'excluded'>>,
): number {
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const score = (a: readonly number[], b: readonly number[]) =>
    (scale * dot(a, b)) / (similarity === 'dot' ? 1 : Math.sqrt(dot(a, a) * dot(b, b)));
  const mean = (queries: Matrix, candidates: Matrix) =>
    queries.reduce((sum, query, i) => {
      const scores = candidates.map((candidate) => score(query, candidate));
      return sum + Math.log(scores.reduce((total, x) => total + Math.exp(x - scores[i]), 0));
    }, 0) / queries.length;
  const forward = mean(anchors, [...positives, ...negatives]);
  return symmetric ? (forward + mean(positives, anchors)) / 2 : forward;
}

test('it is the cross-entropy of its definition', () => {
  forAll(fc.tuple(batches, options), ([{ anchors, positives, negatives }, given]) => {
    assertNear(lossOf(anchors, positives, negatives, given), expectedLoss(anchors, positives, negatives, given), 1e-9);
  });
});

test('its derivatives are those that differences give, of both orders', async () => {
  await forAllAsync(
    fc.tuple(batches, options),
    async ([{ anchors, positives, negatives }, { similarity, symmetric }]) => {
      const all = [anchors, positives, ...(negatives.length > 0 ? [negatives] : [])];
      const loss = (...xs: readonly Tensor[]) =>
        multipleNegativesRankingLoss(xs[0], xs[1], { scale: 2, similarity, symmetric, negatives: xs[2] });
      const inputs = all.map(matrix);
      const { maxError } = await checkGradients(loss, inputs);
      assert.ok(maxError < 1e-7, `first order: ${maxError}`);
      for (const input of inputs) input.dispose();

      const direction = (row: readonly number[]) => row.map((_, i) => 1 / (i + 1));
      const gradients = (step: number) =>
        tidy(() => {
          const xs = all.map((rows) => matrix(rows.map((row) => row.map((x, i) => x + step * direction(row)[i]))));
          return grad(loss(...xs), xs).map((gradient) => Array.from(gradient.dataSync()));
        });
      const [above, below] = [gradients(1e-5), gradients(-1e-5)];
      const products = tidy(() => {
        const xs = all.map(matrix);
        const vectors = all.map((rows) => matrix(rows.map(direction)).detach());
        return hvp(() => loss(...xs), xs, vectors).map((product) => Array.from(product.dataSync()));
      });
      assertNear(
        products,
        above.map((values, input) => values.map((value, i) => (value - below[input][i]) / 2e-5)),
        1e-5,
      );
    },
    8,
  );
});

test('the order of pairs does not matter, nor do lengths for the cosine', () => {
  forAll(fc.tuple(batches, options, fc.nat()), ([{ anchors, positives, negatives }, given, seed]) => {
    const loss = lossOf(anchors, positives, negatives, given);
    const [a, p] = permuted(seed, anchors, positives);
    assertNear(lossOf(a, p, negatives.toReversed(), given), loss, 1e-9);
    if (given.similarity === 'dot') return;
    const longer = (rows: Matrix, factor: number) => rows.map((row, i) => row.map((x) => x * factor * (i + 1)));
    assertNear(lossOf(longer(anchors, 100), longer(positives, 0.01), negatives, given), loss, 1e-9);
  });
});

test('one pair has no loss, equal positives that of chance, and a negative never lowers it', () => {
  forAll(batches, ({ anchors, positives, negatives }) => {
    assert.equal(lossOf(anchors.slice(0, 1), positives.slice(0, 1), [], {}), 0);
    const same = anchors.map(() => positives[0]);
    assertNear(lossOf(anchors, same, [], {}), Math.log(anchors.length), 1e-9);
    const loss = lossOf(anchors, positives, [], {});
    assert.ok(loss >= -1e-12 && lossOf(anchors, positives, negatives, {}) >= loss - 1e-12);
  });
});

test('candidates are the positives, then the negatives; a vector of zeros has finite derivatives', () => {
  tidy(() => {
    const [anchors, positives, negatives] = [[[0, 0, 0]], [[1, 0, 0]], [[0, 2, 0]]].map(matrix);
    assert.deepEqual(contrastiveScores(positives, positives, { negatives, similarity: 'dot', scale: 1 }).arraySync(), [
      [1, 0],
    ]);
    const loss = multipleNegativesRankingLoss(anchors, positives, { negatives });
    for (const gradient of grad(loss, [anchors, positives, negatives])) {
      assert.ok(Array.from(gradient.dataSync()).every(Number.isFinite));
    }
    const joined = multipleNegativesRankingLoss(positives, positives, { negatives: concat([negatives, anchors]) });
    assert.deepEqual(joined.shape, []);
  });
});

test('an excluded candidate counts as one that is not there', () => {
  forAll(fc.tuple(batches, fc.constantFrom(1, 20)), ([{ anchors, positives, negatives }, scale]) => {
    if (negatives.length === 0) return;
    const last = positives.length + negatives.length - 1;
    const excluded = anchors.map((_, i) => [i, last] as const);
    const without = lossOf(anchors, positives, negatives.slice(0, -1), { scale });
    assertNear(lossOf(anchors, positives, negatives, { scale, excluded }), without, 1e-9);
    const [x] = [matrix(anchors)];
    const more = matrix(negatives);
    const loss = multipleNegativesRankingLoss(x, matrix(positives), { negatives: more, excluded, scale });
    const [gradient] = grad(loss, [more]);
    assert.ok(
      gradient
        .dataSync()
        .subarray(-WIDTH)
        .every((value) => value === 0),
    );
  });
});

test('vectors that do not fit each other are named', () => {
  tidy(() => {
    const [one, two] = [
      [[1, 2, 3]],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ].map(matrix);
    assert.throws(
      () => multipleNegativesRankingLoss(two, one),
      /^RangeError: contrastive loss: positives must be \[2, 3\] as the anchors, not \[1, 3\]/,
    );
    assert.throws(() => multipleNegativesRankingLoss(tensor([1, 2]), one), /anchors must be \[n, width\], not \[2\]/);
    assert.throws(
      () => multipleNegativesRankingLoss(one, one, { negatives: tensor([[1, 2]]) }),
      /negatives must be \[any number, 3\]/,
    );
    assert.throws(() => multipleNegativesRankingLoss(one, one, { scale: 0 }), /scale must be above 0, not 0/);
    assert.throws(
      () => multipleNegativesRankingLoss(one, one, { excluded: [[0, 1]] }),
      /there is no anchor 0 with a candidate 1 among 1 with 1/,
    );
  });
});

test.run();
