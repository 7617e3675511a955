import { answerF1, exactMatch, normalizeAnswer } from './squad.ts';

/** A question with what a model says of it. */
export interface AnsweredQuestion {
  /** The answer; the empty text for none. */
  readonly prediction: string;
  /** The reference answers; none for a question that cannot be answered. */
  readonly answers: readonly string[];
  /** How sure the model is that there is no answer. Default 0. */
  readonly noAnswerProbability?: number;
}

/** The metrics of SQuAD 2.0, as fractions. The official script prints percent. */
export interface SquadV2Scores {
  readonly exact: number;
  readonly f1: number;
  readonly total: number;
  /** Of the questions that have an answer, where there are some. */
  readonly HasAns_exact?: number;
  readonly HasAns_f1?: number;
  readonly HasAns_total?: number;
  /** Of those that have none. */
  readonly NoAns_exact?: number;
  readonly NoAns_f1?: number;
  readonly NoAns_total?: number;
  /** The best score that a threshold can give, and the smallest such threshold. */
  readonly best_exact: number;
  readonly best_exact_thresh: number;
  readonly best_f1: number;
  readonly best_f1_thresh: number;
}

/** Those that are fractions or thresholds; the others count questions. */
export const squadV2ScoreNames = [
  'exact',
  'f1',
  'HasAns_exact',
  'HasAns_f1',
  'NoAns_exact',
  'NoAns_f1',
  'best_exact',
  'best_exact_thresh',
  'best_f1',
  'best_f1_thresh',
] as const satisfies readonly (keyof SquadV2Scores)[];

/**
 * The metrics of SQuAD 2.0 (Rajpurkar et al. 2018), equal to those of the official script `evaluate-v2.0`: an answer counts as none
 * where `noAnswerProbability` is above the threshold, and is then right for a question without answers alone.
 *
 * @param options `threshold` of that probability; 1 by default, so that the predictions count as they stand
 * @throws RangeError for no questions
 */
export function squadV2Scores(
  questions: readonly AnsweredQuestion[],
  { threshold = 1 }: { readonly threshold?: number } = {},
): SquadV2Scores {
  if (questions.length === 0) throw new RangeError('there are no answers to compare with others');
  const raw = questions.map(({ prediction, answers, noAnswerProbability = 0 }) => {
    const kept = answers.filter((answer) => normalizeAnswer(answer) !== '');
    const references = kept.length > 0 ? kept : [''];
    const best = (metric: (prediction: string, reference: string) => number) =>
      Math.max(...references.map((reference) => metric(prediction, reference)));
    const isAnswerable = answers.length > 0;
    const probability = noAnswerProbability;
    return {
      isAnswerable,
      isAnswered: prediction !== '',
      probability,
      exact: best(exactMatch),
      f1: best(f1OrBothEmpty),
    };
  });
  const scored = raw.map((question) => {
    const none = question.isAnswerable ? 0 : 1;
    return question.probability > threshold ? { ...question, exact: none, f1: none } : question;
  });
  const ofKind = (name: 'HasAns' | 'NoAns', isAnswerable: boolean) => {
    const part = scored.filter((question) => question.isAnswerable === isAnswerable);
    if (part.length === 0) return {};
    return { [`${name}_exact`]: mean(part, 'exact'), [`${name}_f1`]: mean(part, 'f1'), [`${name}_total`]: part.length };
  };
  const [bestExact, bestF1] = [bestThreshold(raw, 'exact'), bestThreshold(raw, 'f1')];
  return {
    exact: mean(scored, 'exact'),
    f1: mean(scored, 'f1'),
    total: scored.length,
    ...ofKind('HasAns', true),
    ...ofKind('NoAns', false),
    best_exact: bestExact.score,
    best_exact_thresh: bestExact.threshold,
    best_f1: bestF1.score,
    best_f1_thresh: bestF1.threshold,
  };
}

interface ScoredQuestion {
  readonly isAnswerable: boolean;
  readonly isAnswered: boolean;
  readonly probability: number;
  readonly exact: number;
  readonly f1: number;
}

const mean = (questions: readonly ScoredQuestion[], name: 'exact' | 'f1'): number =>
  questions.reduce((sum, question) => sum + question[name], 0) / questions.length;

/** Unlike in version 1.1, two answers of which nothing is left agree. */
function f1OrBothEmpty(prediction: string, reference: string): number {
  const isEmpty = [prediction, reference].map((text) => normalizeAnswer(text) === '');
  return isEmpty.includes(true) ? Number(isEmpty[0] && isEmpty[1]) : answerF1(prediction, reference);
}

/** From "none is answered" on, one more question is by each step, the surest first. */
function bestThreshold(
  questions: readonly ScoredQuestion[],
  name: 'exact' | 'f1',
): { score: number; threshold: number } {
  let current = questions.filter(({ isAnswerable }) => !isAnswerable).length;
  let best = { score: current, threshold: 0 };
  for (const question of questions.toSorted((a, b) => a.probability - b.probability)) {
    if (question.isAnswerable) current += question[name];
    else if (question.isAnswered) current--;
    if (current > best.score) best = { score: current, threshold: question.probability };
  }
  return { score: best.score / questions.length, threshold: best.threshold };
}
