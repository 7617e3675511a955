import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { attachAdapter, freezeBackbone, houlsby } from '../../src/adapters/index.ts';
import { grad, memory, Random, setBackend, type Tensor } from '../../src/index.ts';
import { embed, generate, isHeadParameter } from '../../src/models/index.ts';
import type { Parameter } from '../../src/nn/index.ts';
import { AdamW } from '../../src/optim/index.ts';
import { answerLoss, classificationLoss, predict, seq2seqLoss } from '../../src/training/index.ts';
import { fast } from '../support/backends.ts';
import { settled } from '../support/collect.ts';
import { backendNames } from '../support/gpu.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { tinyClassifier, tinyExamples, tinyQuestionAnswering } from '../support/tiny-model.ts';

const test = suite('training: without a scope');
test.after(async () => {
  await setBackend(fast.name as 'wasm');
});

/** Steps as a program of its own may take them; of a step nothing is left but its loss and gradients, which it frees. */
async function assertStepsLeaveNothing(parameters: readonly Parameter[], loss: (random: Random) => Tensor) {
  const adam = new AdamW(parameters);
  let before = memory();
  for (let step = 0; step < 5; step++) {
    const value = loss(new Random(step));
    const gradients = grad(
      value,
      parameters.map((parameter) => parameter.value),
    );
    adam.step(gradients);
    const made = [value, ...gradients];
    assert.ok(made.every((tensor) => tensor.dataSync().every(Number.isFinite)));
    const moments = step === 0 ? 2 * parameters.length : 0;
    assert.equal(memory().tensors - before.tensors, made.length + moments, `step ${step}`);
    for (const tensor of made) tensor.dispose();
    // The first step makes what is kept, such as moments, and weights as floats.
    if (step > 0) assert.deepEqual(memory(), before, `step ${step}`);
    before = memory();
  }
}

for (const name of backendNames) {
  test(`steps of a classifier with an adapter free all that is inside, on ${name}`, async () => {
    await setBackend(name);
    const model = tinyClassifier();
    freezeBackbone(model, attachAdapter(model, houlsby.configure({ bottleneck: 4 })), isHeadParameter);
    const trained = model.parameters().filter(({ trainable }) => trainable);
    await assertStepsLeaveNothing(trained, (random) => classificationLoss(model, tinyExamples(4), random));
  });

  test(`so do those of a model that answers questions, on ${name}`, async () => {
    await setBackend(name);
    const model = tinyQuestionAnswering();
    const windows = tinyExamples(3).map(({ ids, typeIds }) => ({ ids, typeIds, start: 1, end: 2 }));
    await assertStepsLeaveNothing(model.parameters(), (random) => answerLoss(model, windows, random));
  });

  test(`and of one that writes, on ${name}`, async () => {
    await setBackend(name);
    const model = tinySeq2Seq();
    const pairs = [
      { ids: [5, 6, 2], targetIds: [7, 8, 2] },
      { ids: [9, 2], targetIds: [6, 2] },
    ];
    await assertStepsLeaveNothing(model.parameters(), (random) => seq2seqLoss(model, pairs, random));
  });

  test(`predictions, vectors and texts leave nothing behind, on ${name}`, async () => {
    await setBackend(name);
    const [classifier, writer] = [tinyClassifier(), tinySeq2Seq()];
    const examples = tinyExamples(5);
    const all = async () => {
      await predict(classifier, examples);
      await embed(classifier.encoder, examples, { pooling: 'mean', normalize: true });
      await generate(writer, [[5, 6], [7]], { numBeams: 2 });
      await generate(writer, [[5, 6], [7]], {});
    };
    await all();
    // Garbage of earlier tests may go meanwhile.
    const before = await settled();
    for (let time = 0; time < 3; time++) {
      await all();
      const now = memory();
      assert.ok(now.tensors <= before.tensors && now.bytes <= before.bytes, JSON.stringify([before, now]));
    }
  });
}

test.run();
