import { mergesOfPieces } from './merges-of-pieces.ts';
import type { Piece, SentencePieceModel } from './sentence-piece-file.ts';

/** A token and its score. */
export type Scored = Pick<Piece, 'piece' | 'score'>;

/** Spaces as `▁`. */
export const metaspace = (prependScheme: 'always' | 'first' | 'never') => ({
  type: 'Metaspace',
  replacement: '▁',
  prepend_scheme: prependScheme,
  split: true,
});

/** Runs of spaces as one character. */
export const squeezedSpaces = (content: string) => ({ type: 'Replace', pattern: { Regex: ' {2,}' }, content });

/** The model's own table of characters, if it has one. */
export const charsmapOf = ({ charsmap }: SentencePieceModel): readonly unknown[] =>
  charsmap.length === 0 ? [] : [{ type: 'Precompiled', precompiled_charsmap: base64(charsmap) }];

/** What sentencepiece itself does to a text. */
export const normalizerOf = ({ charsmap, removesSpaces }: SentencePieceModel) => ({
  type: 'SentencePiece',
  precompiled_charsmap: base64(charsmap),
  remove_extra_whitespaces: removesSpaces,
});

/** The tokens with their ids. */
export const vocabularyOf = (scored: readonly Scored[]): ReadonlyMap<string, number> =>
  new Map(scored.map(({ piece }, id) => [piece, id]));

interface ModelDifferences {
  readonly byteFallback?: boolean;
  partIds?(ids: ReadonlyMap<string, number>): ReadonlyMap<string, number>;
}

/** The model in the form of a tokenizer.json. */
export function modelOf(
  { kind, pieces, unkPiece }: SentencePieceModel,
  scored: readonly Scored[],
  unkId: number,
  { byteFallback = false, partIds = (ids) => ids }: ModelDifferences,
): Readonly<Record<string, unknown>> {
  if (kind === 'unigram') {
    const vocab = scored.map(({ piece, score }) => [piece, score]);
    return { type: 'Unigram', unk_id: unkId, vocab, byte_fallback: byteFallback };
  }
  return {
    type: 'BPE',
    dropout: null,
    unk_token: unkPiece,
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: byteFallback,
    ignore_merges: false,
    vocab: Object.fromEntries(vocabularyOf(scored)),
    merges: mergesOfPieces(scored, partIds(vocabularyOf(pieces))),
  };
}

function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 8192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8192)));
  return btoa(parts.join(''));
}
