import type { Answer } from '../../data/answers.ts';
import type { Question } from '../../data/windows.ts';
import { type SquadV2Scores, squadV2ScoreNames, squadV2Scores } from '../../metrics/squad-v2.ts';
import type { Scores } from '../task.ts';

/**
 * The metrics of SQuAD 2.0. In the place of a probability that there is no answer stands the difference of the scores, so that the best
 * thresholds are values of `nullScoreDiffThreshold`.
 *
 * @param answers to each question, the empty one among them
 * @param differences of the score of the empty answer and the best other one, for each question
 * @param threshold Infinity: every question is answered
 */
export function unansweredScores(
  questions: readonly Question[],
  answers: readonly (readonly Answer[])[],
  differences: readonly number[],
  threshold: number,
): Scores {
  const scores = squadV2Scores(
    questions.map((question, i) => ({
      prediction: answers[i].find(({ text }) => text !== '')?.text ?? '',
      answers: question.answers.map(({ text }) => text),
      noAnswerProbability: differences[i],
    })),
    { threshold },
  );
  const all = { ...scores, ...thresholds(scores, Math.min(...differences)) };
  return Object.fromEntries(
    squadV2ScoreNames.flatMap((name) => {
      const score = all[name];
      return score === undefined ? [] : [[name, score]];
    }),
  );
}

/** The best thresholds, where a difference that answers nothing is as good as any: the script says 0, which holds for probabilities alone. */
function thresholds(scores: SquadV2Scores, least: number): Partial<SquadV2Scores> {
  const nothing = (scores.NoAns_total ?? 0) / scores.total;
  return {
    ...(scores.best_exact === nothing && { best_exact_thresh: least - 1 }),
    ...(scores.best_f1 === nothing && { best_f1_thresh: least - 1 }),
  };
}
