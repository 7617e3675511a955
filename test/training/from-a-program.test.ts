import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import {
  type EncodedExample,
  type Example,
  encodeExamples,
  questionWindows,
  readExamples,
} from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { embed, generate, packPadded, packSequences, type SequenceClassifier } from '../../src/models/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import {
  answerQuestions,
  classification,
  classificationLoss,
  encodePairs,
  evaluate,
  loadRun,
  predict,
  runTraining,
  writeTexts,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { tinySeq2Seq } from '../support/tiny-bart.ts';
import { tinyClassifier, tinyFolder, tinyQuestionAnswering } from '../support/tiny-model.ts';

const test = suite('inference from a program');

const folder = tinyFolder();
const tokenizer = loadTokenizer(folder);
/** Made when the suite begins: others before it may have changed the backend. */
let model: SequenceClassifier;
test.before(() => {
  model = tinyClassifier();
});

/** Values of plain JavaScript, which no types check. */
const as = <T>(value: unknown): T => value as T;
const refused = (action: () => unknown, ...patterns: RegExp[]) => assertRejectsInput(async () => action(), ...patterns);
const good: EncodedExample = { ids: [2, 14, 3], typeIds: [0, 0, 0], label: 1 };

test('examples that are none are named with their number and field', async () => {
  const encode = (examples: unknown) => encodeExamples(as(examples), tokenizer, 16);
  for (const value of [null, undefined, {}, 'good film', 3, { text: 'x' }]) {
    await refused(() => encode(value), /^examples must be an array, not /);
  }
  for (const value of [null, 5, 'good', [], ['good']]) {
    await refused(() => encode([{ text: 'good' }, value]), /^examples\[1\] is .*; it must be an object with a "text"/);
  }
  for (const text of [1, null, undefined, {}, ['x'], true]) {
    await refused(() => encode([{ text: 'good' }, { text }]), /^examples\[1\]\.text is .*; it must be a string/);
    if (text !== null && text !== undefined) {
      await refused(
        () => encode([{ text: 'good', textPair: text }]),
        /^examples\[0\]\.textPair is .*; it must be a string/,
      );
    }
  }
  await refused(() => encode([{ text: 'good', label: '1' }]), /^examples\[0\]\.label is "1"/);
  await refused(
    () => encode([{ text: 'a', textPair: 'b' }, { text: 'c' }]),
    /^examples\[1\] has one text, and examples\[0\] has two/,
  );
  await refused(() => encode([{ text: 'c' }, { text: 'a', textPair: 'b' }]), /^examples\[1\] has two texts/);
  assert.deepEqual(encode([]), []);
  assert.equal(encode([{ text: '', textPair: '' }])[0].ids.length, 3, 'empty texts are texts');
  assert.deepEqual(encode([{ text: 'a', textPair: null }]), encode([{ text: 'a' }]));
});

test('texts that are no strings are refused by the tokenizer itself', async () => {
  await refused(() => tokenizer.encode(as(5)), /the text must be a string, not 5/);
  await refused(() => tokenizer.encode('a', as({})), /the second text must be a string, not \{\}/);
  await refused(() => tokenizer.tokenize(as(null)), /the text must be a string, not null/);
});

test('token ids that are none are refused wherever sequences are packed or computed', async () => {
  const bart = tinySeq2Seq();
  const ids = fc.constantFrom(
    1.5,
    '3',
    null,
    undefined,
    Number.NaN,
    -1,
    2 ** 32 + 1,
    Number.POSITIVE_INFINITY,
    [3],
    31,
  );
  await fc.assert(
    fc.asyncProperty(ids, fc.nat({ max: 2 }), async (id, place) => {
      const bad = good.ids.map((other, i) => (i === place ? id : other)) as number[];
      const items = [good, { ...good, ids: bad }];
      await refused(
        () => predict(model, items),
        /examples\[1\]: token id \d is .*; it must be a whole number from 0 to 29/,
      );
      await refused(() => evaluate(model, items, ['accuracy']), /examples\[1\]/);
      await refused(
        () => embed(model.encoder, items, { pooling: 'cls', normalize: false }),
        /sequences\[1\]: token id/,
      );
      if (id === 31)
        await refused(() => classificationLoss(model, items), /sequence 1 of the batch has the token id 31/);
      else {
        await refused(() => generate(bart, [[0, 4, 2], bad], { maxLength: 3 }), /sources\[1\]: token id/);
        await refused(() => packSequences(items, model.encoder.positionIds), /sequence 1 of the batch: token id/);
        await refused(
          () => packPadded({ input_ids: items.map((item) => item.ids) }, model.encoder.positionIds),
          /sequence 1/,
        );
        await refused(() => classificationLoss(model, items), /sequence 1 of the batch: token id/);
      }
    }),
    { numRuns: 20, seed: 1 },
  );
  await refused(() => predict(model, [{ ...good, typeIds: [0, 0.5, 0] }]), /token type 1 is 0\.5/);
});

test('what is no list of encoded examples is named', async () => {
  for (const value of [null, {}, 'x', undefined]) {
    await refused(() => predict(model, as(value)), /examples must be an array/);
    await refused(() => evaluate(model, as(value), ['accuracy']), /examples must be an array/);
    await refused(() => embed(model.encoder, as(value), { pooling: 'cls', normalize: false }), /must be an array/);
    await refused(() => generate(tinySeq2Seq(), as(value)), /must be an array/);
    await refused(
      () => encodePairs(as(value), tokenizer, { maxLength: 9, maxTargetLength: 9 }),
      /pairs must be an array/,
    );
    await refused(
      () => questionWindows(as(value), tokenizer, { maxLength: 16, stride: 4 }),
      /questions must be an array/,
    );
  }
  for (const item of [null, {}, { text: 'x' }, 'x', { ids: 'x' }]) {
    await refused(() => predict(model, [good, as<EncodedExample>(item)]), /examples\[1\] has no list of token ids/);
  }
  const views = [Uint32Array, Int32Array, Uint8Array, Float64Array];
  for (const View of views) {
    const typed = { ids: View.from(good.ids), typeIds: View.from(good.typeIds), label: 1 };
    assert.deepEqual(await predict(model, [typed]), await predict(model, [good]));
    assert.deepEqual(await embed(model.encoder, [typed]), await embed(model.encoder, [good]));
    const source = [0, 4, 2];
    const settings = { maxLength: 4 };
    assert.deepEqual(
      await generate(tinySeq2Seq(), [View.from(source)], settings),
      await generate(tinySeq2Seq(), [source], settings),
    );
  }
  await refused(() => predict(model, [{ ids: as([2n, 3n]) }]), /examples\[0\]: token id 0 is 2/);
  await refused(() => predict(model, [{ ids: as(new BigInt64Array(2)) }]), /examples\[0\] has no list of token ids/);
  await refused(() => evaluate(model, [], ['accuracy']), /examples is empty/);
  assert.deepEqual(await predict(model, []), []);
  assert.deepEqual(await embed(model.encoder, [], { pooling: 'cls', normalize: false }), []);
  for (const batchSize of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(predict(model, [good], { batchSize }), RangeError);
    await assert.rejects(generate(tinySeq2Seq(), [[0, 4, 2]], { maxLength: 3 }, { batchSize }), RangeError);
  }
});

test('a model or options that are none are an error of the function that was called', async () => {
  const none = as<never>(null);
  const calls: [string, () => unknown][] = [
    ['predict: model', () => predict(none, [good])],
    ['predict: options', () => predict(model, [good], none)],
    ['evaluate: model', () => evaluate(none, [good], ['accuracy'])],
    ['evaluate: options', () => evaluate(model, [good], ['accuracy'], none)],
    ['embed: encoder', () => embed(none, [good])],
    ['embed: options', () => embed(model.encoder, [good], none)],
    ['embed: options', () => embed(model.encoder, [good], as({ pooling: 'max' }))],
    ['generate: model', () => generate(none, [[0, 4, 2]])],
    ['generate: options', () => generate(tinySeq2Seq(), [[0, 4, 2]], none)],
    ['generate: options', () => generate(tinySeq2Seq(), [[0, 4, 2]], {}, none)],
    ['classificationLoss: model', () => classificationLoss(none, [good])],
    ['answerQuestions: model', () => answerQuestions(none, [], [])],
    ['answerQuestions: options', () => answerQuestions(tinyQuestionAnswering(), [], [], none)],
    ['writeTexts: model', () => writeTexts(none, tokenizer, [], {})],
    ['writeTexts: options', () => writeTexts(tinySeq2Seq(), tokenizer, [], {}, none)],
  ];
  for (const [start, call] of calls) {
    await assert.rejects(
      async () => call(),
      (error: Error) => error.message.startsWith(start) && !/destructure|properties of/.test(error.message),
      start,
    );
  }
  await refused(() => evaluate(model, [good], as<['accuracy']>(undefined)), /metrics must be an array/);
  assert.deepEqual(
    await embed(model.encoder, [good]),
    await embed(model.encoder, [good], { pooling: 'mean', normalize: false }),
  );
});

test('labels that the model does not have are named', async () => {
  for (const label of [-1, 2, 0.5, undefined, Number.NaN]) {
    const items = [good, { ...good, label }];
    await refused(() => evaluate(model, items, ['accuracy']), /examples\[1\] has (the|no) label/);
    await refused(() => classificationLoss(model, items), /example 1 of the batch has (the|no) label/);
  }
});

test('sequences longer than a model has positions for are named', async () => {
  const long = { ids: Array.from({ length: 30 }, () => 4), typeIds: Array.from({ length: 30 }, () => 0) };
  await refused(
    () => predict(model, [long]),
    /sequence 0 of the batch has 30 tokens, more than this model has positions for/,
  );
  const bart = tinySeq2Seq();
  const ids = [Array.from({ length: 300 }, () => 4)];
  await refused(() => writeTexts(bart, tokenizer, ids, { maxLength: 3 }), /has 300 tokens, more than/);
});

test('questions and pairs that are none are named', async () => {
  const question = { id: '1', question: 'is the film good', context: 'the film is good', answers: [] };
  const windows = (questions: unknown[]) => questionWindows(as(questions), tokenizer, { maxLength: 16, stride: 4 });
  await refused(() => windows([question, null]), /questions\[1\]\.question is missing/);
  await refused(() => windows([{ ...question, context: 7 }]), /questions\[0\]\.context is 7/);
  await refused(() => windows([{ ...question, question: ' ' }]), /questions\[0\]\.question is empty/);
  for (const options of [{ stride: 0 }, { stride: '4' }, { maxLength: 1.5 }, { maxLength: Number.NaN }]) {
    const all = as<{ maxLength: number; stride: number }>({ maxLength: 16, stride: 4, ...options });
    await refused(() => questionWindows([question], tokenizer, all), /of the windows is .*whole number above 0/);
  }
  const answering = tinyQuestionAnswering();
  const cut = windows([question]);
  await refused(() => answerQuestions(answering, [], cut), /windows\[0\] is of none of the questions/);
  await refused(() => answerQuestions(answering, [question], as([{}])), /windows\[0\] has no list of token ids/);
  const pairs = (items: unknown[]) => encodePairs(as(items), tokenizer, { maxLength: 9, maxTargetLength: 9 });
  await refused(() => pairs([{ text: 'a', target: 'b' }, { text: 'a' }]), /pairs\[1\]\.target is missing/);
  await refused(() => pairs([null]), /pairs\[0\]\.text is missing/);
});

test('a model that was trained on pairs asks for the second text, one of single texts for none', async () => {
  const data = temporaryFolder({ 'pairs.csv': 'a,b,label\ngood,film,x\nbad,film,y\n' });
  const train = join(data, 'pairs.csv');
  for (const text of [['a', 'b'], ['a']]) {
    const output = join(data, `run${text.length}`);
    await runTraining({
      settings: {
        model: folder,
        maxLength: 16,
        data: train,
        text,
        label: 'label',
        adapter: { kind: 'houlsby', bottleneck: 2 },
        pruning: 'random',
        epochs: 1,
      },
      output,
    });
    const { network, tokenizer } = loadRun(output, { task: classification }).model;
    const items = (examples: Example[]) => encodeExamples(examples, tokenizer, 16);
    const [pair, single] = [items([{ text: 'good', textPair: 'film' }]), items([{ text: 'good' }])];
    const [fits, fitsNot] = text.length === 2 ? [pair, single] : [single, pair];
    assert.equal((await predict(network, fits)).length, 1);
    const message =
      text.length === 2 ? /examples\[0\] has one text.*pairs.*"textPair"/ : /examples\[0\] has two texts.*single texts/;
    await refused(() => predict(network, fitsNot), message);
    const { examples } = await readExamples(train, { text, label: 'label', labels: ['x', 'y'] });
    assert.ok('accuracy' in (await evaluate(network, items(examples), ['accuracy'])));
    const [{ ids, typeIds }] = fitsNot;
    assert.equal((await predict(network, [{ ids, typeIds }])).length, 1, 'ids of other origin are taken as they are');
  }
});

test('errors are of the user, with one line', () => {
  assert.throws(
    () => encodeExamples(as([{ text: 'a\u001b\nb', label: 'x\ny\u001b' }]), tokenizer, 8),
    (error) => {
      assert.ok(error instanceof InputError);
      assert.ok(!error.message.includes('\n') && !error.message.includes('\u001b'));
      return true;
    },
  );
});

test.run();
