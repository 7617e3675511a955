/** Returns a token without a character, as often as it stands at the start and the end, up to some times. */
export function stripped(token: string, character: string, atStart: number, atEnd: number): string {
  let start = 0;
  for (let i = 0; i < atStart && token.startsWith(character, start); i++) start += character.length;
  let end = token.length;
  for (let i = 0; i < atEnd && end > start && token.endsWith(character, end); i++) end -= character.length;
  return token.slice(start, end);
}
