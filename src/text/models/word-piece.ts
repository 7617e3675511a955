import * as v from 'valibot';
import { text, wholeNumber } from '../../settings/index.ts';
import { componentKind } from '../component.ts';
import type { TokenList } from '../token-list.ts';
import { modelOf, tokenIds } from './model.ts';
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

    /** Adds the longest token that begins at a place. Returns where it ends; -1 if there is none. */
    function addLongest(word: string, start: number, tokens: TokenList): number {
      let [id, longest] = [-1, -1];
      let node = start === 0 ? TokenTrie.ROOT : continuing;
      for (let end = start; end < word.length && node >= 0; ) {
        node = trie.child(node, word.charCodeAt(end++));
        if (node >= 0 && trie.idAt(node) >= 0) [id, longest] = [trie.idAt(node), end];
      }
      if (longest >= 0) tokens.add(id, start, longest);
      return longest;
    }

    function addPieces(word: string, tokens: TokenList): boolean {
      if (hasMoreThan(mostCharacters, word)) return false;
      for (let at = 0; at < word.length; ) {
        at = addLongest(word, at, tokens);
        if (at < 0) return false;
      }
      return true;
    }

    return modelOf(vocabulary, (word, tokens) => {
      const before = tokens.length;
      if (addPieces(word, tokens)) return;
      tokens.length = before;
      tokens.add(unknown, 0, word.length);
    });
  },
);
