import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';

/** Returns the text without the matches. @param pattern global, never empty */
export function removeMatches(text: AlignedText, pattern: RegExp): AlignedText {
  if (text.text.search(pattern) < 0) return text;
  const builder = new AlignedTextBuilder(text);
  let last = 0;
  for (const { index, 0: match } of text.text.matchAll(pattern)) {
    builder.keep(last, index);
    last = index + match.length;
  }
  return builder.keep(last, text.length).build();
}

/** Returns the text with a space for each match. @param pattern global, of one code unit */
export function spaceMatches(text: AlignedText, pattern: RegExp): AlignedText {
  const spaced = text.text.replace(pattern, ' ');
  return spaced === text.text ? text : text.respelled(spaced);
}
