import { type SquadV2Scores, squadV2Scores } from '../../../src/metrics/index.ts';
import { type Case, casesOfRows } from '../framework.ts';

interface SquadV2Case {
  readonly threshold: number;
  readonly questions: readonly {
    readonly answers: readonly string[];
    readonly prediction: string;
    readonly no_answer_probability: number;
  }[];
  /** In percent. */
  readonly expected: SquadV2Scores;
}
export interface SquadV2File {
  readonly tol: number;
  readonly cases: readonly SquadV2Case[];
}

/** What is no percentage. */
const isPlain = (name: string): boolean => /total$|thresh$/.test(name);

export const squadV2Cases = ({ tol, cases }: SquadV2File): Case[] =>
  casesOfRows('squad_v2.json', cases, ({ threshold, questions, expected }, i) => ({
    name: `squad v2 ${i}`,
    isOfNoBackend: true,
    run: (compare) => {
      const got = squadV2Scores(
        questions.map(({ no_answer_probability, ...rest }) => ({
          ...rest,
          noAnswerProbability: no_answer_probability,
        })),
        { threshold },
      );
      for (const name of new Set([...Object.keys(expected), ...Object.keys(got)]) as Set<keyof SquadV2Scores>) {
        const value = got[name] ?? Number.POSITIVE_INFINITY;
        compare(name, [isPlain(name) ? value : 100 * value], [expected[name] ?? Number.NaN], 100 * tol);
      }
    },
  }));
