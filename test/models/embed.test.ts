import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { memory } from '../../src/index.ts';
import { clsPooling, embed, meanPooling, packSequences } from '../../src/models/index.ts';
import { batchInvariant } from '../../src/tensor/batch-invariant.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('models: embeddings');

const texts = [{ ids: [2, 14, 8, 18, 3] }, { ids: [2, 22, 3] }];

onEveryBackend(test, 'one vector per text, by its first token or by the mean of all', async () => {
  const { encoder } = tinyClassifier();
  const batch = packSequences(texts, encoder.positionIds);
  for (const [pooling, pool] of [
    ['cls', clsPooling],
    ['mean', meanPooling],
  ] as const) {
    const expected = Array.from(batchInvariant(() => pool(encoder.forward(batch), batch)).dataSync());
    const vectors = await embed(encoder, texts, { pooling, normalize: false });
    assert.deepEqual(vectors, [expected.slice(0, 16), expected.slice(16)]);
  }
});

onEveryBackend(test, 'normalised vectors have length 1 and the same direction', async () => {
  const { encoder } = tinyClassifier();
  const plain = await embed(encoder, texts, { pooling: 'mean', normalize: false });
  const unit = await embed(encoder, texts, { pooling: 'mean', normalize: true });
  unit.forEach((vector, i) => {
    const length = Math.hypot(...plain[i]);
    vector.forEach((x, j) => {
      assert.ok(Math.abs(x - plain[i][j] / length) < 1e-12);
    });
    assert.ok(Math.abs(Math.hypot(...vector) - 1) < 1e-12);
  });
});

onEveryBackend(test, 'embedding leaves nothing behind', async () => {
  const { encoder } = tinyClassifier();
  const before = memory();
  await embed(encoder, texts, { pooling: 'mean', normalize: true });
  assert.equal(memory().bytes, before.bytes);
});

test.run();
