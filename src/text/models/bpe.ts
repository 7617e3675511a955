import * as v from 'valibot';
import { boolean, text } from '../../settings/index.ts';
import { componentKind } from '../component.ts';
import { byteTokens, noByteTokens } from './byte-tokens.ts';
import { CharacterTokens } from './character-tokens.ts';
import { Merges } from './merges.ts';
import { modelOf, tokenIds } from './model.ts';
import { utf8Length } from './utf8.ts';
import { Vocabulary } from './vocabulary.ts';
import { WordSymbols } from './word-symbols.ts';

const flag = v.nullish(boolean, false);

/**
 * A model that begins with the characters of a word and merges neighbours, the best pair first (byte pair encoding).
 *
 * As in the Rust library, a character that is no token is skipped where there is no unknown token, spans are counted in
 * bytes of what is not skipped, and an unknown token that is waiting to be joined comes after tokens of bytes.
 */
export const bpe = componentKind(
  {
    vocab: tokenIds,
    merges: v.custom<readonly unknown[]>(Array.isArray, 'a list of pairs of tokens'),
    dropout: v.nullish(v.literal(0, 'null or 0: dropout would draw tokens at random')),
    unk_token: v.nullish(text),
    continuing_subword_prefix: v.nullish(text, ''),
    end_of_word_suffix: v.nullish(text, ''),
    fuse_unk: flag,
    byte_fallback: flag,
    ignore_merges: flag,
  },
  ({ vocab, merges: pairs, unk_token, continuing_subword_prefix: prefix, end_of_word_suffix: suffix, ...flags }) => {
    const vocabulary = Vocabulary.ofIds(vocab);
    const merges = new Merges(pairs, vocabulary, prefix);
    const unknown = unk_token == null ? undefined : vocabulary.idOfUnknown(unk_token);
    const fallback = flags.byte_fallback ? byteTokens(vocabulary) : noByteTokens;
    const characters = new CharacterTokens(vocabulary);

    /** A symbol for each character, or for each byte of it and of what is put around it: a unit has three at most. */
    const mostSymbols = ({ length }: string): number =>
      flags.byte_fallback ? 3 * (length * (1 + prefix.length) + suffix.length) : length;

    /** A character of a word with what is put around it. */
    const symbolAt = (word: string, start: number, end: number): string =>
      (start > 0 ? prefix : '') + word.slice(start, end) + (end === word.length ? suffix : '');

    function symbolsOf(word: string): WordSymbols {
      const symbols = new WordSymbols(mostSymbols(word));
      const addByte = (byte: number) => symbols.add(byte, 1);
      /** Bytes of unknown characters that have no symbol yet. */
      let waiting = 0;
      const addUnknown = (): void => {
        if (waiting > 0) symbols.add(unknown!, waiting);
        waiting = 0;
      };
      for (let start = 0, end = 0; start < word.length; start = end) {
        const code = word.codePointAt(start)!;
        end += code > 0xffff ? 2 : 1;
        const isBare = (start === 0 || prefix === '') && (end < word.length || suffix === '');
        const id = isBare ? characters.idOf(code) : vocabulary.idOf(symbolAt(word, start, end));
        if (id !== undefined) {
          addUnknown();
          symbols.add(id, utf8Length(code));
        } else if (!fallback(symbolAt(word, start, end), addByte) && unknown !== undefined) {
          if (!flags.fuse_unk) addUnknown();
          waiting += utf8Length(code);
        }
      }
      addUnknown();
      return symbols;
    }

    return modelOf(vocabulary, (word, tokens) => {
      const whole = flags.ignore_merges ? vocabulary.idOf(word) : undefined;
      if (whole === undefined) symbolsOf(word).addTokens(word, merges, tokens);
      else tokens.add(whole, 0, word.length);
    });
  },
);
