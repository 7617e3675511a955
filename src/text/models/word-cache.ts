import type { TokenList } from '../token-list.ts';

/** Adds the tokens of a word to a list. */
export type Tokenize = (word: string, tokens: TokenList) => void;

/** Longer words hardly come again. */
const LONGEST_WORD = 64;
/** Code units of words in each of two halves: about 60,000 words of English, some 10 MB. */
const MOST_UNITS = 2 ** 19;

/** A copy of a word that does not keep the text in memory that it was cut from, as engines' slices do. */
const detached = (word: string): string => ` ${word}`.slice(1);

/** The id, the start and the end of each token of a word. */
type Kept = readonly number[];

function keptFrom({ ids, starts, ends, length }: TokenList, from: number): Kept {
  const kept = new Array<number>(3 * (length - from));
  for (let i = from, at = 0; i < length; i++) {
    kept[at++] = ids[i];
    kept[at++] = starts[i];
    kept[at++] = ends[i];
  }
  return kept;
}

/** Returns a function that remembers the tokens of words which came not long ago. */
export function cached(tokenize: Tokenize): Tokenize {
  let recent = new Map<string, Kept>();
  let older = new Map<string, Kept>();
  let units = 0;

  function keep(word: string, kept: Kept): void {
    if (units > MOST_UNITS) {
      older = recent;
      recent = new Map();
      units = 0;
    }
    recent.set(detached(word), kept);
    units += word.length;
  }

  return (word, tokens) => {
    if (word.length > LONGEST_WORD) {
      tokenize(word, tokens);
      return;
    }
    let kept = recent.get(word);
    if (kept === undefined) {
      kept = older.get(word);
      if (kept === undefined) {
        const from = tokens.length;
        tokenize(word, tokens);
        keep(word, keptFrom(tokens, from));
        return;
      }
      keep(word, kept);
    }
    for (let at = 0; at < kept.length; at += 3) tokens.add(kept[at], kept[at + 1], kept[at + 2]);
  };
}
