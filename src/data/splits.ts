import { basename, extname } from 'node:path';
import { InputError } from '../errors.ts';
import { tableFormats } from './table-formats.ts';

/** The files of one part of a dataset, in order. */
export interface DatasetSplits {
  /** The part's name; empty when the dataset has only one. */
  readonly subset: string;
  readonly train: readonly string[];
  /** Empty: there is none. */
  readonly evaluation: readonly string[];
}

/** Names of folders and files of a split, as Hugging Face's `datasets` takes them. */
const splitNames = {
  train: ['train', 'training'],
  evaluation: ['validation', 'valid', 'val', 'dev', 'validation_matched', 'validation_mismatched'],
} as const;
type SplitName = keyof typeof splitNames;

interface DataFile {
  readonly path: string;
  readonly format: string;
  readonly split: SplitName;
  readonly subset: string;
}

/**
 * The training and the evaluation files among the paths of a dataset, by their names: `train.csv`,
 * `data/validation-00000-of-00002.parquet`, `rte/train-00000-of-00001.parquet`, `default/train/0000.parquet`. Folders that
 * name neither a split nor just `data` are subsets. Of several formats the first in {@link tableFormats} is taken.
 *
 * @param subset the folder of the part; left out, it is the only one, or `default`
 * @throws InputError naming the dataset: no training files, a subset that is not there, several to choose from
 */
export function splitsOf(paths: readonly string[], name: string, subset?: string): DatasetSplits {
  const files = paths.flatMap(dataFile);
  const subsets = [...new Set(files.filter(({ split }) => split === 'train').map((file) => file.subset))].sort();
  if (subsets.length === 0) {
    throw new InputError(`${name} has no files of a split 'train' that can be read (${tableFormats.join(', ')}).`);
  }
  const fallback = subsets.length === 1 ? subsets[0] : subsets.find((other) => other === '' || other === 'default');
  const chosen = subset ?? fallback;
  if (chosen === undefined || !subsets.includes(chosen)) {
    const problem = subset === undefined ? 'has several parts' : `has no part '${subset}'`;
    throw new InputError(
      `${name} ${problem}; it has ${subsets.map((other) => `'${other}'`).join(', ')}, choose one with --subset (subset).`,
    );
  }
  const inSubset = files.filter((file) => file.subset === chosen);
  const format = tableFormats.find((other) => inSubset.some((file) => file.split === 'train' && file.format === other));
  const pathsOf = (split: SplitName) =>
    inSubset.filter((file) => file.split === split && file.format === format).map(({ path }) => path);
  return { subset: chosen, train: pathsOf('train').sort(), evaluation: pathsOf('evaluation').sort() };
}

function dataFile(path: string): DataFile[] {
  const format = extname(path).toLowerCase();
  if (!tableFormats.includes(format)) return [];
  const folders = path.split('/').slice(0, -1);
  const words = [...wordsOf(basename(path, extname(path)).toLowerCase()), ...folders];
  const split = (Object.keys(splitNames) as SplitName[]).find((name) => words.some((word) => isCalled(word, name)));
  if (!split) return [];
  const subset = folders.filter((folder) => folder !== 'data' && !isCalled(folder, split)).join('/');
  return [{ path, format, split, subset }];
}

/** The split of a file in parts stands first, and there may be others that only begin alike (`validation_matched-...`). */
const wordsOf = (name: string): string[] => (/-\d+-of-\d+/.test(name) ? name.split('-', 1) : name.split(/[-._ ]/));

const isCalled = (word: string, split: SplitName): boolean => (splitNames[split] as readonly string[]).includes(word);

/** A file of a split in parts: the name of the split, and how many there are. */
const IN_PARTS = /([^/]+)-\d+-of-(\d+)(?:-\w+)?\.\w+$/;

/** Whether a split in parts, `train-00000-of-00003.parquet`, has all of them; it may be two, as `validation_matched` and another. */
export function isWhole(paths: readonly string[]): boolean {
  const found = new Map<string, number>();
  for (const path of paths) {
    const [, name, count] = IN_PARTS.exec(path) ?? [];
    if (name !== undefined) found.set(name, (found.get(name) ?? Number(count)) - 1);
  }
  return [...found.values()].every((missing) => missing === 0);
}

/** The part of MNLI that is scored by itself, by the name of its file: `matched` of `validation_matched`. */
export const groupOf = (path: string): string | undefined => /validation_(matched|mismatched)[^\\/]*$/.exec(path)?.[1];
