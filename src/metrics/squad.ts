import { splitWords } from './python-text.ts';

/** The agreement of answers with the reference answers, as fractions. */
export interface SquadScores {
  /** The fraction of answers that equal a reference, both normalized. */
  readonly exact_match: number;
  /** The mean F1 of the words that an answer shares with the reference that it is nearest to. */
  readonly f1: number;
}

export const squadScoreNames = ['exact_match', 'f1'] as const satisfies readonly (keyof SquadScores)[];

/**
 * The normalization of the official script of SQuAD v1.1 (Rajpurkar et al. 2016): lower case, no ASCII punctuation, no articles,
 * words with one space between them. Words end where Python's regular expressions see their end: accents and marks outside of ASCII.
 */
export function normalizeAnswer(text: string): string {
  return words(text).join(' ');
}

/** The words that are left of an answer. */
function words(text: string): string[] {
  return splitWords(
    text
      .toLowerCase()
      .replace(/[!-/:-@[-`{-~]/g, '')
      .replace(/(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu, ' '),
  );
}

/** 1 if the normalized texts are equal, else 0. */
export function exactMatch(prediction: string, reference: string): number {
  return normalizeAnswer(prediction) === normalizeAnswer(reference) ? 1 : 0;
}

/** F1 of the words, counted with their multiplicity; 0 when nothing is left of either text, as in the official script. */
export function answerF1(prediction: string, reference: string): number {
  const [predicted, expected] = [words(prediction), words(reference)];
  const left = new Map<string, number>();
  for (const word of expected) left.set(word, (left.get(word) ?? 0) + 1);
  let shared = 0;
  for (const word of predicted) {
    const count = left.get(word) ?? 0;
    if (count > 0) shared++;
    left.set(word, count - 1);
  }
  if (shared === 0) return 0;
  const [precision, recall] = [shared / predicted.length, shared / expected.length];
  return (2 * precision * recall) / (precision + recall);
}

/**
 * The metrics of SQuAD v1.1. Of several references the best counts, for each metric by itself. The official script prints percent.
 *
 * @throws RangeError if there are not as many predictions as lists of references, a list is empty, or there is none
 */
export function squadScores(predictions: readonly string[], references: readonly (readonly string[])[]): SquadScores {
  if (predictions.length !== references.length) {
    throw new RangeError(`${predictions.length} answers cannot be compared with ${references.length} lists of answers`);
  }
  if (predictions.length === 0) throw new RangeError('there are no answers to compare with others');
  const mean = (metric: (prediction: string, reference: string) => number) =>
    predictions.reduce((sum, prediction, i) => {
      if (references[i].length === 0) throw new RangeError(`answer ${i} has no reference to compare it with`);
      return sum + Math.max(...references[i].map((reference) => metric(prediction, reference)));
    }, 0) / predictions.length;
  return { exact_match: mean(exactMatch), f1: mean(answerF1) };
}
