import type { Tokenizer } from '../text/index.ts';
import { checkList, checkText } from './encode.ts';

/** Words of a sentence as token ids, as many as fit. A sentence that is too long has several. */
export interface WordWindow {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  /** The number of its sentence in the list that was encoded. */
  readonly sentence: number;
  /** Of each word in it that has tokens: its number in the sentence, and the place of its first token. */
  readonly words: readonly number[];
  readonly firsts: readonly number[];
}

/**
 * Encodes the words of sentences, each by itself and as inside of a text, with a space before it (as tokenizers of bytes are used for tagging).
 * A sentence of more tokens than fit is cut between words into parts that are read on their own; of one word alone that does not fit the end is cut off.
 *
 * @param maxLength the largest number of ids, special tokens included
 * @throws InputError naming a sentence that is no list, or a word that is no text
 */
export function wordWindows(
  sentences: readonly (readonly string[])[],
  tokenizer: Tokenizer,
  maxLength: number,
): WordWindow[] {
  checkList('sentences', sentences);
  const room = maxLength - tokenizer.assemble(nothing).ids.length;
  return sentences.flatMap((words, sentence) => {
    checkList(`sentences[${sentence}]`, words);
    words.forEach((word, i) => {
      checkText(`sentences[${sentence}][${i}]`, word);
    });
    const { ids, offsets, wordIds } = tokenizer.tokenize(words.map((word) => (/^\s/.test(word) ? word : ` ${word}`)));
    return cuts(wordIds, room).map(([from, to]): WordWindow => {
      const part = { ids: ids.slice(from, to), offsets: offsets.slice(from, to), wordIds: wordIds.slice(from, to) };
      const encoding = tokenizer.assemble(part, null, { maxLength, truncationSide: 'right' });
      const firsts = encoding.wordIds.flatMap((word, i) =>
        word === null || word === encoding.wordIds[i - 1] ? [] : [i],
      );
      const numbers = firsts.map((i) => encoding.wordIds[i] as number);
      return { ids: encoding.ids, typeIds: encoding.typeIds, sentence, words: numbers, firsts };
    });
  });
}

const nothing = { ids: [], offsets: [], wordIds: [] };

/** Where a list of tokens is cut so that at most `room` are in each part, none of which begins inside of a word. */
function cuts(wordIds: readonly number[], room: number): [from: number, to: number][] {
  const parts: [number, number][] = [];
  let from = 0;
  for (let at = 0; at < wordIds.length; ) {
    let next = at + 1;
    while (next < wordIds.length && wordIds[next] === wordIds[at]) next++;
    if (next - from > room && at > from) {
      parts.push([from, at]);
      from = at;
    }
    at = next;
  }
  if (from < wordIds.length) parts.push([from, wordIds.length]);
  return parts;
}
