import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { grad, Random, tidy } from '../../src/index.ts';
import { loadClassifier, loadQuestionAnswering, packSequences } from '../../src/models/index.ts';

const backbone = (name: string) => join(import.meta.dirname, '../golden/data/backbones', name);

test('a question-answering checkpoint loads whole, and takes an adapter', () => {
  const { model, ignored, initialized } = loadQuestionAnswering(backbone('bert_qa'), new Random(1));
  assert.deepEqual([ignored, initialized], [[], []]);
  const adapter = attachAdapter(model, houlsby.configure({ bottleneck: 4 }));
  freezeBackbone(model, adapter);
  const batch = packSequences([{ ids: [1, 28, 21, 9] }, { ids: [1, 2] }], model.encoder.positionIds);
  tidy(() => {
    const loss = model.loss(model.forward(batch), batch, { starts: [1, 0], ends: [2, 1] });
    const gradients = grad(
      loss,
      adapter.prunable.map(({ value }) => value),
    );
    for (const gradient of gradients) assert.ok(gradient.dataSync().some((x) => x !== 0));
  });
});

test('a head that the checkpoint lacks is new and reported', () => {
  const { initialized, ignored } = loadQuestionAnswering(backbone('bert_seqcls'), new Random(1));
  assert.deepEqual(initialized, ['qa_outputs.weight', 'qa_outputs.bias']);
  assert.deepEqual(ignored.toSorted(), [
    'bert.pooler.dense.bias',
    'bert.pooler.dense.weight',
    'classifier.bias',
    'classifier.weight',
  ]);
});

test('a classifier takes the labels of its checkpoint, and one label means regression', () => {
  assert.equal(loadClassifier(backbone('bert_seqcls'), new Random(1)).model.labels?.length, 3);
  assert.equal(loadClassifier(backbone('bert_seqreg'), new Random(1)).model.labels, null);
});

test.run();
