import * as v from 'valibot';
import { InputError } from '../../errors.ts';
import { boolean, oneOf, text } from '../../settings/index.ts';
import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import { componentKind } from '../component.ts';
import type { PreTokenizer } from '../stages.ts';
import { characterSchema } from './character.ts';

/** The fields that Metaspace has in a pre-tokenizer and in a decoder; old files also have `add_prefix_space`. */
export const metaspaceFields = {
  replacement: characterSchema,
  prepend_scheme: v.optional(oneOf(['always', 'first', 'never']), 'always'),
  split: v.nullish(boolean, true),
  add_prefix_space: v.nullish(boolean),
  str_rep: v.nullish(text),
};

/** What the fields of Metaspace hold. */
export interface MetaspaceFields {
  readonly replacement: string;
  readonly prepend_scheme: 'always' | 'first' | 'never';
  readonly split: boolean;
  readonly add_prefix_space?: boolean | null;
}

/** Refuses fields that contradict each other. */
export function checkMetaspace({ add_prefix_space: addsSpace, prepend_scheme: scheme }: MetaspaceFields): void {
  if (addsSpace !== false || scheme === 'never') return;
  throw new InputError('Metaspace has add_prefix_space false, but its prepend_scheme is not never; set that.');
}

/** Writes spaces as another character, puts one before a text, and cuts the text before each. */
export const metaspace = componentKind(metaspaceFields, (fields): PreTokenizer => {
  checkMetaspace(fields);
  const { replacement, prepend_scheme: scheme, split: isCut } = fields;
  return (original: AlignedText) => {
    const marked = withMarks(original, replacement);
    const isFirst = original.length > 0 && original.startOf(0) === 0;
    const isPrepended =
      !marked.text.startsWith(replacement) && (scheme === 'always' || (scheme === 'first' && isFirst));
    if (!isCut) return [isPrepended ? marked.prepended(replacement) : marked];
    return cutBefore(marked, replacement, isPrepended);
  };
});

/** Returns a text with a mark in place of each space. */
function withMarks(original: AlignedText, mark: string): AlignedText {
  const { text } = original;
  if (!text.includes(' ')) return original;
  if (mark.length === 1) return original.respelled(text.replaceAll(' ', mark));
  const builder = new AlignedTextBuilder(original);
  let at = 0;
  for (let space = text.indexOf(' '); space >= 0; space = text.indexOf(' ', at)) {
    builder.keep(at, space).add(mark, space, space + 1);
    at = space + 1;
  }
  return builder.keep(at, text.length).build();
}

/** Cuts a text before each mark. @param isPrepended whether a mark is put before the first piece */
function cutBefore(marked: AlignedText, mark: string, isPrepended: boolean): AlignedText[] {
  const { text } = marked;
  const pieces: AlignedText[] = [];
  for (let at = 0; at < text.length; ) {
    const found = text.indexOf(mark, at + 1);
    const end = found < 0 ? text.length : found;
    const piece = marked.slice(at, end);
    pieces.push(at === 0 && isPrepended ? piece.prepended(mark) : piece);
    at = end;
  }
  return pieces;
}
