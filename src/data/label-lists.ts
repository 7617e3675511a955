import { InputError } from '../errors.ts';
import { multilabelScoreNames } from '../metrics/multilabel.ts';
import { doubts, newNames, type TrainedNames, trainedNames, type Unusable } from './class-names.ts';
import { jsonList, listsIn, partsOf } from './label-cells.ts';
import type { LabelColumn, ReadLabels } from './labels.ts';
import { quoted } from './quoted.ts';

export interface LabelListOptions {
  /** For messages: the file, and the column. */
  readonly path: string;
  readonly column: string;
  /** What stands between the labels of a cell; left out, a cell is a list as JSON has it, or one label. */
  readonly separator?: string;
  /** The labels of a trained model, in its order. */
  readonly labels?: readonly string[];
}

/** The labels of each different cell of a column. */
export interface ReadLabelLists extends Omit<ReadLabels, 'targets'> {
  /** Of each cell the numbers of its labels, rising, or why it cannot be used. */
  readonly targets: readonly (readonly number[] | Unusable)[];
}

/**
 * Reads cells with any number of labels each, none included. New labels are sorted as classes are.
 *
 * @throws InputError naming file and column where no cell has a label
 */
export function readLabelLists(column: LabelColumn, options: LabelListOptions): ReadLabelLists {
  const { path, column: name, separator, labels } = options;
  const cells = column.values.map((cell) => namesIn(cell, name, separator));
  const found = [...new Set(cells.flatMap((cell) => ('problem' in cell ? [] : cell)))];
  if (found.length === 0 && !labels) {
    throw new InputError(`${path} has no labels: no cell of column '${name}' has one; use a split with labels`);
  }
  const trained = labels ? trainedNames(labels) : null;
  const names = trained ?? newNames(found);
  const targets = cells.map((cell) => ('problem' in cell ? cell : numbersOf(cell, name, trained ?? names)));
  const warnings = trained ? [] : [...separatorDoubts(column.values, found, options), ...doubts(names.labels, name)];
  return { targets, labels: [...names.labels], metrics: [...multilabelScoreNames], warnings };
}

/** What speaks against the separator, or against there being none: no cell has it, or a label looks like several. */
function separatorDoubts(
  cells: readonly string[],
  found: readonly string[],
  { column, separator }: LabelListOptions,
): string[] {
  if (separator !== undefined && cells.some((cell) => cell.includes(separator) || jsonList(cell))) return [];
  const looks = listsIn(found);
  const several = looks
    ? `column '${column}' has the label ${quoted(looks.example)}; if it is several, say --label-separator (labelSeparator: '${looks.separator}')`
    : null;
  if (separator === undefined) return several === null ? [] : [several];
  const unused = `no cell of column '${column}' has the separator ${quoted(separator)}, so each is one label at most`;
  return [several === null ? unused : `${unused}; ${several}`];
}

/** The names in a cell, each once, or what is wrong with it. */
function namesIn(cell: string, column: string, separator: string | undefined): readonly string[] | Unusable {
  const list = jsonList(cell);
  if (!list) {
    if (separator !== undefined) return [...new Set(partsOf(cell, separator))];
    return cell === '' ? [] : [cell];
  }
  const strange = list.find((item) => !['string', 'number', 'boolean'].includes(typeof item) || item === '');
  if (strange !== undefined) return { problem: `${quoted(JSON.stringify(strange))} in '${column}' is no label` };
  return [...new Set(list.map((item) => String(item).trim()))];
}

function numbersOf(
  cell: readonly string[],
  column: string,
  names: Pick<TrainedNames, 'numberOf'> & Partial<Pick<TrainedNames, 'unknown'>>,
): readonly number[] | Unusable {
  const numbers: number[] = [];
  for (const name of cell) {
    const number = names.numberOf(name);
    if (number === undefined) return names.unknown?.(name, column) ?? { problem: `${quoted(name)} is no label` };
    numbers.push(number);
  }
  return [...new Set(numbers)].sort((a, b) => a - b);
}
