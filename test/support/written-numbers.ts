const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Writes whole numbers as `readNumbers` of src/text/unicode reads them. */
export function writtenNumbers(numbers: Iterable<number>): string {
  let text = '';
  for (let number of numbers) {
    for (; number >= 32; number >>= 5) text += DIGITS[(number & 31) + 32];
    text += DIGITS[number];
  }
  return text;
}
