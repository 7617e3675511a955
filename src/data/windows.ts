import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import type { LocatedTokens, Tokenizer } from '../text/index.ts';
import { checkList, checkText } from './encode.ts';

/** A question about a text. */
export interface Question {
  /** For messages and predictions. */
  readonly id: string;
  readonly question: string;
  readonly context: string;
  /** Each stands in the context at `start`, in UTF-16 code units; empty where none is known, as in prediction. */
  readonly answers: readonly { readonly text: string; readonly start: number }[];
}

/** A question with a part of its context, as a model reads it. */
export interface Window {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  /** The number of its question. */
  readonly question: number;
  /** The column of its first token of the context; the later ones follow in order. */
  readonly contextStart: number;
  /** The offsets of its tokens in the context, in UTF-16 code units. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

/** A window to train on. */
export interface AnsweredWindow {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  /** The columns of the first and the last token of the answer; both 0, the first token, where it is not in the window. */
  readonly start: number;
  readonly end: number;
}

export interface WindowOptions {
  /** Tokens of a window, question and special tokens included. */
  readonly maxLength: number;
  /** Tokens from the beginning of one window to that of the next, as `doc_stride` of the BERT authors' code. */
  readonly stride: number;
}

/** The lengths of BERT (Devlin et al. 2019) on SQuAD. */
export const windowDefaults: WindowOptions = { maxLength: 384, stride: 128 };

/**
 * Cuts each context into windows that overlap, so that a text of any length is read and an answer at the end of one window is in
 * the middle of another. The question stands in each.
 *
 * @param options default: the lengths of BERT on SQuAD, windows of 384 tokens, one every 128
 * @param name of the data, for messages
 * @throws InputError if a question leaves no room for its context, or a context has no words
 */
export function questionWindows(
  questions: readonly Question[],
  tokenizer: Tokenizer,
  options: WindowOptions = windowDefaults,
  name = 'the input',
): Window[] {
  checkQuestions(questions, options);
  const locate = remembered(tokenizer);
  return questions.flatMap((question, number) => {
    const tokens = locate(question.context);
    return cut({ question, number, tokens, name }, tokenizer, options).map(({ window }) => window);
  });
}

/** The windows of questions with the place of the first answer in each. @throws InputError as {@link questionWindows} */
export function answeredWindows(
  questions: readonly Question[],
  tokenizer: Tokenizer,
  options: WindowOptions = windowDefaults,
  name = 'the input',
): AnsweredWindow[] {
  checkQuestions(questions, options);
  const locate = remembered(tokenizer);
  return questions.flatMap((question, number) => {
    const tokens = locate(question.context);
    const [answer] = question.answers;
    const place = answer && findAnswer(tokens, answer.start, answer.start + answer.text.length);
    return cut({ question, number, tokens, name }, tokenizer, options).map(({ window, from }): AnsweredWindow => {
      const { ids, typeIds, contextStart, starts } = window;
      const isInside = place && place.first >= from && place.last < from + starts.length;
      const column = (token: number) => contextStart + token - from;
      return isInside
        ? { ids, typeIds, start: column(place.first), end: column(place.last) }
        : { ids, typeIds, start: 0, end: 0 };
    });
  });
}

/** @throws InputError naming the question and the field that is no string or empty, or a length that is no whole number above 0 */
function checkQuestions(questions: readonly Question[], options: WindowOptions): void {
  checkList('questions', questions);
  questions.forEach((question: Partial<Question> | null, i) => {
    for (const field of ['question', 'context'] as const) {
      const value = question?.[field];
      checkText(`questions[${i}].${field}`, value);
      if (value.trim() === '') throw new InputError(`questions[${i}].${field} is empty.`);
    }
  });
  for (const field of ['maxLength', 'stride'] as const) {
    const value = options[field];
    if (!(Number.isInteger(value) && value > 0)) {
      throw new InputError(`${field} of the windows is ${shown(value)}; it must be a whole number above 0.`);
    }
  }
}

/**
 * The first and the last token of those that cover a part of a text; null if none does, as for white space.
 *
 * @param from the first code unit of the part
 * @param to the one after its last
 */
export function findAnswer(
  { starts, ends }: Pick<LocatedTokens, 'starts' | 'ends'>,
  from: number,
  to: number,
): { readonly first: number; readonly last: number } | null {
  const first = ends.findIndex((end) => end > from);
  const last = starts.findLastIndex((start, i) => start < to && start < ends[i]);
  return first >= 0 && last >= first ? { first, last } : null;
}

/** Questions about one context follow each other, so it is cut into tokens once. */
function remembered(tokenizer: Tokenizer): (context: string) => LocatedTokens {
  let [last, tokens]: [string | null, LocatedTokens] = [null, { ids: [], starts: [], ends: [] }];
  return (context) => {
    if (context !== last) [last, tokens] = [context, tokenizer.locate(context)];
    return tokens;
  };
}

interface Asked {
  readonly question: Question;
  readonly number: number;
  /** Of the context. */
  readonly tokens: LocatedTokens;
  readonly name: string;
}

/** The windows of one question, each with the number of its first token in the context. */
function cut(
  { question: { id, question }, number, tokens, name }: Asked,
  tokenizer: Tokenizer,
  { maxLength, stride }: WindowOptions,
): { readonly window: Window; readonly from: number }[] {
  const asked = tokenizer.locate(question.trim()).ids;
  if (tokens.ids.length === 0) throw new InputError(`${name}, question ${id}: the context has no words`);
  const room = maxLength - tokenizer.pairSpecials - asked.length;
  if (room < 1) {
    throw new InputError(
      `${name}, question ${id}: its ${asked.length} tokens leave no room for the context in a max length of ${maxLength}; shorten it or raise the max length`,
    );
  }
  return windowStarts(tokens.ids.length, room, stride).map((from) => {
    const slice = (values: readonly number[]) => values.slice(from, from + room);
    const { ids, typeIds, secondStart: contextStart } = tokenizer.joinPair(asked, slice(tokens.ids));
    const [starts, ends] = [slice(tokens.starts), slice(tokens.ends)];
    return { from, window: { ids, typeIds, question: number, contextStart, starts, ends } };
  });
}

/** Returns the starts of windows of `room` tokens in `length` tokens. They leave no token out, not even with a longer stride. */
function windowStarts(length: number, room: number, stride: number): number[] {
  const step = Math.min(stride, room);
  return Array.from({ length: 1 + Math.ceil(Math.max(0, length - room) / step) }, (_, i) => i * step);
}
