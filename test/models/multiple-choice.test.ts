import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { checkGradients, grad, hvp, noGrad, Random, tensor, tidy } from '../../src/index.ts';
import { openSafetensors } from '../../src/io/index.ts';
import {
  loadModel,
  MultipleChoiceModel,
  multipleChoiceRecipe,
  type PaddedBatch,
  packPadded,
  packSequences,
  parseEncoderConfig,
} from '../../src/models/index.ts';
import { ParameterPath } from '../../src/nn/index.ts';
import { readJson } from '../golden/framework.ts';
import { assertInputError } from '../io/input-error.ts';
import { assertNear } from '../support/near.ts';
import { useBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { forAll, forAllAsync } from '../support/property.ts';
import { lively, tinyBert, tinyFolder, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('models: multiple choice');
useBackend(test, 'reference', { dtype: 'float64' });

type Json = Readonly<Record<string, unknown>>;

/** A model whose weights, head and all, depend on their names alone. */
const modelOf = (json: Json) =>
  new MultipleChoiceModel(
    ParameterPath.root(new Random(1), { has: () => true, take: lively }),
    parseEncoderConfig(json),
  );

const examples = [
  [
    { ids: [2, 14, 10, 18, 3], typeIds: [0, 0, 0, 1, 1] },
    { ids: [2, 14, 10, 22, 11, 18, 3], typeIds: [0, 0, 0, 1, 1, 1, 1] },
  ],
  [
    { ids: [2, 15, 3], typeIds: [0, 0, 1] },
    { ids: [2, 16, 8, 3], typeIds: [0, 0, 1, 1] },
  ],
  [
    { ids: [2, 9, 24, 6, 5, 3], typeIds: [0, 0, 0, 0, 1, 1] },
    { ids: [2, 29, 3], typeIds: [0, 1, 1] },
  ],
];
const withTypes = (json: Json) =>
  examples.flat().map(({ ids, typeIds }) => ({ ids, typeIds: json.model_type === 'roberta' ? undefined : typeIds }));

/** Of `BertForMultipleChoice` and `RobertaForMultipleChoice` in transformers 5.24, with these weights in double precision. */
const reference: [Json, { logits: number[]; loss: number; gradients: Record<string, number> }][] = [
  [
    tinyBert,
    {
      logits: [
        -0.5335468613822136, -0.5458501500565958, -0.35201889704849165, -0.5886739576637322, -0.5775098638757693,
        -0.507642516142232,
      ],
      loss: 0.6699375779603942,
      gradients: {
        'bert.encoder.layer.0.attention.self.query.weight': 0.05431362659335008,
        'bert.pooler.dense.weight': 0.1573777779652987,
        'classifier.weight': 0.16301128924885097,
      },
    },
  ],
  [
    tinyRoberta,
    {
      logits: [
        0.3565671136118601, 0.3897524149927104, 0.32619386742832535, 0.378407099380222, 0.3835253607169514,
        0.3435642963365819,
      ],
      loss: 0.6898843210122755,
      gradients: {
        'roberta.encoder.layer.0.attention.self.query.weight': 0.025712443156804737,
        'roberta.pooler.dense.weight': 0.037618974879766766,
        'classifier.weight': 0.02870112551011833,
      },
    },
  ],
];

test('logits, loss and gradients are those of transformers', () => {
  for (const [json, expected] of reference) {
    tidy(() => {
      const model = modelOf(json);
      const logits = model.forward(packSequences(withTypes(json), model.encoder.positionIds));
      assertNear(Array.from(logits.dataSync()), expected.logits, 1e-9);
      const loss = model.loss(logits, [2, 2, 2], [1, 0, 0]);
      assertNear(loss.item(), expected.loss, 1e-9);
      const named = model.parameters().filter(({ name }) => Object.hasOwn(expected.gradients, name));
      assert.equal(named.length, 3);
      grad(
        loss,
        named.map(({ value }) => value),
      ).forEach((gradient, i) => {
        assertNear(Math.hypot(...gradient.dataSync()), expected.gradients[named[i].name], 1e-9);
      });
    });
  }
});

interface Golden {
  readonly inputs: {
    readonly input_ids: number[][][];
    readonly attention_mask: number[][][];
    readonly token_type_ids: number[][][];
    readonly labels: number[];
  };
  readonly tensors: Readonly<Record<string, { tol: number }>>;
  readonly scalars: { readonly loss: { value: number; tol: number } };
  readonly grad_l2_norms: Readonly<Record<string, number>>;
  readonly grad_l2_norm_rel_tol: number;
  readonly grad_l2_norm_abs_tol: number;
}

test('a checkpoint of transformers loads whole, its head is believed', () => {
  const folder = join(import.meta.dirname, '../golden/data/architectures/bert_multiple_choice');
  const golden = readJson<Golden>(folder, 'case.json');
  const expected = openSafetensors(join(folder, 'expected.safetensors'));
  const { model, ignored, initialized, warnings } = loadModel(multipleChoiceRecipe(), folder, new Random(1));
  assert.deepEqual([ignored, initialized], [[], []]);
  assert.match(warnings.join('\n'), /the head of the checkpoint is used/);
  const { input_ids, attention_mask, token_type_ids, labels } = golden.inputs;
  const padded: PaddedBatch = {
    input_ids: input_ids.flat(),
    attention_mask: attention_mask.flat(),
    token_type_ids: token_type_ids.flat(),
  };
  tidy(() => {
    const logits = model.forward(packPadded(padded, model.encoder.positionIds));
    assertNear(Array.from(logits.dataSync()), Array.from(expected.readFloat32('logits')), golden.tensors.logits.tol);
    const loss = model.loss(logits, [2, 2, 2], labels);
    assertNear(loss.item(), golden.scalars.loss.value, golden.scalars.loss.tol);
    const parameters = model.parameters();
    const gradients = grad(
      loss,
      parameters.map(({ value }) => value),
    );
    for (const [name, norm] of Object.entries(golden.grad_l2_norms)) {
      const i = parameters.findIndex((parameter) => parameter.name === name);
      assert.ok(i >= 0, name);
      const tolerance = golden.grad_l2_norm_rel_tol * norm + golden.grad_l2_norm_abs_tol;
      assertNear(Math.hypot(...gradients[i].dataSync()), norm, tolerance);
    }
  });
});

const logit = fc.integer({ min: -8, max: 8 }).map((x) => x / 4);
/** Examples of several numbers of choices, with the right one. */
const batches = fc.array(
  fc
    .array(logit, { minLength: 2, maxLength: 4 })
    .chain((logits) => fc.record({ logits: fc.constant(logits), target: fc.nat(logits.length - 1) })),
  { minLength: 1, maxLength: 5 },
);
type Batch = readonly { readonly logits: readonly number[]; readonly target: number }[];

const model = modelOf(tinyBert);
const argumentsOf = (batch: Batch): [counts: number[], targets: number[]] => [
  batch.map(({ logits }) => logits.length),
  batch.map(({ target }) => target),
];
const leaf = (batch: Batch) =>
  tensor(
    batch.flatMap(({ logits }) => [...logits]),
    { requiresGrad: true },
  );
const lossOf = (batch: Batch) => tidy(() => model.loss(leaf(batch), ...argumentsOf(batch)).item());

test('the loss is the mean over examples of -log softmax at the right choice, whatever the numbers of choices', () => {
  forAll(batches, (batch) => {
    const losses = batch.map(({ logits, target }) =>
      Math.log(logits.reduce((sum, x) => sum + Math.exp(x - logits[target]), 0)),
    );
    assertNear(lossOf(batch), losses.reduce((sum, x) => sum + x, 0) / batch.length, 1e-9);
  });
});

test('the order of the examples does not matter, that of the choices goes with the label', () => {
  forAll(fc.tuple(batches, fc.nat()), ([batch, seed]) => {
    assertNear(lossOf(permuted(seed, batch)[0]), lossOf(batch), 1e-9);
    const reversed = batch.map(({ logits, target }) => ({
      logits: logits.toReversed(),
      target: logits.length - 1 - target,
    }));
    assertNear(lossOf(reversed), lossOf(batch), 1e-9);
  });
});

test('its derivatives are those that differences give, of both orders', async () => {
  await forAllAsync(
    batches,
    async (batch) => {
      const given = argumentsOf(batch);
      const input = leaf(batch);
      const { maxError } = await checkGradients((logits) => model.loss(logits, ...given), [input]);
      assert.ok(maxError < 1e-7, `first order: ${maxError}`);
      input.dispose();
      const direction = batch.flatMap(({ logits }) => logits).map((_, i) => 1 / (i + 1));
      const gradientAt = (step: number) =>
        tidy(() => {
          const x = tensor(
            batch.flatMap(({ logits }) => logits).map((value, i) => value + step * direction[i]),
            { requiresGrad: true },
          );
          return Array.from(grad(model.loss(x, ...given), x).dataSync());
        });
      const [above, below] = [gradientAt(1e-5), gradientAt(-1e-5)];
      const product = tidy(() => {
        const x = leaf(batch);
        return Array.from(hvp(() => model.loss(x, ...given), x, tensor(direction)).dataSync());
      });
      assertNear(
        product,
        above.map((value, i) => (value - below[i]) / 2e-5),
        1e-5,
      );
    },
    8,
  );
});

test('packed choices have the logits that each has alone', () => {
  for (const json of [tinyBert, tinyRoberta]) {
    tidy(() => {
      const own = modelOf(json);
      const logitsOf = (sequences: ReturnType<typeof withTypes>) =>
        noGrad(() => Array.from(own.forward(packSequences(sequences, own.encoder.positionIds)).dataSync()));
      const all = withTypes(json);
      assertNear(
        logitsOf(all),
        all.flatMap((one) => logitsOf([one])),
        1e-12,
      );
    });
  }
});

test('the heads of other checkpoints are not taken for one', () => {
  const tensors = modelOf(tinyBert)
    .parameters()
    .map(({ name, shape }) => ({ name, dtype: 'F32' as const, shape, data: lively(name, shape) }));
  const folderOf = (architecture: string, some = tensors) =>
    tinyFolder({ config: { ...tinyBert, architectures: [architecture] }, tensors: some });
  const load = (folder: string, head?: 'checkpoint') => loadModel(multipleChoiceRecipe(head), folder, new Random(1));
  assert.deepEqual(load(folderOf('BertForMultipleChoice'), 'checkpoint').initialized, []);
  const regression = load(folderOf('BertForSequenceClassification'));
  assert.deepEqual(regression.initialized, ['classifier.weight', 'classifier.bias']);
  assert.match(regression.warnings.join('\n'), /sequence classification.*the head is new/);
  assertInputError(
    () => load(folderOf('BertForSequenceClassification'), 'checkpoint'),
    /no trained multiple-choice head for this: it is BertForSequenceClassification/,
  );
  const headless = tensors.filter(({ name }) => name !== 'classifier.bias');
  assertInputError(
    () => load(folderOf('BertForMultipleChoice', headless), 'checkpoint'),
    /there is no tensor "classifier\.bias" of a multiple-choice head/,
  );
});

test.run();
