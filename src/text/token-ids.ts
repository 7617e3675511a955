import { shown, wholeNumberIn } from '../settings/index.ts';

/** More than any tokenizer has; tables of tokens have a place for each id below the largest. */
const MAX_IDS = 2 ** 23;

export const isId = (id: unknown): id is number =>
  typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_IDS;

/** What a message says of a token with an id that is none. */
export const idProblem = (token: string, id: unknown): string =>
  `the id of the token ${shown(token)} is ${shown(id)}; it must be a whole number from 0 to ${MAX_IDS - 1}.`;

/** The schema of an id. */
export const tokenId = wholeNumberIn(0, MAX_IDS - 1);
