import { oneOf, text } from '../../settings/index.ts';
import { componentKind } from '../component.ts';
import type { Token } from '../stages.ts';
import { modelOf, tokenIds } from './model.ts';
import { PieceMerges } from './piece-merges.ts';
import { scoredToken, scoredTokens, unigramModel } from './unigram.ts';
import { utf8Length } from './utf8.ts';
import { Vocabulary } from './vocabulary.ts';
import { WordSymbols } from './word-symbols.ts';

type Scored = readonly (readonly [piece: string, score: number])[];

/** A part of a text that sentencepiece makes one piece of; neighbouring characters of no piece are one. */
type Span = readonly [start: number, end: number];

/**
 * A model as sentencepiece itself has it, whose pieces have their ids in a vocabulary beside it: one that is not there is
 * unknown. No kind of the library: slow tokenizers of transformers have such.
 */
export const sentencePiece = componentKind(
  { kind: oneOf(['unigram', 'bpe']), pieces: scoredTokens, vocab: tokenIds, unk_token: text },
  ({ kind, pieces, vocab, unk_token }) => {
    const vocabulary = Vocabulary.ofIds(vocab);
    const unknown = vocabulary.idOfUnknown(unk_token);
    const spansOf = (kind === 'unigram' ? ofUnigram : ofBpe)(pieces.map(scoredToken));
    return modelOf(vocabulary, (word): readonly Token[] =>
      spansOf(word).map(([start, end]) => ({ id: vocabulary.idOf(word.slice(start, end)) ?? unknown, start, end })),
    );
  },
);

/** Spaces are marked, so that no text has one. */
const NO_PIECE = ' ';

function ofUnigram(scored: Scored): (word: string) => readonly Span[] {
  const model = unigramModel({ vocab: [[NO_PIECE, 0], ...scored], unk_id: 0 }, true);
  return (word) => model.tokenize(word).map(({ start, end }) => [start, end]);
}

function ofBpe(scored: Scored): (word: string) => readonly Span[] {
  const merges = new PieceMerges(scored);
  const none = 2 ** 31 - 1;
  return (word) => {
    const symbols = new WordSymbols(word.length);
    for (const character of word) {
      symbols.add(merges.numberOf(character) ?? none, utf8Length(character.codePointAt(0)!));
    }
    const spans: Span[] = [];
    let wasPiece = true;
    for (const { id, start, end } of symbols.tokens(word, merges)) {
      const isPiece = id < scored.length;
      if (isPiece || wasPiece) spans.push([start, end]);
      else spans[spans.length - 1] = [spans[spans.length - 1][0], end];
      wasPiece = isPiece;
    }
    return spans;
  };
}
