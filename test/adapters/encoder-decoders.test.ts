import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type Tensor, tidy } from '../../src/index.ts';
import type { Seq2SeqModel } from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { attach, liven, smallSettings, titleOf } from '../support/adapters.ts';
import { assertPointDerivatives, assertSameScores } from '../support/attachments.ts';
import { onGpu } from '../support/gpu.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { type TinyName, tinyEncoderDecoder, tinyEncoderDecoders } from '../support/tiny-encoder-decoders.ts';

const test = suite('adapters: all encoder-decoders');

const pairs = [
  { ids: [5, 7, 6, 9, 2], targetIds: [8, 4, 2] },
  { ids: [3, 2], targetIds: [11, 3, 5, 7, 2] },
];

const models: readonly (readonly [name: string, make: () => Seq2SeqModel])[] = [
  ['bart', tinySeq2Seq],
  ...(Object.keys(tinyEncoderDecoders) as TinyName[]).map((name) => [name, () => tinyEncoderDecoder(name)] as const),
];

const logitsOf = (model: Seq2SeqModel): number[] => tidy(() => Array.from(model.forward(model.pack(pairs)).dataSync()));

function lossOf(model: Seq2SeqModel): () => Tensor {
  const batch = model.pack(pairs);
  return () => model.loss(model.forward(batch), batch);
}

for (const [name, make] of models) {
  // Differences need float64.
  if (!onGpu) {
    test(`${name}: the derivative through each attachment point is that of a small difference`, async () => {
      await assertPointDerivatives(() => {
        const model = make();
        return { points: model.points, loss: lossOf(model) };
      });
    });

    for (const settings of [smallSettings.lora[0], smallSettings.houlsby[0]]) {
      test(`${name}: ${titleOf(settings)}: SNIP masks and products with the Hessian are the same on both backends`, async () => {
        await assertSameScores(() => {
          const model = make();
          return { adapter: attach(model, settings), loss: lossOf(model) };
        });
      });
    }
  }

  test(`${name}: adapters of every family attach and change what it gives, or say why not`, () => {
    const before = String(logitsOf(make()));
    for (const [settings] of Object.values(smallSettings)) {
      const model = make();
      if (settings.kind === 'bitfit' && name.endsWith('t5')) {
        assertInputError(() => attach(model, settings), /^bitfit: this model has no biases/);
        continue;
      }
      liven(attach(model, settings));
      const after = logitsOf(model);
      assert.ok(after.every(Number.isFinite) && String(after) !== before, titleOf(settings));
    }
  });
}

test.run();
