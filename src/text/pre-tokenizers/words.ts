import type { AlignedText } from '../aligned-text.ts';
import type { PreTokenizer } from '../stages.ts';
import { punctuation, whiteSpace } from '../unicode/character-classes.ts';
import { CharacterTable, unitsAt } from '../unicode/character-table.ts';

/** What a character does to the words around it. */
type Role = 'joins' | 'is dropped' | 'is alone';

/** Makes what cuts a text into runs of characters of one kind. @param roles of those in no set, and of those in each */
export function runsOfKinds(table: () => CharacterTable, roles: readonly Role[]): PreTokenizer {
  let made: CharacterTable | null = null;
  return (aligned: AlignedText) => {
    made ??= table();
    const { text } = aligned;
    const pieces: AlignedText[] = [];
    let [start, kindOfRun] = [0, -1];
    const endRun = (end: number) => {
      if (kindOfRun >= 0 && roles[kindOfRun] !== 'is dropped') pieces.push(aligned.slice(start, end));
    };
    for (let at = 0; at < text.length; at += unitsAt(text, at)) {
      const kind = made.kindAt(text, at);
      if (kind === kindOfRun && roles[kind] !== 'is alone') continue;
      endRun(at);
      [start, kindOfRun] = [at, kind];
    }
    endRun(text.length);
    return pieces;
  };
}

/** Cuts a text at white space, which is dropped. */
export const whitespaceSplit = runsOfKinds(() => new CharacterTable(whiteSpace), ['joins', 'is dropped']);

/** Cuts a text as BERT does: at white space, which is dropped, and around each mark of punctuation. */
export const bertPreTokenizer = runsOfKinds(
  () => new CharacterTable(whiteSpace, punctuation),
  ['joins', 'is dropped', 'is alone'],
);
