import { parseWith } from '../../../src/settings/index.ts';
import '../../../src/text/index.ts';
import { makeModel, modelSchema } from '../../../src/text/models/index.ts';
import type { TokenModel } from '../../../src/text/stages.ts';

/** The model of its fields in a tokenizer.json. */
export const made = (fields: object): TokenModel =>
  makeModel(parseWith(modelSchema, fields, 'model') as Readonly<Record<string, unknown>>);

/** Tokens by a text with spaces between, whose ids are their places. */
export const numbered = (tokens: string): Record<string, number> =>
  Object.fromEntries(tokens.split(' ').map((token, id) => [token, id]));

/** The tokens of a word: `3:0-2` is id 3 from code unit 0 up to 2. */
export const tokensOf = (model: TokenModel, word: string): string =>
  model
    .tokenize(word)
    .map(({ id, start, end }) => `${id}:${start}-${end}`)
    .join(' ');
