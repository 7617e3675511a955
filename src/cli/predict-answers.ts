import type { Command } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { decodeDefaults } from '../data/answers.ts';
import { type Answer, nullScoreDiff, type Question, questionWindows, readLines } from '../data/index.ts';
import { windowDefaults } from '../data/windows.ts';
import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/index.ts';
import { loadQuestionAnswering, longestSequence, type QuestionAnsweringModel } from '../models/index.ts';
import type { HeldDType } from '../nn/index.ts';
import { Random } from '../random/index.ts';
import type { Tokenizer } from '../text/index.ts';
import {
  answerQuestions,
  defaultOf,
  loadRun,
  questionAnswering,
  readRunConfig,
  tokenizerOf,
} from '../training/index.ts';
import { heldCheckpoint, refuseBesideRun } from './backbone.ts';
import { useBackend } from './backend.ts';
import { UsageError } from './errors.ts';
import { useModel } from './fetch.ts';
import { note, printCells, printJsonLine, warn } from './output.ts';

interface Flags {
  readonly backboneDtype?: HeldDType;
  readonly model?: string;
  readonly input?: string;
  readonly text?: readonly string[];
  readonly skipInvalid?: boolean;
  readonly question?: string;
  readonly context?: string;
  readonly answers: number;
  readonly nullScoreDiffThreshold?: number;
  readonly backend?: BackendName;
  readonly json?: boolean;
}

/** The model that answers questions, with its tokenizer and settings. */
interface Reader {
  readonly model: QuestionAnsweringModel;
  readonly tokenizer: Tokenizer;
  readonly maxLength: number;
  readonly stride: number;
  readonly nullScoreDiffThreshold?: number;
}

/** Prints the best answer to each question, one line each. @throws UsageError for options that do not fit */
export async function predictAnswers(command: Command, run: string | undefined): Promise<void> {
  const flags = command.opts<Flags>();
  if (flags.skipInvalid) throw new UsageError('--skip-invalid goes with rows of a table; questions are JSON lines.');
  if (flags.text)
    throw new UsageError('--text names columns of a table; questions come with --question or as JSON lines.');
  const reader = run === undefined ? await ownHead(flags) : await trained(run, flags);
  const { model, tokenizer, maxLength, stride } = reader;
  const { nullScoreDiffThreshold = reader.nullScoreDiffThreshold } = flags;
  const nBest = Math.max(decodeDefaults.nBest, flags.answers);
  const decode = { ...decodeDefaults, nBest, nullScoreDiffThreshold };
  for await (const question of questions(flags)) {
    const windows = questionWindows([question], tokenizer, { maxLength, stride });
    const [answers] = await answerQuestions(model, [question], windows, { decode });
    if (flags.json) printAsJson(question, answers, flags.answers);
    else printAsLine(question, answers[0]);
  }
}

async function trained(run: string, { model, backend, ...flags }: Flags): Promise<Reader> {
  refuseBesideRun(flags);
  const { settings } = readRunConfig(run);
  await useBackend(backend ?? settings.backend);
  const place = await useModel(model ?? settings.model);
  const { model: loaded } = loadRun(run, { task: questionAnswering, model: place, isOnlyUsed: true });
  for (const warning of loaded.warnings) warn(warning);
  const { maxLength, stride = windowDefaults.stride, nullScoreDiffThreshold } = settings;
  return { model: loaded.hold(), tokenizer: loaded.tokenizer, maxLength, stride, nullScoreDiffThreshold };
}

async function ownHead({ model, backend = defaultOf('backend'), ...flags }: Flags): Promise<Reader> {
  if (model === undefined) {
    throw new UsageError('name the folder of a run, or with --model a checkpoint that has a question-answering head.');
  }
  await useBackend(backend);
  const name = await useModel(model);
  const held = heldCheckpoint(flags);
  const random = new Random(defaultOf('seed'));
  const loaded = loadQuestionAnswering(name, random, undefined, { head: 'checkpoint', ...held.options });
  for (const warning of [...loaded.warnings, ...held.warnings]) warn(warning);
  const { maxLength, stride } = windowDefaults;
  const longest = longestSequence(loaded.config);
  return { model: loaded.model, tokenizer: tokenizerOf(loaded, warn), maxLength: Math.min(maxLength, longest), stride };
}

/** The one question of the options, or those of the input as they arrive. */
async function* questions({ question, context, input }: Flags): AsyncGenerator<Question> {
  if (question !== undefined || context !== undefined) {
    if (question === undefined) throw new UsageError('--context needs a --question about it.');
    if (context === undefined) throw new UsageError('--question needs --context, the text to look for the answer in.');
    if (input !== undefined) throw new UsageError('--question and --input cannot be combined.');
    yield parse('the options', 1, { question, context });
    return;
  }
  if (input === undefined && process.stdin.isTTY) note('reading JSON lines from standard input, Ctrl-D ends them');
  const name = input ?? 'standard input';
  let line = 0;
  for await (const text of readLines(input ?? process.stdin)) {
    line++;
    if (text.trim() !== '') yield parseLine(`${name}, line ${line}`, line, text);
  }
  if (line === 0) throw new InputError(`${name} is empty; give at least one question.`);
}

function parseLine(place: string, line: number, text: string): Question {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${place} is not valid JSON: ${error instanceof Error ? error.message : error}`);
  }
  if (!isJsonObject(value)) {
    throw new InputError(`${place} is not a JSON object such as {"question": "...", "context": "..."}`);
  }
  return parse(place, line, value);
}

function parse(
  place: string,
  line: number,
  { id = String(line), ...object }: Readonly<Record<string, unknown>>,
): Question {
  const text = (name: string): string => {
    const value = object[name];
    if (typeof value !== 'string') throw new InputError(`${place} has no text "${name}"`);
    if (value.trim() === '') throw new InputError(`${place}: "${name}" is empty`);
    return value;
  };
  return { id: String(id), question: text('question'), context: text('context'), answers: [] };
}

/** Where there may be no answer, also by how much that is better than the best one. */
function printAsJson({ id, question }: Question, answers: readonly Answer[], count: number): void {
  const difference = nullScoreDiff(answers);
  const none = difference === null ? {} : { null_score_diff: difference };
  printJsonLine({ id, question, ...none, answers: answers.slice(0, count) });
}

function printAsLine({ question }: Question, { text, probability }: Answer): void {
  printCells([text, probability.toFixed(4), question]);
}
