import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type Backend, grad, tidy } from '../../src/index.ts';
import { packPadded, packSequences } from '../../src/models/index.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { tinyQuestionAnswering, tinyRoberta } from '../support/tiny-model.ts';
import { toTensor } from '../support/values.ts';

const test = suite('models: question answering');

const model = tinyQuestionAnswering;
const texts = [{ ids: [2, 14, 8, 18, 3] }, { ids: [2, 22, 3] }];

/** Logits [rows, 2] in sixteenths without a pattern. */
const numbers = (rows: number) => Array.from({ length: 2 * rows }, (_, i) => ((i * 11 + 5) % 17) / 4 - 2);
const logitsOn = (backend: Backend, rows: number) =>
  toTensor(backend, { shape: [rows, 2], values: numbers(rows) }, true);

/** -log softmax of one channel over rows [first, end) at the target row. */
function negativeLog(channel: number, first: number, end: number, target: number, rows = end): number {
  const scores = Array.from({ length: end - first }, (_, i) => numbers(rows)[2 * (first + i) + channel]);
  return Math.log(scores.reduce((sum, x) => sum + Math.exp(x), 0)) - scores[target];
}

const scalar = (value: number) => ({ shape: [], values: [value] });

onEveryBackend(test, 'a start and an end logit for each token', () => {
  for (const qa of [model(), model(tinyRoberta)]) {
    assert.deepEqual(qa.forward(packSequences(texts, qa.encoder.positionIds)).shape, [8, 2]);
    assert.deepEqual(
      qa
        .parameters()
        .filter(({ isNew }) => isNew)
        .map(({ name, shape }) => [name, shape]),
      [
        ['qa_outputs.weight', [2, 16]],
        ['qa_outputs.bias', [2]],
      ],
    );
  }
});

onEveryBackend(test, 'the loss is the mean over sequences of both cross-entropies, over own tokens only', (backend) => {
  const qa = model();
  const batch = packSequences(texts, qa.encoder.positionIds);
  const starts = (negativeLog(0, 0, 5, 1, 8) + negativeLog(0, 5, 8, 2, 8)) / 2;
  const ends = (negativeLog(1, 0, 5, 4, 8) + negativeLog(1, 5, 8, 2, 8)) / 2;
  const loss = qa.loss(logitsOn(backend, 8), batch, { starts: [1, 2], ends: [4, 2] });
  assertClose(loss, scalar((starts + ends) / 2), 1e-6);
});

onEveryBackend(test, 'a negative position counts as 0, one behind the last token is left out', (backend) => {
  const qa = model();
  const batch = packSequences(texts, qa.encoder.positionIds);
  const loss = (starts: number[], ends: number[]) => qa.loss(logitsOn(backend, 8), batch, { starts, ends });
  const [first, second] = [negativeLog(0, 0, 5, 1, 8), negativeLog(0, 5, 8, 0, 8)];
  const ends = (negativeLog(1, 0, 5, 1, 8) + negativeLog(1, 5, 8, 1, 8)) / 2;
  assertClose(loss([1, -1], [1, 1]), scalar(((first + second) / 2 + ends) / 2), 1e-6);
  assertClose(loss([1, -100], [1, 1]), loss([1, 0], [1, 1]), 0);
  // The second sequence has three tokens: its start is left out, its end is not.
  for (const behind of [3, 4, 500]) assertClose(loss([1, behind], [1, 1]), scalar((first + ends) / 2), 1e-6);
  assert.ok(Number.isNaN(loss([5, 3], [1, 1]).item()), 'with no start at all there is no mean, as in PyTorch');
});

onEveryBackend(test, 'a position left out gets no gradient', (backend) => {
  const qa = model();
  const batch = packSequences(texts, qa.encoder.positionIds);
  const logits = logitsOn(backend, 8);
  const [gradient] = tidy(() => grad(qa.loss(logits, batch, { starts: [1, 3], ends: [1, 9] }), [logits]));
  const values = Array.from(gradient.dataSync());
  assert.ok(values.slice(0, 10).every((g) => g !== 0));
  assert.deepEqual(values.slice(10), [0, 0, 0, 0, 0, 0]);
});

onEveryBackend(test, 'positions count the tokens as given, also under a mask with holes', (backend) => {
  const qa = model();
  const batch = packPadded(
    { input_ids: [[2, 14, 0, 18, 3]], attention_mask: [[1, 1, 0, 1, 1]] },
    qa.encoder.positionIds,
  );
  // Column 3 lies in row 2: the masked column 2 was moved behind the others.
  const expected = (negativeLog(0, 0, 5, 2) + negativeLog(1, 0, 5, 3)) / 2;
  assertClose(qa.loss(logitsOn(backend, 5), batch, { starts: [3], ends: [4] }), scalar(expected), 1e-6);
});

test.run();
