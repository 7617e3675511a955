import type { Command } from 'commander';
import { decodeDefaults } from '../data/answers.ts';
import {
  type Answer,
  isTable,
  nullScoreDiff,
  type QuestionRow,
  questionWindows,
  streamQuestions,
} from '../data/index.ts';
import { windowDefaults } from '../data/windows.ts';
import { type AnyAnswerer, anyAnswererRecipe, loadModel, recipeFor } from '../models/index.ts';
import { answerQuestions, questionAnswering } from '../training/index.ts';
import { UsageError } from './errors.ts';
import { checkTableOptions, jsonRowsOf, tableOf } from './input.ts';
import { warn } from './output.ts';
import { checkOutput, givePredictions, keptColumns, type OutputFlags } from './predict-output.ts';
import type { QuestionFlags } from './predict-question.ts';
import { type ModelFlags, modelOfCheckpoint, modelOfRun, type UsedModel } from './used-model.ts';

interface Flags extends OutputFlags, ModelFlags, QuestionFlags {
  readonly text?: readonly string[];
  readonly skipInvalid?: boolean;
  readonly answers: number;
}

/** The model that answers questions, with its settings. */
interface Reader extends UsedModel<AnyAnswerer> {
  readonly maxLength: number;
  readonly stride: number;
  readonly nullScoreDiffThreshold?: number;
}

interface Answered extends QuestionRow {
  /** The best first. */
  readonly answers: readonly Answer[];
}

/** Gives the best answer to each question. @throws UsageError for options that do not fit */
export async function predictAnswers(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  if (flags.text)
    throw new UsageError("--text is not for questions; a table of them has the columns 'question' and 'context'.");
  checkTableOptions(flags);
  await checkOutput(flags);
  const reader = run === undefined ? await ownHead(flags) : await trained(run, flags);
  const { model, tokenizer, maxLength, stride } = reader;
  const { nullScoreDiffThreshold = reader.nullScoreDiffThreshold } = flags;
  const nBest = Math.max(decodeDefaults.nBest, flags.answers);
  const decode = { ...decodeDefaults, nBest, nullScoreDiffThreshold };
  const columns = await keptColumns(flags, ['question', 'context']);
  const answered = async function* (): AsyncGenerator<Answered[]> {
    for await (const rows of questionsOf(flags, columns)) {
      for (const row of rows) {
        const windows = questionWindows([row.question], tokenizer, { maxLength, stride });
        const [answers] = await answerQuestions(model, [row.question], windows, { decode });
        yield [{ ...row, answers }];
      }
    }
  };
  const mayBeNone = nullScoreDiffThreshold !== undefined;
  await givePredictions(flags, columns, answered(), {
    columns: ['prediction', 'probability', 'start', 'end', ...(mayBeNone ? ['null_score_diff'] : [])],
    values: ({ answers }) => {
      const [{ text, probability, start, end }] = answers;
      return {
        prediction: text,
        probability,
        start,
        end,
        ...(mayBeNone && { null_score_diff: nullScoreDiff(answers) }),
      };
    },
    // Where there may be no answer, also by how much that is better than the best one.
    json: ({ question: { id, question }, answers }) => {
      const difference = nullScoreDiff(answers);
      const none = difference === null ? {} : { null_score_diff: difference };
      return { id, question, ...none, answers: answers.slice(0, flags.answers) };
    },
    lines: ({ question: { question }, answers: [{ text, probability }] }) => [[text, probability.toFixed(4), question]],
  });
}

async function trained(run: string, flags: Flags): Promise<Reader> {
  const { settings, ...used } = await modelOfRun(run, questionAnswering, flags);
  const { maxLength, stride = windowDefaults.stride, nullScoreDiffThreshold } = settings;
  return { ...used, maxLength, stride, nullScoreDiffThreshold };
}

async function ownHead(flags: Flags): Promise<Reader> {
  const kind = 'that has a question-answering head';
  const used = await modelOfCheckpoint(flags, kind, windowDefaults.maxLength, (folder, random, held) =>
    loadModel(recipeFor(anyAnswererRecipe('checkpoint'), folder), folder, random, undefined, held),
  );
  return { ...used, stride: windowDefaults.stride };
}

/** The one question of the options, the rows of a table, or JSON lines as they arrive. */
function questionsOf(
  { question, context, input, skipInvalid, delimiter, encoding }: Flags,
  keep: readonly string[],
): AsyncIterable<QuestionRow[]> {
  const options = { keep, skipInvalid, onWarning: warn };
  if (question !== undefined || context !== undefined) {
    if (question === undefined) throw new UsageError('--context needs a --question about it.');
    if (context === undefined) throw new UsageError('--question needs --context, the text to look for the answer in.');
    if (input !== undefined) throw new UsageError('--question and --input cannot be combined.');
    for (const [name, text] of Object.entries({ question, context }))
      if (text.trim() === '') throw new UsageError(`--${name} is empty; give a text.`);
    return streamQuestions([{ question, context }], options);
  }
  const isOfTable = input !== undefined && isTable(input);
  return streamQuestions(isOfTable ? tableOf(input, { delimiter, encoding }) : jsonRowsOf(input), options);
}
