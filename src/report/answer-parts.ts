import { answerF1 } from '../metrics/squad.ts';
import type { ReportParts } from './class-parts.ts';
import { examplesPart } from './examples-part.ts';
import { histogramPart } from './number-parts.ts';
import type { ReportPart } from './schema.ts';

/** A question with the answer that a model gives. */
export interface AskedQuestion {
  readonly question: string;
  readonly context: string;
  /** The right answers; none: the context has no answer. */
  readonly expected: readonly string[];
  /** Empty where the model says that there is no answer. */
  readonly predicted: string;
  /** Of the answer that the model gives. */
  readonly probability: number;
}

const NO_ANSWER = '(no answer)';

/** The report of a model that answers questions: how F1 is spread, what it does where there is no answer, and the surest wrong answers. */
export function answerParts(questions: readonly AskedQuestion[]): ReportParts {
  const scores = questions.map(scoreOf);
  const isAnswered = (text: string | undefined) => text !== undefined && text !== '';
  const count = (hasAnswer: boolean, isGiven: boolean) =>
    questions.filter(
      ({ expected, predicted }) => isAnswered(expected[0]) === hasAnswer && isAnswered(predicted) === isGiven,
    ).length;
  const counts: ReportPart = {
    kind: 'table',
    title: 'Questions with and without an answer',
    head: ['question', 'answered', 'said to have none'],
    rows: [
      ['has an answer', count(true, true), count(true, false)],
      ['has none', count(false, true), count(false, false)],
    ],
  };
  const isMixed = count(false, true) + count(false, false) + count(true, false) > 0;
  const given = questions.filter(({ predicted }) => predicted !== '').length;
  return {
    warnings: given === 0 ? [`The model gives no answer to any of ${questions.length} questions.`] : [],
    parts: [
      ...histogramPart('F1 of the answers', 'F1', scores),
      ...(isMixed ? [counts] : []),
      examplesPart(
        'Most confident errors',
        questions.flatMap(({ question, context, expected, predicted, probability }, i) =>
          scores[i] > 0
            ? []
            : [
                {
                  texts: [question, context],
                  expected: [...new Set(expected)].filter(isAnswered).join(' / ') || NO_ANSWER,
                  predicted: predicted || NO_ANSWER,
                  value: probability,
                },
              ],
        ),
        { measure: 'probability' },
      ),
    ],
  };
}

/** The best F1 over the right answers; where there is none it is 1 for no answer, as in the script of SQuAD 2.0. */
function scoreOf({ expected, predicted }: AskedQuestion): number {
  const right = expected.filter((text) => text !== '');
  if (right.length === 0) return predicted === '' ? 1 : 0;
  return Math.max(...right.map((text) => answerF1(predicted, text)));
}
