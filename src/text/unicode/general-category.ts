import { CodePointSet, readNumbers } from './code-points.ts';
import { generalCategories } from './further-tables.ts';
import { ALTERNATING, CATEGORIES } from './kinds.ts';

let rangesByCategory: ReadonlyMap<string, [number, number][]> | undefined;

function readCategories(): ReadonlyMap<string, [number, number][]> {
  const ranges = new Map<string, [number, number][]>(CATEGORIES.map((name) => [name, [] as [number, number][]]));
  const numbers = readNumbers(generalCategories);
  let at = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const [category, length] = [numbers[i], numbers[i + 1]];
    if (category !== ALTERNATING) ranges.get(CATEGORIES[category])!.push([at, at + length]);
    else {
      for (let j = 0; j < length; j++) ranges.get(j % 2 === 0 ? 'Lu' : 'Ll')!.push([at + j, at + j + 1]);
    }
    at += length;
  }
  return ranges;
}

const sets = new Map<string, CodePointSet>();

/**
 * The code points of a general category, such as `Lu`, or of those that begin with a letter, such as `L`, in Unicode 16,
 * as Oniguruma and Rust's `regex` know them; undefined when there is no such category. `LC` are the letters with case.
 */
export function categorySet(name: string): CodePointSet | undefined {
  const known = sets.get(name);
  if (known !== undefined) return known;
  rangesByCategory ??= readCategories();
  const isIn = (category: string) => (name === 'LC' ? /^L[ult]$/.test(category) : category.startsWith(name));
  const ranges = [...rangesByCategory].filter(([category]) => isIn(category)).flatMap(([, part]) => part);
  if (name === '' || ranges.length === 0) return undefined;
  const set = new CodePointSet(ranges);
  sets.set(name, set);
  return set;
}
