import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { houlsby } from '../../src/adapters/index.ts';
import { answeredWindows, nullScoreDiff, type Question, questionWindows, readQuestions } from '../../src/data/index.ts';
import { load, QuestionAnswering } from '../../src/finetune/index.ts';
import { loadTokenizer } from '../../src/text/index.ts';
import {
  answerQuestions,
  evaluateRun,
  type GivenSettings,
  prepareRun,
  questionAnswering,
  readRunConfig,
} from '../../src/training/index.ts';
import { unansweredScores } from '../../src/training/tasks/unanswered-scores.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { assertRejectsInput } from '../support/input-errors.ts';
import { useBackend } from '../support/on-backend.ts';
import { questionFolder, unansweredFolder } from '../support/questions.ts';
import { tinyFolder, tinyQuestionAnswering } from '../support/tiny-model.ts';
import { complete, tinyRun, tinySettings } from '../support/tiny-run.ts';

const test = suite('training: questions without an answer');
useBackend(test, 'wasm');

const folder = unansweredFolder();
const settings: GivenSettings = {
  ...tinySettings,
  ...{ evalData: undefined, text: undefined, label: undefined },
  task: 'squad_v2',
  data: folder,
  stride: 4,
  adapter: houlsby.configure({ bottleneck: 8 }),
  epochs: 24,
  learningRate: 0.02,
  maxLength: 20,
};
const place = (): string => join(temporaryFolder(), 'run');
const tokenizer = loadTokenizer(tinyFolder());
const { examples } = await readQuestions(join(folder, 'dev-tiny.json'));
const options = { maxLength: 20, stride: 4 };

test('windows of a question without an answer are trained on the first token', () => {
  const none = examples.filter(({ answers }) => answers.length === 0);
  const windows = answeredWindows(none, tokenizer, { maxLength: 12, stride: 2 });
  assert.ok(none.length > 0 && windows.length > none.length);
  for (const { start, end } of windows) assert.deepEqual([start, end], [0, 0]);
});

test('a run learns when not to answer, and is evaluated again with the same scores', async () => {
  const output = place();
  const result = await tinyRun(output, { settings });
  assert.ok(result.status === 'finished');
  const { metrics } = result.metrics;
  assert.ok(metrics && metrics.exact >= 0.75 && metrics.NoAns_exact > 0.5, JSON.stringify(metrics));
  assert.deepEqual(Object.keys(metrics), [
    ...['exact', 'f1', 'HasAns_exact', 'HasAns_f1', 'NoAns_exact', 'NoAns_f1'],
    ...['best_exact', 'best_exact_thresh', 'best_f1', 'best_f1_thresh'],
  ]);
  const { settings: stored, metrics: names } = readRunConfig(output);
  assert.deepEqual([stored.nullScoreDiffThreshold, names], [0, ['exact', 'f1']]);
  assert.deepEqual((await evaluateRun(output)).metrics, metrics);

  const never = await evaluateRun(output, { settings: { ...stored, nullScoreDiffThreshold: -1000 } });
  assert.deepEqual([never.metrics.HasAns_exact, never.metrics.NoAns_exact], [0, 1]);
  const best = await evaluateRun(output, {
    settings: { ...stored, nullScoreDiffThreshold: metrics.best_exact_thresh },
  });
  assert.equal(best.metrics.exact, metrics.best_exact, 'the best threshold gives the best score');

  const answered = { ...stored, task: 'squad', data: questionFolder(), nullScoreDiffThreshold: -1000 };
  const { metrics: plain } = await evaluateRun(output, { settings: answered });
  assert.deepEqual(
    plain,
    { exact_match: 0, f1: 0 },
    'it is judged as it answers, also where each question has an answer',
  );

  const model = await load(output, { task: 'question-answering' });
  const asked = ({ question, context }: Question) => ({ question, context });
  const found = await model.predict(examples.map(asked));
  assert.ok(found.some(({ answer }) => answer === '') && found.some(({ answer }) => answer !== ''));
  const always = await model.predict(examples.map(asked), { nullScoreDiffThreshold: 1000 });
  assert.ok(always.every(({ answer }) => answer !== ''));
});

test('rows that do not say what dataset they are tell it by what they hold', async () => {
  const run = await prepareRun(complete({ ...settings, task: 'question-answering' }));
  assert.equal(run.settings.nullScoreDiffThreshold, 0);
  assert.equal(run.model.settings.nullScoreDiffThreshold, 0);
  const given = await prepareRun(complete({ ...settings, task: 'question-answering', nullScoreDiffThreshold: 2 }));
  assert.equal(given.settings.nullScoreDiffThreshold, 2);
  await assertRejectsInput(
    () => prepareRun(complete({ ...settings, task: 'squad' })),
    /there is no answer; .*in SQuAD 1\.1 every question has one/,
  );
});

test('a model that must answer is not trained on questions without an answer', async () => {
  const rows = examples.map(({ answers, ...row }) => ({ ...row, answers: [...answers] }));
  const strict = await QuestionAnswering.fromPretrained(tinyFolder(), { maxLength: 20 });
  strict.addAdapter({ kind: 'houlsby', bottleneck: 4 });
  await assertRejectsInput(
    () => strict.fit(rows, { epochs: 1 }),
    /questions without an answer.*nullScoreDiffThreshold/,
  );
  const free = await QuestionAnswering.fromPretrained(tinyFolder(), { maxLength: 20, nullScoreDiffThreshold: 0 });
  free.addAdapter({ kind: 'houlsby', bottleneck: 4 });
  const { metrics } = await free.fit(rows, { epochs: 1, evalData: rows });
  assert.ok(metrics && 'NoAns_f1' in metrics);
});

test('best thresholds are differences that can be set, also where nothing should be answered', async () => {
  const model = tinyQuestionAnswering();
  const none = examples.map((question) => ({ ...question, answers: [] }));
  const windows = questionWindows(none, tokenizer, options);
  const decode = { nBest: 5, maxAnswerLength: 5, nullScoreDiffThreshold: Number.POSITIVE_INFINITY };
  const answers = await answerQuestions(model, none, windows, { decode });
  const differences = answers.map((all) => nullScoreDiff(all) ?? 0);
  const {
    exact,
    best_exact: best,
    best_exact_thresh: threshold,
  } = unansweredScores(none, answers, differences, Infinity);
  assert.deepEqual([exact, best], [0, 1]);
  assert.equal(unansweredScores(none, answers, differences, threshold).exact, 1);
});

test('the order of the questions changes no score', async () => {
  const model = tinyQuestionAnswering();
  const scores = async (some: typeof examples) => {
    const data = { name: 'x', examples: some, labels: null, metrics: ['exact' as const], warnings: [] };
    return (await questionAnswering.evaluation(data, tokenizer, complete(settings)).judge(model)).scores;
  };
  const [forth, back] = [await scores(examples), await scores(examples.toReversed())];
  for (const name of ['exact', 'f1', 'HasAns_f1', 'NoAns_f1', 'best_f1']) {
    assert.ok(Math.abs(forth[name] - back[name]) < 1e-12, name);
  }
});

test.run();
