import * as v from 'valibot';
import { InputError } from '../../errors.ts';
import { boolean, shown, wholeNumber } from '../../settings/index.ts';
import { componentKind } from '../component.ts';
import type { TokenModel } from '../stages.ts';
import type { TokenList } from '../token-list.ts';
import { byteTokens, noByteTokens } from './byte-tokens.ts';
import { modelOf } from './model.ts';
import { TokenTrie } from './token-trie.ts';
import { Vocabulary } from './vocabulary.ts';

/** How much worse than the worst token an unknown character is. */
const UNKNOWN_PENALTY = 10;

const LIST = 'a list of tokens and their scores';
/** Each entry is checked as the vocabulary is made. */
export const scoredTokens = v.custom<readonly unknown[]>((value) => Array.isArray(value) && value.length > 0, LIST);

export function scoredToken(entry: unknown, place: number): readonly [token: string, score: number] {
  if (Array.isArray(entry) && entry.length === 2) {
    const [token, score] = entry as readonly unknown[];
    if (typeof token === 'string' && typeof score === 'number' && Number.isFinite(score)) return [token, score];
  }
  throw new InputError(
    `model.vocab[${place}] must be a token and its score, a finite number, not ${shown(entry)}; restore the file.`,
  );
}

/** The best path to each place of a word: its score, and the token that is the last on it. */
interface Paths {
  readonly best: Float64Array;
  readonly starts: Int32Array;
  readonly ids: Int32Array;
}

const pathsFor = (places: number): Paths => ({
  best: new Float64Array(places),
  starts: new Int32Array(places),
  ids: new Int32Array(places),
});

/** Words of fewer code units take turns in the same memory: to make it takes longer than to cut them. */
const SHORT = 128;

/**
 * A model whose tokens have scores: of all ways to cut a word, it takes the one whose scores have the largest sum.
 *
 * A character that is no token is unknown; neighbouring unknown ones are one piece, with one token or those of its bytes.
 */
export const unigram = componentKind(
  { vocab: scoredTokens, unk_id: v.nullish(wholeNumber), byte_fallback: v.nullish(boolean) },
  (fields) => unigramModel(fields),
);

interface UnigramFields {
  readonly vocab: readonly unknown[];
  readonly unk_id?: number | null;
  readonly byte_fallback?: boolean | null;
}

/** @param isSingle whether sums of scores are rounded to 32 bits, as sentencepiece does */
export function unigramModel({ vocab, unk_id, byte_fallback }: UnigramFields, isSingle = false): TokenModel {
  const entries = vocab.map(scoredToken);
  const unknown = unk_id ?? undefined;
  if (unknown !== undefined && unknown >= entries.length) {
    throw new InputError(`model.unk_id must be below ${entries.length}, the number of tokens, not ${unknown}.`);
  }
  const vocabulary = Vocabulary.ofList(entries.map(([token]) => token));
  const trie = new TokenTrie(vocabulary.entries);
  const scores = Float64Array.from(entries, ([, score]) => score);
  const rounded = (score: number): number => (isSingle ? Math.fround(score) : score);
  const unknownScore = rounded(scores.reduce((least, score) => Math.min(least, score)) - UNKNOWN_PENALTY);
  const fallback = byte_fallback ? byteTokens(vocabulary) : noByteTokens;

  function unknownAt(word: string, start: number): number {
    if (unknown !== undefined) return unknown;
    const character = shown(String.fromCodePoint(word.codePointAt(start)!));
    throw new InputError(`the tokenizer has no token for ${character}, and no model.unk_id; leave it out of texts.`);
  }

  const ofShort = pathsFor(SHORT);

  function bestPaths(word: string): Paths {
    const paths = word.length < SHORT ? ofShort : pathsFor(word.length + 1);
    const { best, starts, ids } = paths;
    best[0] = 0;
    starts.fill(-1, 0, word.length + 1);
    const isBetter = (end: number, score: number) => starts[end] < 0 || score > best[end];
    for (let start = 0; start < word.length; ) {
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      let hasNext = false;
      let node = TokenTrie.ROOT;
      for (let end = start; end < word.length; ) {
        node = trie.child(node, word.charCodeAt(end++));
        if (node < 0) break;
        const id = trie.idAt(node);
        if (id < 0) continue;
        const score = rounded(scores[id] + best[start]);
        // Of equal ones, the first: the one whose last token is longest.
        if (isBetter(end, score)) {
          best[end] = score;
          starts[end] = start;
          ids[end] = id;
        }
        hasNext ||= end === next;
      }
      const score = rounded(unknownScore + best[start]);
      if (!hasNext && isBetter(next, score)) {
        best[next] = score;
        starts[next] = start;
        ids[next] = unknownAt(word, start);
      }
      start = next;
    }
    return paths;
  }

  /** Adds the tokens of a piece of unknown characters, which may also be one of the vocabulary. */
  function addUnknown(word: string, start: number, end: number, tokens: TokenList): void {
    const piece = word.slice(start, end);
    const id = vocabulary.idOf(piece);
    if (id !== undefined) tokens.add(id, start, end);
    else if (!fallback(piece, (byte) => tokens.add(byte, start, end))) tokens.add(unknown!, start, end);
  }

  return modelOf(vocabulary, (word, tokens) => {
    const { starts, ids } = bestPaths(word);
    /** Where the token after the one that ends at a place ends, from the start of the word on. */
    const nextEnds = starts;
    let next = 0;
    for (let end = word.length; end > 0; ) {
      const start = starts[end];
      nextEnds[end] = next;
      [next, end] = [end, start];
    }
    for (let start = 0, end = next; start < word.length; end = next) {
      next = nextEnds[end];
      if (ids[end] !== unknown) {
        tokens.add(ids[end], start, end);
      } else {
        while (next > 0 && ids[next] === unknown) [end, next] = [next, nextEnds[next]];
        addUnknown(word, start, end, tokens);
      }
      start = end;
    }
  });
}
