const LONGEST_TEXT = 60;
const MOST_ITEMS = 4;

/** Control characters, separators of lines, and signs that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Returns the text with what a terminal would not print as it stands written as `\u001b`. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped);

const shortened = (text: string): string => (text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text);

function listed(items: readonly string[], count: number): string {
  return [...items, ...(count > items.length ? [`… (${count} in all)`] : [])].join(', ');
}

/** Returns a value from outside as a message shows it: on one line, short, and without control characters. */
export function shown(value: unknown, depth = 0): string {
  if (value === undefined) return 'missing';
  if (typeof value === 'string') return printable(JSON.stringify(shortened(value)));
  if (typeof value !== 'object' || value === null) return printable(shortened(String(value)));
  if (Array.isArray(value)) {
    if (depth > 1) return '[…]';
    return `[${listed(
      value.slice(0, MOST_ITEMS).map((item) => shown(item, depth + 1)),
      value.length,
    )}]`;
  }
  if (depth > 0) return '{…}';
  const keys = Object.keys(value);
  const entries = keys.slice(0, MOST_ITEMS).map((key) => `${shown(key)}: ${shown((value as never)[key], depth + 1)}`);
  return `{${listed(entries, keys.length)}}`;
}
