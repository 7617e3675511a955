import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { answeredWindows, questionWindows, readQuestions } from '../../src/data/index.ts';
import { windowDefaults } from '../../src/data/windows.ts';
import { Random, tidy } from '../../src/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import {
  answerLoss,
  answerQuestions,
  classification,
  evaluateAnswers,
  evaluateRun,
  type GivenSettings,
  loadRun,
  prepareRun,
  questionAnswering,
  readRunMetrics,
} from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { onEveryBackend, useBackend } from '../support/on-backend.ts';
import { permuted } from '../support/permuted.ts';
import { questionFiles, questionFolder } from '../support/questions.ts';
import { tinyFolder, tinyQuestionAnswering } from '../support/tiny-model.ts';
import { complete, stoppedRun, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: question answering');
useBackend(test, 'wasm');

const folder = questionFolder();
const settings: GivenSettings = {
  ...tinySettings,
  ...{ evalData: undefined, text: undefined, label: undefined },
  task: 'squad',
  data: folder,
  stride: 4,
  epochs: 8,
  learningRate: 0.02,
  maxLength: 20,
};
const options = { maxLength: 20, stride: 4 };
const tokenizer = loadTokenizer(tinyFolder());
const { examples } = await readQuestions(questionFiles(folder).dev);
const place = (): string => join(temporaryFolder(), 'run');

onEveryBackend(test, 'the loss of a batch is the mean over its windows', () => {
  const model = tinyQuestionAnswering();
  const windows = answeredWindows(examples.slice(0, 4), tokenizer, options);
  const loss = (batch: typeof windows, random?: Random) => tidy(() => answerLoss(model, batch, random).item());
  const mean = windows.reduce((sum, window) => sum + loss([window]), 0) / windows.length;
  assert.ok(Math.abs(loss(windows) - mean) < 1e-5);
  assert.notEqual(loss(windows, new Random(1)), loss(windows));
});

test('answers do not depend on the batches, and are parts of their contexts', async () => {
  const model = tinyQuestionAnswering();
  const windows = questionWindows(examples, tokenizer, { maxLength: 12, stride: 2 });
  assert.ok(windows.length > 2 * examples.length);
  const done: number[] = [];
  const answers = await answerQuestions(model, examples, windows, { batchSize: 3, onBatch: (n) => done.push(n) });
  const again = await answerQuestions(model, examples, windows, { batchSize: 100 });
  assert.equal(done.at(-1), windows.length);
  for (const [i, { context }] of examples.entries()) {
    assert.deepEqual(
      answers[i].map(({ text }) => text),
      again[i].map(({ text }) => text),
    );
    for (const { text, start, end } of answers[i]) assert.equal(text, context.slice(start, end));
  }
});

test('a window alone gives the answer that it gives in a batch, and the order of the questions changes nothing', async () => {
  const model = tinyQuestionAnswering();
  const textsOf = async (some: typeof examples, batchSize: number) => {
    const windows = questionWindows(some, tokenizer, options);
    const answers = await answerQuestions(model, some, windows, { batchSize });
    return new Map(some.map(({ id }, i) => [id, answers[i].map(({ text }) => text)]));
  };
  const together = await textsOf(examples, 100);
  assert.deepEqual(await textsOf(examples, 1), together);
  const [mixed] = permuted(4, examples);
  const after = await textsOf([...mixed], 3);
  for (const { id } of examples) assert.deepEqual(after.get(id), together.get(id));
});

test('a stopped evaluation throws the reason of the signal', async () => {
  const windows = questionWindows(examples, tokenizer, options);
  const controller = new AbortController();
  const onBatch = () => controller.abort();
  await assert.rejects(
    evaluateAnswers(tinyQuestionAnswering(), examples, windows, { batchSize: 1, signal: controller.signal, onBatch }),
    { name: 'AbortError' },
  );
});

test('a run learns to answer, is saved, and is evaluated again with the same scores', async () => {
  const output = place();
  const result = await tinyRun(output, { settings });
  assert.ok(result.status === 'finished');
  assert.deepEqual([result.config.labels, result.config.metrics], [null, ['exact_match', 'f1']]);
  const scores = result.metrics.metrics;
  assert.ok(scores && scores.exact_match >= 0.75, JSON.stringify(scores));
  const { report, ...evaluated } = await evaluateRun(output);
  assert.deepEqual(evaluated, {
    data: 'dev-tiny.json',
    split: 'validation',
    examples: examples.length,
    metrics: scores,
  });
  assert.deepEqual(report.scores, scores);
  assert.deepEqual(readRunMetrics(output).metrics, scores);

  const untrained = await prepareRun(complete(settings));
  const before = (await untrained.evaluation?.judge(untrained.model.network))?.scores;
  assert.ok(before && before.f1 < scores.f1 - 0.3, JSON.stringify(before));

  const { model, run } = loadRun(output, { task: questionAnswering });
  assert.equal(run.settings.task, 'squad');
  const [[best]] = await answerQuestions(model.network, examples, questionWindows(examples, tokenizer, options));
  assert.equal(best.text, examples[0].answers[0].text);
  assert.equal(loadRun(output).model.task, 'question-answering', 'by default of any task');
  await assertRejectsInput(
    async () => loadRun(output, { task: classification }),
    /was trained for question-answering, not for text-classification/,
  );
  await assertRejectsInput(
    () => evaluateRun(output, { settings: complete(tinySettings) }),
    /was trained for question-answering; give data/,
  );
});

test('a run that is stopped and resumed ends with the same weights', async () => {
  const short = { ...settings, epochs: 2 };
  const [whole, stopped] = [place(), place()];
  await tinyRun(whole, { settings: short });
  await stoppedRun(stopped, 2, { settings: short });
  await tinyRun(stopped, { settings: short, resume: true });
  assert.deepEqual(loadWeights(stopped), loadWeights(whole));
});

const loadWeights = (output: string) =>
  loadRun(output, { task: questionAnswering }).model.saved.map(({ name, value }) => [name, value.dataSync()]);

test('files in place of a folder; without evaluation data there are no metrics', async () => {
  const { train, dev } = questionFiles(folder);
  const prepared = (data: string, evalData?: string) => prepareRun(complete({ ...settings, data, evalData }));
  const whole = await prepared(folder);
  const files = await prepared(train, dev);
  assert.deepEqual(files.items, whole.items);
  assert.equal(files.evaluation?.size, whole.evaluation?.size);
  assert.equal((await prepared(train)).evaluation, null);
});

test('the defaults are those of BERT on SQuAD', () => {
  assert.deepEqual(windowDefaults, { maxLength: 384, stride: 128 });
  assert.equal(questionAnswering.maxLength, 384);
});

test.run();
