import * as v from 'valibot';
import { boolean } from '../../settings/index.ts';
import type { AlignedText } from '../aligned-text.ts';
import { isAscii } from '../ascii.ts';
import { spelledInBytes } from '../byte-alphabet.ts';
import { componentKind } from '../component.ts';
import type { PreTokenizer } from '../stages.ts';
import { unitsAt } from '../unicode/character-table.ts';
import { wordEnd } from './gpt2-words.ts';

/** The fields that ByteLevel has in each of the stages in which it occurs. */
export const byteLevelFields = {
  add_prefix_space: boolean,
  trim_offsets: boolean,
  use_regex: v.optional(boolean, true),
};

/** Cuts a text into GPT-2's words and spells these in bytes. */
export const byteLevel = componentKind(
  byteLevelFields,
  ({ add_prefix_space: addsSpace, use_regex: cutsWords }): PreTokenizer =>
    (text: AlignedText) => {
      const isPrefixed = addsSpace && !text.text.startsWith(' ');
      if (!cutsWords) return [spelledInBytes(isPrefixed ? text.prepended(' ') : text)];
      const pieces: AlignedText[] = [];
      const end = isPrefixed ? addPrefixedWord(text, pieces) : 0;
      addWords(text, end, pieces);
      return pieces;
    },
);

/** Adds the first word of a text with a space before it. Returns where it ends in the text. */
function addPrefixedWord(text: AlignedText, pieces: AlignedText[]): number {
  if (text.text === '') return 0;
  const end = wordEnd(` ${text.text}`, 0) - 1;
  const part = text.slice(0, Math.max(end, unitsAt(text.text, 0)));
  pieces.push(spelledInBytes(part.prepended(' ').slice(0, end + 1)));
  return end;
}

/** Adds the words of a text from a place on. */
function addWords(text: AlignedText, from: number, pieces: AlignedText[]): void {
  const isOneToOne = isAscii(text.text);
  const source = isOneToOne ? spelledInBytes(text) : text;
  for (let at = from; at < text.length; ) {
    const end = wordEnd(text.text, at);
    const piece = source.slice(at, end);
    pieces.push(isOneToOne ? piece : spelledInBytes(piece));
    at = end;
  }
}
