/** Control characters, separators of lines, and signs that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Returns the text with what a terminal would not print as it stands written as `\u001b`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

const LONGEST_MESSAGE = 2000;

/** The text, or its beginning and its end where it is too long to be read. */
function shortened(text: string): string {
  if (text.length <= LONGEST_MESSAGE) return text;
  return `${text.slice(0, LONGEST_MESSAGE - 500)} … ${text.slice(-490)}`;
}

/**
 * Bad input by the user: a file, a name, a column or a value that cannot be used.
 *
 * The message is one line that names the thing and the remedy. What comes from outside can stand in it as it is: control
 * characters are escaped, and what is too long to be read is shortened. Commands print it without a stack and exit with 1.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(shortened(printable(message)), options);
  }
}
