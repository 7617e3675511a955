import { whiteSpace } from '../unicode/character-classes.ts';
import { CharacterTable, unitsAt } from '../unicode/character-table.ts';
import { categorySet } from '../unicode/general-category.ts';

const SPACE = 1;
let table: CharacterTable | null = null;

const contraction = /'(?:[stmd]|re|ve|ll)/y;

/**
 * Returns where a word of GPT-2 ends that begins at a place in a text: what the expression
 * `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+` matches there, by hand, as every text
 * passes here.
 *
 * Source: src/encoder.py of https://github.com/openai/gpt-2.
 */
export function wordEnd(text: string, start: number): number {
  table ??= new CharacterTable(whiteSpace, categorySet('L')!, categorySet('N')!);
  if (text.charCodeAt(start) === 0x27) {
    contraction.lastIndex = start;
    if (contraction.test(text)) return contraction.lastIndex;
  }
  const first = text.charCodeAt(start) === 0x20 && start + 1 < text.length ? start + 1 : start;
  const kind = table.kindAt(text, first);
  let end = kind === SPACE ? start : first;
  while (end < text.length && table.kindAt(text, end) === kind) end += unitsAt(text, end);
  if (kind !== SPACE) return end;
  // The last of several white spaces is left for the word behind them.
  return end === text.length || end === start + 1 ? end : end - 1;
}
