import { text } from '../../settings/index.ts';
import { componentKind } from '../component.ts';
import { modelOf, tokenIds } from './model.ts';
import { Vocabulary } from './vocabulary.ts';

/** A model that has words as tokens; all others are unknown. */
export const wordLevel = componentKind({ vocab: tokenIds, unk_token: text }, ({ vocab, unk_token }) => {
  const vocabulary = Vocabulary.ofIds(vocab);
  const unknown = vocabulary.idOfUnknown(unk_token);
  return modelOf(vocabulary, (word, tokens) => tokens.add(vocabulary.idOf(word) ?? unknown, 0, word.length));
});
