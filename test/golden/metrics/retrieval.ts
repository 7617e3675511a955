import { type ByQuery, retrievalReport } from '../../../src/metrics/index.ts';
import { type Case, casesOfRows } from '../framework.ts';
import { refuseOthers, same } from './tables.ts';

type Scores = Readonly<Record<string, number>>;
interface RetrievalCase {
  readonly id: string;
  readonly run: ByQuery;
  readonly qrels: ByQuery;
  readonly mean: Scores;
  readonly per_query: Readonly<Record<string, Scores>>;
}
export interface RetrievalFile {
  readonly tol: number;
  readonly cases: readonly RetrievalCase[];
}

/** The k of `ndcg@10`, ... */
const placesIn = (all: readonly Scores[]): number[] => [
  ...new Set(all.flatMap((scores) => Object.keys(scores).map((name) => Number(name.split('@')[1])))),
];

export const retrievalCases = ({ tol, cases }: RetrievalFile): Case[] =>
  casesOfRows('retrieval.json', cases, (golden) => ({
    name: `retrieval ${golden.id}`,
    isOfNoBackend: true,
    run: (compare) => {
      refuseOthers(golden, ['id', 'run', 'qrels', 'mean', 'per_query']);
      const { run, qrels, mean, per_query } = golden;
      const report = retrievalReport(run, qrels, placesIn([mean, ...Object.values(per_query)]));
      const queries = [report.perQuery, per_query].map((scores) => Object.keys(scores).sort().join(' '));
      compare('queries', same(queries[0], queries[1]), [1], 0);
      const tables: [string, Scores, Scores][] = [
        ['mean', report.mean, mean],
        ...Object.entries(per_query).map(([query, scores]): [string, Scores, Scores] => [
          query,
          report.perQuery[query],
          scores,
        ]),
      ];
      for (const [what, got, expected] of tables) {
        for (const [name, value] of Object.entries(expected)) compare(`${what} ${name}`, [got[name]], [value], tol);
      }
    },
  }));
