import { AlignedText } from '../aligned-text.ts';
import { columnOf } from '../columns.ts';
import type { Normalizer } from '../stages.ts';

/** The length of the language code that a text begins with, such as `>>fra<<`; 0 if it begins with none. */
export function codeLength(text: string): number {
  const end = text.startsWith('>>') ? text.indexOf('<<') : -1;
  return end < 0 ? 0 : end + 2;
}

/** Leaves the language code at the start of a text as it is, and normalizes what follows it (Marian). */
export const afterLanguageCode =
  (normalize: Normalizer): Normalizer =>
  (source) => {
    const code = codeLength(source.text);
    if (code === 0) return normalize(source);
    const rest = normalize(source.slice(code, source.length));
    const length = code + rest.length;
    const [starts, ends] = [columnOf(length), columnOf(length)];
    for (let unit = 0; unit < length; unit++) {
      const [from, at] = unit < code ? [source, unit] : [rest, unit - code];
      starts[unit] = from.startOf(at);
      ends[unit] = from.endOf(at);
    }
    return AlignedText.placed(source.text.slice(0, code) + rest.text, starts, ends);
  };
