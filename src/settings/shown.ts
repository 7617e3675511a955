import { printable } from '../errors.ts';

const LONGEST_TEXT = 60;
const MOST_ITEMS = 4;

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
