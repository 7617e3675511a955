import * as v from 'valibot';
import { positiveInteger } from '../../settings/index.ts';
import type { AlignedText } from '../aligned-text.ts';
import { componentKind } from '../component.ts';
import { unitsAt } from '../unicode/character-table.ts';

/** Cuts a text after every so many characters. */
export const fixedLength = componentKind({ length: v.optional(positiveInteger, 5) }, ({ length }) => {
  return (aligned: AlignedText) => {
    const { text } = aligned;
    const pieces: AlignedText[] = [];
    for (let start = 0; start < text.length; ) {
      let end = start;
      for (let i = 0; i < length && end < text.length; i++) end += unitsAt(text, end);
      pieces.push(aligned.slice(start, end));
      start = end;
    }
    return pieces;
  };
});
