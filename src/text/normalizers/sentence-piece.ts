import { type AlignedText, AlignedTextBuilder } from '../aligned-text.ts';
import type { Normalizer } from '../stages.ts';
import { unitsAt } from '../unicode/character-table.ts';
import { Charsmap } from './charsmap.ts';

/** What stands for a space. */
const MARK = '▁';

/**
 * Does what sentencepiece itself does to a text: replaces by its map, the longest match first, puts a space before the text
 * and marks all spaces.
 *
 * Source: normalizer.cc of github.com/google/sentencepiece.
 *
 * @param written the precompiled charsmap in base64; empty if there is none
 * @param removesSpaces whether those at the ends go, and others than the first of a run
 * @throws InputError when the charsmap is none
 */
export function sentencePiece(written: string, removesSpaces: boolean): Normalizer {
  const charsmap = written === '' ? null : new Charsmap(written);
  return (source) => {
    const replaced = charsmap === null ? source : byLongest(source, charsmap);
    if (removesSpaces) return marked(withoutSpaces(replaced));
    // Of a text of which nothing is left, the space before it is.
    return replaced.text === '' && source.text !== '' ? source.slice(0, 1).respelled(MARK) : marked(replaced);
  };
}

function marked(text: AlignedText): AlignedText {
  const spaced = text.prepended(MARK);
  return spaced.respelled(spaced.text.replaceAll(' ', MARK));
}

function byLongest(source: AlignedText, charsmap: Charsmap): AlignedText {
  const { text } = source;
  let builder: AlignedTextBuilder | undefined;
  /** Where what is not in the new text yet begins. */
  let from = 0;
  for (let at = 0; at < text.length; ) {
    const found = charsmap.longest(text, at);
    if (found === null) {
      at += unitsAt(text, at);
      continue;
    }
    builder ??= new AlignedTextBuilder(source);
    builder.keep(from, at).add(found.by, at, found.end);
    from = at = found.end;
  }
  return builder === undefined ? source : builder.keep(from, text.length).build();
}

/** At the end, what stands for a space goes too. */
function withoutSpaces(source: AlignedText): AlignedText {
  const { text } = source;
  let end = text.length;
  while (end > 0 && (text[end - 1] === ' ' || text[end - 1] === MARK)) end--;
  const builder = new AlignedTextBuilder(source);
  let from = 0;
  while (from < end && text[from] === ' ') from++;
  const start = from;
  for (let run = text.indexOf('  ', from); run >= 0 && run < end; run = text.indexOf('  ', from)) {
    builder.keep(from, run + 1);
    from = run + 1;
    while (text[from] === ' ') from++;
  }
  if (from === start) return source.slice(start, end);
  return builder.keep(from, end).build();
}
