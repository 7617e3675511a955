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

/** Removes the spaces that cutting put before marks of punctuation and English contractions. */
export const cleanedUp = (text: string): string =>
  text.includes(' ') ? replacements.reduce((cleaned, [from, to]) => cleaned.replaceAll(from, to), text) : text;
