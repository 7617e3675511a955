import { namedMetrics } from './named.ts';
import { rougeScoreNames } from './rouge.ts';
import { squadScoreNames } from './squad.ts';

/** The names of all scores that an evaluation can give. */
export const scoreNames: readonly string[] = [...Object.keys(namedMetrics), ...squadScoreNames, ...rougeScoreNames];
