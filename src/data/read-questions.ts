import type { KnownQuestions } from './datasets.ts';
import type { Dataset } from './examples.ts';
import type { Data, Rows } from './source.ts';
import { rowsOf } from './source-of.ts';
import type { Question } from './windows.ts';

/** Questions with their answers, as SQuAD has them; the scores are those of SQuAD 1.1, or of 2.0 where some have no answer. */
export type QuestionDataset = Dataset<Question, 'exact_match' | 'f1' | 'exact'>;

export interface QuestionOptions {
  /** A well-known dataset, which says whether questions may be without an answer. Default: they may, and the rows say whether any is */
  readonly known?: Pick<KnownQuestions, 'hasUnanswerable'>;
  /** Leave out questions that cannot be used, with a warning that counts them, instead of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
}

/**
 * Reads questions with their answers: from a file of SQuAD 1.1 or 2.0, or from rows with the columns of SQuAD on the hub, `question`,
 * `context` and `answers`, and an `id` for messages and predictions. Answers are lists of `text` and `answer_start`, which counts code
 * points as Python does, or a list of objects with both; in memory they may have `start` instead, which counts as JavaScript does. A
 * question without an answer has an empty list, or null, or says `is_impossible`.
 *
 * @returns the questions in their order; answers are where JavaScript counts them, in UTF-16 code units
 * @throws InputError naming the file where it is unreadable or has no questions; or listing the questions that cannot be used: a field that
 *   is missing, a context without text, no answer where there must be one, an answer that does not stand where `answer_start` says
 */
export async function readQuestions(data: Data | Rows, options: QuestionOptions = {}): Promise<QuestionDataset> {
  // A page that only answers does without.
  const { questionsIn } = await import('./question-rows.ts');
  return questionsIn(rowsOf(data, 'question-answering'), options);
}
