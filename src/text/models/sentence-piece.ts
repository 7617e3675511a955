import { oneOf, text } from '../../settings/index.ts';
import { componentKind } from '../component.ts';
import { codeLength } from '../normalizers/language-code.ts';
import type { TokenList } from '../token-list.ts';
import { modelOf, tokenIds } from './model.ts';
import { PieceMerges } from './piece-merges.ts';
import { scoredToken, scoredTokens, unigramModel } from './unigram.ts';
import { utf8Length } from './utf8.ts';
import { Vocabulary } from './vocabulary.ts';
import { WordSymbols } from './word-symbols.ts';

type Scored = readonly (readonly [piece: string, score: number])[];

/** Adds the pieces of a word to a list, with their places alone; neighbouring characters of no piece are one. */
type AddPieces = (word: string, tokens: TokenList) => void;

/**
 * A model as sentencepiece itself has it, whose pieces have their ids in a vocabulary beside it: one that is not there is
 * unknown. No kind of the library: slow tokenizers of transformers have such.
 */
export const sentencePiece = componentKind(
  { kind: oneOf(['unigram', 'bpe']), pieces: scoredTokens, vocab: tokenIds, unk_token: text },
  ({ kind, pieces, vocab, unk_token }) => {
    const vocabulary = Vocabulary.ofIds(vocab);
    const unknown = vocabulary.idOfUnknown(unk_token);
    const addPieces = (kind === 'unigram' ? ofUnigram : ofBpe)(pieces.map(scoredToken));
    return modelOf(vocabulary, (word, tokens) => {
      const code = codeLength(word);
      if (code > 0) tokens.add(vocabulary.idOf(word.slice(0, code)) ?? unknown, 0, code);
      const first = tokens.length;
      const rest = word.slice(code);
      addPieces(rest, tokens);
      const { ids, starts, ends, length } = tokens;
      for (let i = first; i < length; i++) {
        ids[i] = vocabulary.idOf(rest.slice(starts[i], ends[i])) ?? unknown;
        starts[i] += code;
        ends[i] += code;
      }
    });
  },
);

/** Spaces are marked, so that no text has one. */
const NO_PIECE = ' ';

const ofUnigram = (scored: Scored): AddPieces =>
  unigramModel({ vocab: [[NO_PIECE, 0], ...scored], unk_id: 0 }, true).tokenize;

function ofBpe(scored: Scored): AddPieces {
  const merges = new PieceMerges(scored);
  const none = 2 ** 31 - 1;
  return (word, tokens) => {
    const symbols = new WordSymbols(word.length);
    for (const character of word) {
      symbols.add(merges.numberOf(character) ?? none, utf8Length(character.codePointAt(0)!));
    }
    let end = tokens.length;
    symbols.addTokens(word, merges, tokens);
    const { ids, starts, ends, length } = tokens;
    let wasPiece = true;
    for (let i = end; i < length; i++) {
      const isPiece = ids[i] < scored.length;
      if (isPiece || wasPiece) starts[end++] = starts[i];
      ends[end - 1] = ends[i];
      wasPiece = isPiece;
    }
    tokens.length = end;
  };
}
