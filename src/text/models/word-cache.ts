import type { Token } from '../stages.ts';

type Tokenize = (word: string) => readonly Token[];

/** Longer words hardly come again. */
const LONGEST_WORD = 64;
/** Code units of words in each of two halves: about 60,000 words of English, some 10 MB. */
const MOST_UNITS = 2 ** 19;

/** A copy of a word that does not keep the text in memory that it was cut from, as engines' slices do. */
const detached = (word: string): string => ` ${word}`.slice(1);

/** Returns a function that remembers the tokens of words which came not long ago. */
export function cached(tokenize: Tokenize): Tokenize {
  let recent = new Map<string, readonly Token[]>();
  let older = new Map<string, readonly Token[]>();
  let units = 0;
  return (word) => {
    if (word.length > LONGEST_WORD) return tokenize(word);
    const known = recent.get(word);
    if (known) return known;
    const tokens = older.get(word) ?? Object.freeze(tokenize(word));
    if (units > MOST_UNITS) {
      older = recent;
      recent = new Map();
      units = 0;
    }
    recent.set(detached(word), tokens);
    units += word.length;
    return tokens;
  };
}
