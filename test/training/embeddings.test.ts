import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import type { EmbeddingExample } from '../../src/data/index.ts';
import { grad, memory, Random, tidy } from '../../src/index.ts';
import { parseEncoderConfig, SentenceEncoder } from '../../src/models/index.ts';
import { ParameterPath } from '../../src/nn/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import { cosines, embedTexts, nearest } from '../../src/training/embed-texts.ts';
import { type EmbeddingItem, embeddingLoss, featureExtraction } from '../../src/training/index.ts';
import { assertNear } from '../support/near.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { forAll, forAllAsync } from '../support/property.ts';
import { lively, tinyBert, tinyFolder } from '../support/tiny-model.ts';
import { complete, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: embeddings');

const WIDTH = 16;
const encoder = (pooling: 'mean' | 'cls' = 'mean') =>
  new SentenceEncoder(
    ParameterPath.root(new Random(1), { has: () => true, take: lively }),
    parseEncoderConfig(tinyBert),
    pooling,
  );

const ids = fc.array(fc.integer({ min: 8, max: 20 }), { minLength: 1, maxLength: 5 }).map((words) => [2, ...words, 3]);
const unlike = (count: number) =>
  fc.uniqueArray(ids, { minLength: count, maxLength: count, selector: (text) => text.join(' ') });
const pairs = fc
  .integer({ min: 2, max: 4 })
  .chain((n) => fc.tuple(fc.constant(n), unlike(3 * n)))
  .map(([n, texts]) => ({
    anchors: texts.slice(0, n),
    positives: texts.slice(n, 2 * n),
    negatives: texts.slice(2 * n),
  }));

const lossOf = (model: SentenceEncoder, batch: readonly EmbeddingItem[], temperature?: number) =>
  tidy(() => embeddingLoss(model, batch, undefined, { temperature }).dataSync()[0]);

/** The contrastive loss by its definition, from vectors that were computed one by one. */
async function expectedLoss(
  model: SentenceEncoder,
  batch: readonly EmbeddingItem[],
  counts: (i: number, candidate: number) => boolean = () => true,
  scale = 20,
): Promise<number> {
  const vectors = async (texts: readonly EmbeddingItem['texts'][number][]) =>
    Promise.all(texts.map((text) => embedTexts(model, [text])));
  const anchors = await vectors(batch.map(({ texts }) => texts[0]));
  const candidates = await vectors([
    ...batch.map(({ texts }) => texts[1]),
    ...batch.flatMap(({ texts }) => texts.slice(2)),
  ]);
  const losses = anchors.map((anchor, i) => {
    const scores = candidates.map((vector) => scale * cosines(Float32Array.from([...anchor, ...vector]), WIDTH)[0]);
    const sum = scores.reduce((total, x, c) => total + (c === i || counts(i, c) ? Math.exp(x - scores[i]) : 0), 0);
    return Math.log(sum);
  });
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

test('a batch of different texts has the contrastive loss of its vectors; packed equals single', async () => {
  const model = encoder();
  await forAllAsync(
    fc.tuple(pairs, fc.boolean()),
    async ([{ anchors, positives, negatives }, hasNegatives]) => {
      const batch = anchors.map((anchor, i) => ({
        texts: [anchor, positives[i], ...(hasNegatives ? [negatives[i]] : [])],
      }));
      assertNear(lossOf(model, batch), await expectedLoss(model, batch), 1e-4);
      assertNear(lossOf(model, batch, 2), await expectedLoss(model, batch, undefined, 10), 1e-4);
    },
    6,
  );
});

test('the order of a batch changes nothing', () => {
  const model = encoder();
  forAll(
    fc.tuple(pairs, fc.nat(), fc.boolean()),
    ([{ anchors, positives, negatives }, seed, isScored]) => {
      const batch = anchors.map(
        (anchor, i): EmbeddingItem =>
          isScored ? { texts: [anchor, positives[i]], score: i / 4 } : { texts: [anchor, positives[i], negatives[i]] },
      );
      const [mixed] = permuted(seed, batch);
      assertNear(lossOf(model, mixed), lossOf(model, batch), 1e-5);
    },
    8,
  );
});

test('the order of pairs, and of judged documents, changes no score', async () => {
  const model = encoder();
  const tokenizer = loadTokenizer(tinyFolder());
  const words = ['good', 'bad', 'dull', 'nice', 'weak', 'old'];
  const rows = words.map((word, i) => ({ text: `the film is ${word}`, textPair: `a ${word} book`, label: i / 5 }));
  const scoresOf = async (examples: readonly EmbeddingExample[], metrics: readonly string[]) => {
    const dataset = { name: 'x', examples: [...examples], labels: null, metrics: [...metrics], warnings: [] };
    return (await featureExtraction.evaluation(dataset, tokenizer, complete(tinySettings)).judge(model)).scores;
  };
  const plain = rows.map(({ label: _, ...pair }) => pair);
  for (const seed of [1, 2, 3]) {
    const [mixed, mixedPairs] = permuted(seed, rows, plain);
    assertNear(await scoresOf(mixed, ['spearman']), await scoresOf(rows, ['spearman']), 1e-6);
    assertNear(await scoresOf(mixedPairs, ['recall@1']), await scoresOf(plain, ['recall@1']), 1e-6);
  }
});

test('a text that belongs to an equal anchor is no negative, nor is the anchor itself', async () => {
  const model = encoder();
  const [a, b, c, d] = [
    [2, 8, 3],
    [2, 9, 10, 3],
    [2, 11, 3],
    [2, 12, 13, 3],
  ];
  const twice: EmbeddingItem[] = [{ texts: [a, b] }, { texts: [a, c] }, { texts: [d, b] }];
  // b belongs to anchor 0; the last b is the same text. c belongs to an equal anchor.
  const counts = (i: number, candidate: number) => i === 2 && candidate === 1;
  assertNear(lossOf(model, twice), await expectedLoss(model, twice, counts), 1e-4);
  const own: EmbeddingItem[] = [{ texts: [a, b] }, { texts: [c, a] }];
  assertNear(lossOf(model, own), await expectedLoss(model, own, (i, candidate) => i === 1 && candidate === 0), 1e-4);
  const negative: EmbeddingItem[] = [{ texts: [a, b, c] }, { texts: [d, c, b] }];
  const others = (i: number, candidate: number) => !(i === 0 ? [3] : [2]).includes(candidate);
  assertNear(lossOf(model, negative), await expectedLoss(model, negative, others), 1e-4);
});

test('pairs with scores have the squared difference of their cosines', async () => {
  const model = encoder('cls');
  const batch: EmbeddingItem[] = [
    {
      texts: [
        [2, 8, 3],
        [2, 9, 10, 3],
      ],
      score: 0.2,
    },
    {
      texts: [
        [2, 11, 3],
        [2, 12, 13, 3],
      ],
      score: 0.9,
    },
  ];
  const vectors = await embedTexts(
    model,
    batch.flatMap(({ texts }) => texts),
  );
  const [first, second] = cosines(vectors, WIDTH);
  assertNear(lossOf(model, batch), ((first - 0.2) ** 2 + (second - 0.9) ** 2) / 2, 1e-5);
  assert.throws(() => lossOf(model, batch, 2), /where pairs have scores it must be 1/);
  assert.throws(() => lossOf(model, [...batch, { texts: batch[0].texts }]), /Item 2 of the batch has other texts/);
});

onEveryBackend(test, 'the loss leads to every layer and leaves nothing behind', () => {
  const model = encoder();
  const before = memory();
  tidy(() => {
    const parameters = model.parameters().map(({ value }) => value);
    const loss = embeddingLoss(
      model,
      [
        {
          texts: [
            [2, 8, 3],
            [2, 9, 3],
          ],
        },
        {
          texts: [
            [2, 10, 3],
            [2, 11, 3],
          ],
        },
      ],
      new Random(3),
    );
    const layers = grad(loss, parameters).map((gradient) => gradient.dataSync().some((x) => x !== 0));
    assert.ok(layers.filter(Boolean).length > 25, `${layers.length}`);
  });
  assert.deepEqual(memory(), before);
});

onEveryBackend(test, 'the nearest documents are found, with all that are as near as the last', async () => {
  const documents = Float32Array.from([1, 0, 0, 2, 1, 1, -1, 0, 1, 1]);
  const found = await nearest(Float32Array.from([2, 0, 0, 1]), documents, 2, 2);
  const sorted = found.map((some) => some.map(({ index }) => index).sort());
  assert.deepEqual(sorted, [
    [0, 2, 4],
    [1, 2, 4],
  ]);
  assertNear(found[0].map(({ score }) => score).sort(), [Math.SQRT1_2, Math.SQRT1_2, 1], 1e-6);
});

test.run();
