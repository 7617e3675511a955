import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { grad, Random, type Tensor, tidy } from '../../src/index.ts';
import { architectures } from '../../src/models/architectures.ts';
import {
  headsOf,
  MultipleChoiceModel,
  packPadded,
  packSequences,
  parseEncoderConfig,
  QuestionAnsweringModel,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../src/models/index.ts';
import { ParameterPath } from '../../src/nn/index.ts';
import { mul } from '../../src/ops/arithmetic.ts';
import { attach, liven, logitsTensor, smallSettings, titleOf, twoTexts } from '../support/adapters.ts';
import { assertPointDerivatives, assertSameScores } from '../support/attachments.ts';
import { assertClose } from '../support/compare.ts';
import { onGpu } from '../support/gpu.ts';
import { tinyEncoders } from '../support/tiny-encoders.ts';
import { tinyClassifier } from '../support/tiny-model.ts';

const test = suite('adapters: all architectures');

const longer = { ids: [2, 9, 22, 7, 11, 15, 8, 20, 12, 3] };
const texts = [...twoTexts, longer];
const lossOf = (model: SequenceClassifier) => (): Tensor => model.loss(logitsTensor(model, texts), [0, 1, 1]);

for (const { type, title } of architectures()) {
  const config = tinyEncoders[type];
  const classifier = () => tinyClassifier(undefined, { config });
  const prefixed = () => {
    const model = classifier();
    liven(attach(model, { kind: 'prefix', prefixLength: 3, prefixFlat: true }));
    return model;
  };

  for (const [name, prepared] of [
    ['', classifier],
    [', after a prefix', prefixed],
  ] as const) {
    test(`${title}: a packed batch and a padded one give what each text alone gives${name}`, () => {
      const model = prepared();
      const alone = tidy(() => texts.flatMap((text) => Array.from(logitsTensor(model, [text]).dataSync())));
      const expected = { shape: [texts.length, 2], values: alone };
      assertClose(logitsTensor(model, texts), expected, 1e-5);
      const { pad_token_id: pad } = model.config;
      const input_ids = texts.map(({ ids }) => Array.from({ length: 12 }, (_, i) => ids[i] ?? pad));
      const attention_mask = texts.map(({ ids }) => Array.from({ length: 12 }, (_, i) => Number(i < ids.length)));
      const padded = packPadded({ input_ids, attention_mask }, model.encoder.positionIds);
      assertClose(model.forward(padded), expected, 1e-5);
    });
  }

  test(`${title}: every head has the parts that its architecture names, and a derivative`, () => {
    const parsed = parseEncoderConfig(config);
    const forms = headsOf(parsed);
    const batch = packSequences(texts, (ids) => classifier().encoder.positionIds(ids));
    const root = () => ParameterPath.root(new Random(2));
    for (const [model, layers] of [
      [new SequenceClassifier(root(), parsed, { labels: ['a', 'b'] }), forms.text],
      [new TokenClassificationModel(root(), parsed, ['a', 'b']), forms.token],
      [new QuestionAnsweringModel(root(), parsed), forms.answer],
      [new MultipleChoiceModel(root(), parsed), forms.choice],
    ] as const) {
      const weights = new Map(model.parameters().map(({ name, value }) => [name, value]));
      const names = layers.flatMap(({ at, tensors = [`${at}.weight`] }) => tensors);
      const own = names.map((name) => weights.get(name) as Tensor);
      tidy(() => {
        const output = model.forward(batch, new Random(3));
        const gradients = grad(mul(output, output).sum(), own);
        for (const [i, gradient] of gradients.entries()) {
          assert.ok(
            gradient.dataSync().some((value) => value !== 0),
            names[i],
          );
        }
      });
    }
  });

  // Differences need float64.
  if (!onGpu) {
    test(`${title}: the derivative through each attachment point is that of a small difference`, async () => {
      await assertPointDerivatives(() => {
        const model = classifier();
        return { points: model.encoder.points, loss: lossOf(model) };
      });
    });

    for (const settings of [smallSettings.lora[0], smallSettings.houlsby[0], smallSettings.mam[0]]) {
      test(`${title}: ${titleOf(settings)}: SNIP masks and products with the Hessian are the same on both backends`, async () => {
        await assertSameScores(() => {
          const model = classifier();
          return { adapter: attach(model, settings), loss: lossOf(model) };
        });
      });
    }
  }

  test(`${title}: adapters of every family attach and change what it gives`, () => {
    const before = tidy(() => Array.from(logitsTensor(classifier(), texts).dataSync()));
    for (const [settings] of Object.values(smallSettings)) {
      const model = classifier();
      liven(attach(model, settings));
      const after = tidy(() => Array.from(logitsTensor(model, texts).dataSync()));
      assert.ok(after.every(Number.isFinite) && String(after) !== String(before), titleOf(settings));
    }
  });
}

test.run();
