import * as v from 'valibot';
import { text, wholeNumber } from '../../settings/index.ts';
import { componentKind } from '../component.ts';
import type { Token } from '../stages.ts';
import { modelOf, tokenIds, wholeWord } from './model.ts';
import { TokenTrie } from './token-trie.ts';
import { Vocabulary } from './vocabulary.ts';

/** Returns whether a text has more characters than that, without counting those of a much longer one. */
function hasMoreThan(characters: number, word: string): boolean {
  if (word.length <= characters) return false;
  if (word.length > 2 * characters) return true;
  let count = 0;
  for (const _ of word) count++;
  return count > characters;
}

/**
 * A model that cuts a word from left to right, each time the longest token that fits; tokens that do not begin a word
 * have a prefix. A word that cannot be cut so is unknown as a whole, as is one of too many characters.
 */
export const wordPiece = componentKind(
  {
    vocab: tokenIds,
    unk_token: text,
    continuing_subword_prefix: v.nullish(text, '##'),
    max_input_chars_per_word: v.nullish(wholeNumber, 100),
  },
  ({ vocab, unk_token, continuing_subword_prefix: prefix, max_input_chars_per_word: mostCharacters }) => {
    const vocabulary = Vocabulary.ofIds(vocab);
    const unknown = vocabulary.idOfUnknown(unk_token);
    const trie = new TokenTrie(vocabulary.entries);
    const continuing = trie.nodeAfter(prefix);

    function longestToken(word: string, start: number): Token | undefined {
      let longest: Token | undefined;
      let node = start === 0 ? TokenTrie.ROOT : continuing;
      for (let end = start; end < word.length && node >= 0; ) {
        node = trie.child(node, word.charCodeAt(end++));
        if (node >= 0 && trie.idAt(node) >= 0) longest = { id: trie.idAt(node), start, end };
      }
      return longest;
    }

    return modelOf(vocabulary, (word) => {
      if (hasMoreThan(mostCharacters, word)) return wholeWord(word, unknown);
      const tokens: Token[] = [];
      for (let start = 0; start < word.length; start = tokens[tokens.length - 1].end) {
        const token = longestToken(word, start);
        if (!token) return wholeWord(word, unknown);
        tokens.push(token);
      }
      return tokens;
    });
  },
);
