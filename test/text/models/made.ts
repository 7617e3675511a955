import assert from 'node:assert/strict';
import { parseWith } from '../../../src/settings/index.ts';
import '../../../src/text/index.ts';
import { makeModel, modelSchema } from '../../../src/text/models/index.ts';
import type { TokenModel } from '../../../src/text/stages.ts';
import { TokenList } from '../../../src/text/token-list.ts';

/** The model of its fields in a tokenizer.json. */
export const made = (fields: object): TokenModel =>
  makeModel(parseWith(modelSchema, fields, 'model') as Readonly<Record<string, unknown>>);

/** Tokens by a text with spaces between, whose ids are their places. */
export const numbered = (tokens: string): Record<string, number> =>
  Object.fromEntries(tokens.split(' ').map((token, id) => [token, id]));

/** A token of a word: `word.slice(start, end)`, in UTF-16 code units. */
export interface Token {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

/** The tokens of a word. */
export function tokenized({ tokenize }: Pick<TokenModel, 'tokenize'>, word: string): Token[] {
  const tokens = new TokenList();
  // Those of another word, which must stay as they are.
  tokens.add(99, 1, 2);
  tokenize(word, tokens);
  const { ids, starts, ends, length } = tokens;
  assert.deepEqual([ids[0], starts[0], ends[0]], [99, 1, 2]);
  return Array.from({ length: length - 1 }, (_, i) => ({ id: ids[i + 1], start: starts[i + 1], end: ends[i + 1] }));
}

/** The tokens of a word: `3:0-2` is id 3 from code unit 0 up to 2. */
export const tokensOf = (model: TokenModel, word: string): string =>
  tokenized(model, word)
    .map(({ id, start, end }) => `${id}:${start}-${end}`)
    .join(' ');
