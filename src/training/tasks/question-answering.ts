import { decodeDefaults, nullScoreDiff } from '../../data/answers.ts';
import { chunks } from '../../data/batches.ts';
import {
  type Answer,
  type AnsweredWindow,
  answeredWindows,
  decodeAnswers,
  type Question,
  type QuestionDataset,
  questionWindows,
  readQuestions,
  type SpanOptions,
  type Window,
  type WindowLogits,
  type WindowOptions,
} from '../../data/browser.ts';
import { checkList } from '../../data/encode.ts';
import { windowDefaults } from '../../data/windows.ts';
import { InputError } from '../../errors.ts';
import type { SquadScores } from '../../metrics/squad.ts';
import { checkSequence } from '../../models/batch.ts';
import { type AnyAnswerer, anyAnswererRecipe, packSequences, QuestionAnsweringModel } from '../../models/browser.ts';
import type { Random } from '../../random/index.ts';
import { checkInstance, checkOptions, finiteNumber, option, positiveInteger } from '../../settings/index.ts';
import { tidyInside } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { RunSettings } from '../settings-table.ts';
import { type LossOptions, type PredictOptions, type Scores, scaleLogits, type Task } from '../task.ts';
import { yieldToEvents } from '../yield.ts';

/** Settings of models that answer questions. */
export const questionAnsweringSettings = {
  stride: option(positiveInteger, {
    description: 'tokens from the beginning of one window of a text to that of the next',
    placeholder: '<tokens>',
    default: windowDefaults.stride,
    for: { task: ['question-answering'] },
  }),
  nullScoreDiffThreshold: option(finiteNumber, {
    description: 'say that there is no answer where its score is above that of the best answer by more than this',
    placeholder: '<difference>',
    defaultText: '0 where questions without an answer are learnt from',
    for: { task: ['question-answering'] },
  }),
};

const windowOptions = ({ maxLength, stride = windowDefaults.stride }: RunSettings): WindowOptions => ({
  maxLength,
  stride,
});

const hasUnanswerable = ({ examples }: QuestionDataset): boolean =>
  examples.some(({ answers }) => answers.length === 0);

/** The part of a text that answers a question. */
export const questionAnswering: Task<{
  model: AnyAnswerer;
  dataset: QuestionDataset;
  item: AnsweredWindow;
}> = {
  name: 'question-answering',
  maxLength: windowDefaults.maxLength,

  async read(source, split, { known, skipInvalid }) {
    const rows = source.open(split);
    return (
      rows && readQuestions(rows, { known: known?.task === 'question-answering' ? known : undefined, skipInvalid })
    );
  },

  settled: (settings, dataset) =>
    settings.nullScoreDiffThreshold === undefined && hasUnanswerable(dataset)
      ? { ...settings, nullScoreDiffThreshold: 0 }
      : settings,

  recipe: ({ layeredHead }, _labels, { head }) => anyAnswererRecipe(head, layeredHead),
  encode(dataset, tokenizer, settings) {
    const { examples, name } = dataset;
    if (settings.nullScoreDiffThreshold === undefined && hasUnanswerable(dataset)) {
      throw new InputError(
        `${name} has questions without an answer, and the model must answer; give it a nullScoreDiffThreshold, such as 0.`,
      );
    }
    return answeredWindows(examples, tokenizer, windowOptions(settings), name);
  },
  tokenCount: ({ ids }) => ids.length,
  loss: answerLoss,

  evaluation({ examples, name, metrics }, tokenizer, settings) {
    const windows = questionWindows(examples, tokenizer, windowOptions(settings), name);
    const isUnanswered = metrics.includes('exact');
    const { nullScoreDiffThreshold = isUnanswered ? Number.POSITIVE_INFINITY : undefined } = settings;
    const decode = { ...decodeDefaults, nullScoreDiffThreshold };
    return {
      size: windows.length,
      async judge(model, options) {
        const answers = await answerQuestions(model, examples, windows, { ...options, decode });
        // A page that only answers does without.
        const { answerParts } = await import('../../report/answer-parts.ts');
        return {
          scores: isUnanswered
            ? await scoreUnanswered(examples, answers, nullScoreDiffThreshold)
            : { ...(await scoreAnswers(examples, answers)) },
          ...answerParts(
            examples.map(({ question, context, answers: right }, i) => ({
              ...{ question, context, expected: right.map(({ text }) => text) },
              ...{ predicted: answers[i][0]?.text ?? '', probability: answers[i][0]?.probability ?? 0 },
            })),
          ),
        };
      },
    };
  },
};

/** The mean loss of a batch of windows with answers; with `random`, dropout is on. The temperature divides the logits. */
export function answerLoss(
  model: AnyAnswerer,
  windows: readonly AnsweredWindow[],
  random?: Random,
  { temperature = 1 }: LossOptions = {},
): Tensor {
  const batch = packSequences(windows, model.encoder.positionIds);
  const answers = { starts: windows.map(({ start }) => start), ends: windows.map(({ end }) => end) };
  return tidyInside(() => model.loss(scaleLogits(model.forward(batch, random), temperature), batch, answers));
}

/**
 * The best answers to each question, the best first.
 *
 * @param windows of these questions, in their order
 * @throws InputError if the model's output is not finite
 */
export async function answerQuestions(
  model: AnyAnswerer,
  questions: readonly Question[],
  windows: readonly Window[],
  options: PredictOptions & { readonly decode?: SpanOptions } = {},
): Promise<Answer[][]> {
  checkInstance('answerQuestions', 'model', model, QuestionAnsweringModel);
  checkOptions('answerQuestions', options);
  checkWindows(model, questions, windows);
  const logits = await windowLogits(model, windows, options);
  const read = questions.map((): { window: Window; logits: WindowLogits }[] => []);
  windows.forEach((window, i) => {
    read[window.question].push({ window, logits: logits[i] });
  });
  return questions.map(({ context }, i) => decodeAnswers(context, read[i], options.decode));
}

/** @throws InputError naming a window that the model cannot read, or that is of none of the questions */
function checkWindows({ encoder }: AnyAnswerer, questions: readonly Question[], windows: readonly Window[]): void {
  checkList('questions', questions);
  checkList('windows', windows);
  const asked = new Set(questions.keys());
  for (const [i, window] of windows.entries()) {
    checkSequence(`windows[${i}]`, window, encoder.config.vocab_size);
    if (!asked.has(window.question))
      throw new InputError(`windows[${i}] is of none of the questions; cut them with questionWindows.`);
  }
}

async function windowLogits(
  model: AnyAnswerer,
  windows: readonly Window[],
  { batchSize = 32, onBatch, signal }: PredictOptions,
): Promise<WindowLogits[]> {
  const result: WindowLogits[] = [];
  for (const batch of chunks(windows, batchSize)) {
    await yieldToEvents();
    signal?.throwIfAborted();
    const values = await model.read(batch); // [tokens, 2]
    let first = 0;
    for (const { ids } of batch) {
      const rows = values.subarray(2 * first, 2 * (first + ids.length));
      const channel = (c: number) => Float32Array.from({ length: rows.length / 2 }, (_, row) => rows[2 * row + c]);
      result.push({ starts: channel(0), ends: channel(1) });
      first += ids.length;
    }
    onBatch?.(result.length);
  }
  return result;
}

/** The metrics of SQuAD for the best answers of a model; the answer that there is none is an empty one. */
export async function evaluateAnswers(
  model: AnyAnswerer,
  questions: readonly Question[],
  windows: readonly Window[],
  options?: PredictOptions & { readonly decode?: SpanOptions },
): Promise<SquadScores> {
  return scoreAnswers(questions, await answerQuestions(model, questions, windows, options));
}

type Answers = readonly (readonly Answer[])[];

async function scoreAnswers(questions: readonly Question[], answers: Answers): Promise<SquadScores> {
  // A page that only answers does without.
  const { squadScores } = await import('../../metrics/squad.ts');
  return squadScores(
    answers.map(([best]) => best?.text ?? ''),
    questions.map((question) => question.answers.map(({ text }) => text)),
  );
}

/** The metrics of SQuAD 2.0, with the scores that the best thresholds would give. */
async function scoreUnanswered(
  questions: readonly Question[],
  answers: Answers,
  nullScoreDiffThreshold = Number.POSITIVE_INFINITY,
): Promise<Scores> {
  // A page that only answers does without.
  const { unansweredScores } = await import('./unanswered-scores.ts');
  const differences = answers.map((all) => nullScoreDiff(all) ?? 0);
  return unansweredScores(questions, answers, differences, nullScoreDiffThreshold);
}
