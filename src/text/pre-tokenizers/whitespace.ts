import { whiteSpace } from '../unicode/character-classes.ts';
import { CharacterTable } from '../unicode/character-table.ts';
import { wordCharacters } from '../unicode/word-characters.ts';
import { runsOfKinds } from './words.ts';

/** Cuts a text into words of letters, digits and underscores, and runs of what is neither these nor white space. */
export const whitespace = runsOfKinds(
  () => new CharacterTable(whiteSpace, wordCharacters()),
  ['joins', 'is dropped', 'joins'],
);
