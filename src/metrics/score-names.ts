import { taggingScoreNames } from './entity-tags.ts';
import { multilabelScoreNames } from './multilabel.ts';
import { namedMetrics } from './named.ts';
import type { RetrievalScoreName } from './retrieval.ts';
import { rougeScoreNames } from './rouge.ts';
import { squadScoreNames } from './squad.ts';
import { squadV2ScoreNames } from './squad-v2.ts';

const named = Object.keys(namedMetrics);

/** The parts of MNLI that are scored by themselves. */
const groups = ['matched', 'mismatched'];

/** The scores of retrieval that an evaluation gives, the primary one first. */
export const retrievalScoreNames = [
  'ndcg@10',
  'mrr@10',
  'recall@1',
  'recall@10',
  'recall@100',
] as const satisfies readonly RetrievalScoreName[];

/** The names of all scores that an evaluation can give, each once. */
export const scoreNames: readonly string[] = [
  ...new Set([
    ...named,
    ...groups.flatMap((group) => named.map((name) => `${name}_${group}`)),
    ...multilabelScoreNames,
    ...taggingScoreNames,
    ...squadScoreNames,
    ...squadV2ScoreNames,
    ...rougeScoreNames,
    ...['bleu', 'chrf'],
    ...retrievalScoreNames,
  ]),
];

/** Scores that are errors or distances. */
const errors: ReadonlySet<string> = new Set(['brier', 'ece', 'hamming_loss', 'loss', 'mae', 'mse', 'rmse', 'ter']);

/** Whether the lowest value of a score is the best one; of most it is the highest. */
export const isLowerBetter = (name: string): boolean => errors.has(name);
