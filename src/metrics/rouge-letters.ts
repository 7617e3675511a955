/** The rule by which ROUGE cuts texts into words: one of {@link rougeTokenizers}, or a function, as in Hugging Face's `evaluate`. */
export type RougeTokenizer = (typeof rougeTokenizers)[number] | ((text: string) => readonly string[]);

/**
 * `ascii`, as in Google's `rouge_score`: runs of a-z and 0-9 in lower case; all other letters are dropped. `unicode`: runs of letters, marks
 * and digits of any script in lower case; where a script puts no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), each
 * character with its marks.
 */
export const rougeTokenizers = ['ascii', 'unicode'] as const;

/** A fraction of letters that are dropped which is more than single foreign names have. */
const MANY = 0.01;

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
