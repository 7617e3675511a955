import type { AlignedText } from '../aligned-text.ts';
import type { Normalizer } from '../stages.ts';
import { combining, isWhitespace } from '../unicode/character-classes.ts';
import { removeMatches } from './edits.ts';

/** Removes white space from the beginning or from the end of texts, or from both. */
export function strip(atStart: boolean, atEnd: boolean): Normalizer {
  return (text) => {
    // No white space is beyond U+FFFF.
    const isSpace = (at: number) => isWhitespace(text.text.charCodeAt(at));
    let [from, to] = [0, text.length];
    if (atStart) while (from < to && isSpace(from)) from++;
    if (atEnd) while (to > from && isSpace(to - 1)) to--;
    return text.slice(from, to);
  };
}

const MARKS = new RegExp(`[${combining.source}]+`, 'gu');

/** Removes the marks that stand by themselves; those of composed letters stay. */
export const stripMarks = (text: AlignedText): AlignedText => removeMatches(text, MARKS);
