import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';
import type { TokenizedText, Tokenizer } from '../text/index.ts';
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
  /** The places of its tokens in the context: token i is `context.slice(...offsets[i])`, in UTF-16 code units. */
  readonly offsets: TokenizedText['offsets'];
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
  const tokenize = remembered(tokenizer);
  return questions.flatMap((question, number) =>
    cut({ question, number, tokens: tokenize(question.context), name }, tokenizer, options),
  );
}

/** The windows of questions with the place of the first answer in each. @throws InputError as {@link questionWindows} */
export function answeredWindows(
  questions: readonly Question[],
  tokenizer: Tokenizer,
  options: WindowOptions = windowDefaults,
  name = 'the input',
): AnsweredWindow[] {
  checkQuestions(questions, options);
  const tokenize = remembered(tokenizer);
  return questions.flatMap((question, number) => {
    const tokens = tokenize(question.context);
    const [answer] = question.answers;
    const [from, to] = answer ? [answer.start, answer.start + answer.text.length] : [0, 0];
    const whole = findAnswer(tokens.offsets, from, to);
    return cut({ question, number, tokens, name }, tokenizer, options).map(
      ({ ids, typeIds, contextStart, offsets }): AnsweredWindow => {
        const found = whole && findAnswer(offsets, from, to);
        const isInside = found && found.last - found.first === whole.last - whole.first;
        return isInside
          ? { ids, typeIds, start: contextStart + found.first, end: contextStart + found.last }
          : { ids, typeIds, start: 0, end: 0 };
      },
    );
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
 * @param offsets the places of the tokens in the text
 * @param from the first code unit of the part
 * @param to the one after its last
 */
export function findAnswer(
  offsets: TokenizedText['offsets'],
  from: number,
  to: number,
): { readonly first: number; readonly last: number } | null {
  const covers = ([start, end]: readonly [number, number]) => start < end && end > from && start < to;
  const first = offsets.findIndex(covers);
  return first < 0 ? null : { first, last: offsets.findLastIndex(covers) };
}

/** Questions about one context follow each other, so it is cut into tokens once. */
function remembered(tokenizer: Tokenizer): (context: string) => TokenizedText {
  let [last, tokens]: [string | null, TokenizedText] = [null, { ids: [], offsets: [], wordIds: [] }];
  return (context) => {
    if (context !== last) [last, tokens] = [context, tokenizer.tokenize(context)];
    return tokens;
  };
}

interface Asked {
  readonly question: Question;
  readonly number: number;
  /** Of the context. */
  readonly tokens: TokenizedText;
  readonly name: string;
}

function cut(
  { question: { id, question }, number, tokens, name }: Asked,
  tokenizer: Tokenizer,
  { maxLength, stride }: WindowOptions,
): Window[] {
  const asked = tokenizer.tokenize(question.trim());
  if (tokens.ids.length === 0) throw new InputError(`${name}, question ${id}: the context has no words`);
  const room = maxLength - tokenizer.pairSpecials - asked.ids.length;
  if (room < 1) {
    throw new InputError(
      `${name}, question ${id}: its ${asked.ids.length} tokens leave no room for the context in a max length of ${maxLength}; shorten it or raise the max length`,
    );
  }
  const { overflowing, ...first } = tokenizer.assemble(asked, tokens, {
    maxLength,
    truncation: 'only_second',
    // Windows leave no token out, not even with a longer distance between their beginnings.
    stride: room - Math.min(stride, room),
    returnOverflowingTokens: true,
  });
  return [first, ...overflowing].map(({ ids, typeIds, offsets, sequenceIds }) => {
    const contextStart = sequenceIds.indexOf(1);
    const contextEnd = sequenceIds.lastIndexOf(1) + 1;
    return { ids, typeIds, question: number, contextStart, offsets: offsets.slice(contextStart, contextEnd) };
  });
}
