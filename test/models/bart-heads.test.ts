import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { Classifier, load, QuestionAnswering } from '../../src/finetune/index.ts';
import { Random, type Tensor, tidy } from '../../src/index.ts';
import type { TensorData } from '../../src/io/index.ts';
import { anyAnswererRecipe, anyClassifierRecipe, loadModel, packPadded, recipeFor } from '../../src/models/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertClose } from '../support/compare.ts';
import { onEveryBackend } from '../support/on-backend.ts';
import { forAll } from '../support/property.ts';
import { tinyBartFolder, tinyBartTensors } from '../support/tiny-bart.ts';
import { lively } from '../support/tiny-model.ts';

const test = suite('models: heads of BART');

const WIDTH = 16;
const EOS = 2;
const tensor = (name: string, shape: readonly number[]): TensorData => ({
  ...{ name, shape, dtype: 'F32', data: lively(name, shape) },
});
const layer = (name: string, outputs: number): TensorData[] => [
  tensor(`${name}.weight`, [outputs, WIDTH]),
  tensor(`${name}.bias`, [outputs]),
];
const backbone = tinyBartTensors().filter(({ name }) => name !== 'final_logits_bias');

const labels = ['no', 'maybe', 'yes'];
const classifierFolder = tinyBartFolder(
  [...backbone, ...layer('classification_head.dense', WIDTH), ...layer('classification_head.out_proj', 3)],
  {
    architectures: ['BartForSequenceClassification'],
    id2label: { 0: 'no', 1: 'maybe', 2: 'yes' },
    label2id: { no: 0, maybe: 1, yes: 2 },
  },
);
const answererFolder = tinyBartFolder([...backbone, ...layer('qa_outputs', 2)], {
  architectures: ['BartForQuestionAnswering'],
});

const classifier = () => {
  const recipe = recipeFor(
    anyClassifierRecipe(() => null),
    classifierFolder,
  );
  return loadModel(recipe, classifierFolder, new Random(1)).model;
};
const answerer = () => {
  const recipe = recipeFor(anyAnswererRecipe('checkpoint'), answererFolder);
  return loadModel(recipe, answererFolder, new Random(1)).model;
};

type Model = ReturnType<typeof classifier> | ReturnType<typeof answerer>;
const outputs = (model: Model, rows: readonly (readonly number[])[], masks?: readonly (readonly number[])[]): Tensor =>
  model.forward(packPadded({ input_ids: rows, attention_mask: masks }, model.encoder.positionIds));

const texts = [
  [0, 14, 8, 18, EOS],
  [0, 22, EOS, EOS, 13, 9, EOS],
];

/** Numbers of the same files by `BartForSequenceClassification` and `BartForQuestionAnswering` of transformers 5.24. */
const reference = {
  classes: [0.84215, 0.187087, -1.173784, -0.013007, 0.141392, -0.788766],
  answers: [
    -0.385988, -0.800442, 1.117035, -0.376238, 0.287159, -0.801055, 0.035812, -0.465826, -0.434086, -1.45813, -1.2207,
    -0.827115, -0.182045, -1.189623,
  ],
  /** Tokens that are not attended to are read by the decoder all the same. */
  masked: [
    -0.305522, -0.808929, 1.163874, -0.276997, 0.311122, -0.856411, 0.150218, -0.389002, -0.32468, -1.414724, -1.20097,
    -0.842756, -0.203672, -1.246804,
  ],
};

onEveryBackend(test, 'logits are those of transformers', () => {
  tidy(() => {
    assertClose(outputs(classifier(), texts), { shape: [2, 3], values: reference.classes }, 1e-5, 'classes');
    const reader = answerer();
    assertClose(outputs(reader, [texts[1]]), { shape: [7, 2], values: reference.answers }, 1e-5, 'starts and ends');
    const { encoder } = reader;
    const batch = packPadded({ input_ids: [texts[1]], attention_mask: [[1, 1, 0, 1, 0, 1, 1]] }, encoder.positionIds);
    const values = reader.forward(batch).dataSync();
    const inOrder = Array.from(batch.columns.keys()).sort((a, b) => batch.columns[a] - batch.columns[b]);
    const sorted = inOrder.flatMap((row) => [values[2 * row], values[2 * row + 1]]);
    assertClose({ shape: [7, 2], values: sorted }, { shape: [7, 2], values: reference.masked }, 1e-5, 'with a mask');
  });
});

const words = fc.array(fc.integer({ min: 5, max: 30 }), { minLength: 1, maxLength: 6 });

test('a padded batch gives what each text gives alone, wherever its padding is not read', () => {
  const [ofClasses, ofAnswers] = [classifier(), answerer()];
  forAll(
    fc.array(words, { minLength: 1, maxLength: 3 }),
    (batch) => {
      const rows = batch.map((ids) => [0, ...ids, EOS]);
      const longest = Math.max(...rows.map(({ length }) => length));
      const padded = rows.map((row) => [...row, ...new Array(longest - row.length).fill(1)]);
      const masks = rows.map((row) => Array.from({ length: longest }, (_, i) => Number(i < row.length)));
      tidy(() => {
        const together = outputs(ofClasses, padded, masks).dataSync();
        const tokens = outputs(ofAnswers, padded, masks).dataSync();
        rows.forEach((row, s) => {
          const alone = outputs(ofClasses, [row]);
          assertClose(alone, { shape: [1, 3], values: together.slice(3 * s, 3 * s + 3) }, 1e-4, `text ${s}`);
          const own = tokens.slice(2 * longest * s, 2 * (longest * s + row.length));
          assertClose(outputs(ofAnswers, [row]), { shape: [row.length, 2], values: own }, 1e-4, `tokens ${s}`);
        });
      });
    },
    6,
  );
});

test('a text must end in the token that the head reads', () => {
  assertInputError(
    () =>
      outputs(classifier(), [
        [0, 5, EOS],
        [0, 5, 6],
      ]),
    /^sequence 1 of the batch has no token 2 at its end, which the head of a BART reads; encode texts with their special tokens\.$/,
  );
});

test('the head of a checkpoint is used for its classes, and a new one for others', async () => {
  const own = await Classifier.fromPretrained(classifierFolder, { labels: ['yes', 'no', 'maybe'] });
  assert.deepEqual(own.labels, labels);
  assert.deepEqual(own.initialized, []);
  const other = await Classifier.fromPretrained(classifierFolder, { labels: ['a', 'b'] });
  assert.match(other.warnings.join(), /its head is for the 3 classes no, maybe, yes.*the head is new/);
  const first = await Classifier.fromPretrained(tinyBartFolder(), { labels: ['a', 'b'] });
  assert.match(first.warnings.join(), /BartForConditionalGeneration, which has a head that generates text/);
  await assert.rejects(Classifier.fromPretrained(tinyBartFolder()), /cannot label whole texts/);
  await assert.rejects(
    Classifier.fromPretrained(tinyBartFolder(), { labels: ['a', 'b'], pooling: 'mean' }),
    /^InputError: pooling mean is for BERT and RoBERTa: the head of BART reads the last token; leave it out\.$/,
  );
});

test('a run of BART is trained, pruned, saved and loaded for classes and for answers', async () => {
  const rows = [
    { text: 'ab c', label: 'x' },
    { text: 'de f', label: 'y' },
  ];
  const model = await Classifier.fromPretrained(tinyBartFolder(), { labels: ['x', 'y'], maxLength: 16 });
  model.addAdapter({ kind: 'lora', rank: 2, init: 'bert' });
  await model.prune({ method: 'snip', sparsity: 0.5, data: rows });
  await model.fit(rows, { epochs: 1, batchSize: 2 });
  const folder = `${temporaryFolder()}/run`;
  await model.savePretrained(folder);
  const again = (await load(folder)) as Classifier;
  assert.deepEqual(await again.predictScores(['ab c']), await model.predictScores(['ab c']));

  const questions = [{ id: '1', question: 'ab', context: 'ab cd ef', answers: { text: ['cd'], answer_start: [3] } }];
  const reader = await QuestionAnswering.fromPretrained(tinyBartFolder(), { maxLength: 20 });
  reader.addAdapter({ kind: 'houlsby', bottleneck: 2 });
  await reader.fit(questions, { epochs: 1 });
  const place = `${temporaryFolder()}/run`;
  await reader.savePretrained(place);
  const asked = { question: 'ab', context: 'ab cd ef' };
  assert.deepEqual(await ((await load(place)) as QuestionAnswering).predict(asked), await reader.predict(asked));
});

test.run();
