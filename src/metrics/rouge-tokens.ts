import { porterStem } from './porter.ts';
import type { RougeTokenizer } from './rouge-letters.ts';

const ASCII_WORDS = /[a-z0-9]+/g;
const UNSPACED = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((s) => `\\p{Script=${s}}`)
  .join('');
const UNICODE_WORDS = new RegExp(`[${UNSPACED}]\\p{M}*|(?:(?![${UNSPACED}])[\\p{L}\\p{M}\\p{N}])+`, 'gu');

/** The words of a text. With `stemmer` those of a-z and 0-9 with more than three letters are stemmed, unless a function gave them. */
export function rougeTokens(text: string, tokenizer: RougeTokenizer, stemmer: boolean): readonly string[] {
  if (typeof tokenizer === 'function') return tokenizer(text);
  const lower = text.toLowerCase();
  const words = tokenizer === 'ascii' ? lower.match(ASCII_WORDS) : lower.normalize('NFC').match(UNICODE_WORDS);
  if (!words) return [];
  return stemmer ? words.map((word) => (word.length > 3 && /^[a-z0-9]+$/.test(word) ? porterStem(word) : word)) : words;
}
