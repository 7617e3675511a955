import { porterStem } from './porter.ts';

/** The rule by which ROUGE cuts texts into words: one of {@link rougeTokenizers}, or a function, as in Hugging Face's `evaluate`. */
export type RougeTokenizer = (typeof rougeTokenizers)[number] | ((text: string) => readonly string[]);

/**
 * `ascii`, as in Google's `rouge_score`: runs of a-z and 0-9 in lower case; all other letters are dropped. `unicode`: runs of letters, marks
 * and digits of any script in lower case; where a script puts no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), each
 * character with its marks.
 */
export const rougeTokenizers = ['ascii', 'unicode'] as const;

const ASCII_WORDS = /[a-z0-9]+/g;
const UNSPACED = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((s) => `\\p{Script=${s}}`)
  .join('');
const UNICODE_WORDS = new RegExp(`[${UNSPACED}]\\p{M}*|(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+`, 'gu');

/** A fraction of letters that are dropped which is more than single foreign names have. */
const MANY = 0.01;

/** The words of a text. With `stemmer` those of a-z and 0-9 with more than three letters are stemmed, unless a function gave them. */
export function rougeTokens(text: string, tokenizer: RougeTokenizer, stemmer: boolean): readonly string[] {
  if (typeof tokenizer === 'function') return tokenizer(text);
  const lower = text.toLowerCase();
  const words = tokenizer === 'ascii' ? lower.match(ASCII_WORDS) : lower.normalize('NFC').match(UNICODE_WORDS);
  if (!words) return [];
  return stemmer ? words.map((word) => (word.length > 3 && /^[a-z0-9]+$/.test(word) ? porterStem(word) : word)) : words;
}

/**
 * A line for texts of which the tokenizer drops many letters, so that their scores mean little; null for others.
 *
 * @param tokenizer default `ascii`
 */
export function droppedLetters(references: readonly string[], tokenizer: RougeTokenizer = 'ascii'): string | null {
  if (tokenizer !== 'ascii') return null;
  let [letters, dropped] = [0, 0];
  for (const reference of references) {
    letters += reference.match(/\p{L}/gu)?.length ?? 0;
    dropped += reference.toLowerCase().match(/(?![a-z])\p{L}/gu)?.length ?? 0;
  }
  if (!(dropped > MANY * letters)) return null;
  const part = Math.min(100, Math.ceil((100 * dropped) / letters));
  return `ROUGE's own tokenizer keeps the letters a-z only and drops ${part} % of the letters of the references, so the scores mean little; use the tokenizer of all scripts: --rouge-tokenizer unicode (tokenizer: 'unicode')`;
}
