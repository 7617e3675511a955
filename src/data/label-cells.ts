/** Reads a cell that holds a list as JSON has it; null for another text. */
export function jsonList(cell: string): readonly unknown[] | null {
  if (!cell.startsWith('[')) return null;
  try {
    const value: unknown = JSON.parse(cell);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** The parts of a cell, without white space around them and without empty ones. */
export const partsOf = (cell: string, separator: string): string[] =>
  cell
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Returns whether any of the labels, with the separator between them in a cell, are read back as they are. */
export const isSeparable = (labels: readonly string[], separator: string): boolean =>
  labels.every(
    (label) =>
      label !== '' &&
      label === label.trim() &&
      !label.startsWith('[') &&
      // A cell of TSV holds no other white space than single blanks.
      !/[^\S ]| {2}/.test(`${label}${separator}`) &&
      `${label}${separator}`.indexOf(separator) === label.length,
  );

/** Cells of a label column that look like several labels each. */
export interface LookingLikeLists {
  readonly example: string;
  /** What seems to stand between labels; null for lists as JSON has them, which are certain. */
  readonly separator: string | null;
}

/** What stands between labels, and whether it stands in names of classes too: then a part must be there in two cells. */
const separators: readonly (readonly [separator: string, isCommon: boolean])[] = [
  [';', false],
  ['|', false],
  [',', true],
];

/**
 * Finds out whether the values of a label column look like lists of labels.
 *
 * @param values each once
 */
export function listsIn(values: readonly string[]): LookingLikeLists | null {
  const list = values.find((value) => jsonList(value) !== null);
  if (list !== undefined) return { example: list, separator: null };
  for (const [separator, isCommon] of separators) {
    const parts = values.map((value) => new Set(partsOf(value, separator)));
    const example = values.find((_, i) => parts[i].size > 1);
    if (example === undefined) continue;
    const all = parts.flatMap((some) => [...some]);
    if (!isCommon || new Set(all).size < all.length) return { example, separator };
  }
  return null;
}
