import * as v from 'valibot';
import { isRecord } from '../../settings/index.ts';
import type { TokenModel } from '../stages.ts';
import type { Vocabulary } from './vocabulary.ts';
import { cached, type Tokenize } from './word-cache.ts';

/** Tokens and their ids, each of which is checked as the vocabulary is made: there are hundreds of thousands. */
export const tokenIds = v.custom<Readonly<Record<string, unknown>>>(isRecord, 'an object that maps tokens to ids');

/** Returns the model that has a vocabulary and cuts a word as `tokenize` does. */
export const modelOf = (vocabulary: Vocabulary, tokenize: Tokenize): TokenModel => ({
  tokenize: cached(tokenize),
  idOf: (token) => vocabulary.idOf(token),
  tokenOf: (id) => vocabulary.tokenOf(id),
  vocabulary: vocabulary.entries,
  size: vocabulary.size,
});
