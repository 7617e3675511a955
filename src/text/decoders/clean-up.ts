/** What a clean-up replaces by what, in this order. */
const replacements: readonly (readonly [string, string])[] = [
  [' .', '.'],
  [' ?', '?'],
  [' !', '!'],
  [' ,', ','],
  [" ' ", "'"],
  [" n't", "n't"],
  [" 'm", "'m"],
  [' do not', " don't"],
  [" 's", "'s"],
  [" 've", "'ve"],
  [" 're", "'re"],
];

const replaced = (text: string, pairs: typeof replacements): string =>
  text.includes(' ') ? pairs.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text) : text;

/** Removes the spaces that cutting put before marks of punctuation and English contractions. */
export const cleanedUp = (text: string): string => replaced(text, replacements);

const ofTransformers = replacements.filter(([from]) => from !== ' do not');

/** The same as `clean_up_tokenization` of Hugging Face transformers does it, which contracts no `do not`. */
export const withoutTokenizationSpaces = (text: string): string => replaced(text, ofTransformers);
