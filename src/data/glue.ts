import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import type { MetricName } from '../metrics/index.ts';
import { BadRows } from './bad-rows.ts';
import type { Dataset, Example } from './examples.ts';
import { quoted } from './quoted.ts';
import { readRows, readTsv, unitOf } from './rows.ts';

export type Split = 'train' | 'dev';

/** How a GLUE task is laid out in its official files and how it is scored. */
export interface GlueTask {
  /** The folder's name in the official archive. */
  folder: string;
  /** All columns of train.tsv and dev.tsv, in order. */
  columns: readonly string[];
  /** Whether the first line holds the column names. */
  header: boolean;
  /** The columns with the text, or the pair of texts. */
  text: readonly [string] | readonly [string, string];
  label: string;
  /** Class index -> its spelling in the files and its usual name; null for a score in [0, 5]. */
  classes: readonly { spelling: string; name: string }[] | null;
  /** Of the benchmark (Wang et al. 2019, table 1), the primary one first. */
  metrics: readonly MetricName[];
  /** Official number of examples. */
  size: Record<Split, number>;
}

/** The names of the texts' columns on the Hugging Face hub. */
const hubText = (task: GlueTask): string[] => (task.text.length === 1 ? ['sentence'] : ['sentence1', 'sentence2']);

/** Class order and names are those of the `glue` dataset on the Hugging Face hub, so its checkpoints agree. */
export const glueTasks = {
  cola: {
    folder: 'CoLA',
    columns: ['source', 'label', 'annotation', 'sentence'],
    header: false,
    text: ['sentence'],
    label: 'label',
    classes: [
      { spelling: '0', name: 'unacceptable' },
      { spelling: '1', name: 'acceptable' },
    ],
    metrics: ['matthews'],
    size: { train: 8551, dev: 1043 },
  },
  mrpc: {
    folder: 'MRPC',
    columns: ['Quality', '#1 ID', '#2 ID', '#1 String', '#2 String'],
    header: true,
    text: ['#1 String', '#2 String'],
    label: 'Quality',
    classes: [
      { spelling: '0', name: 'not_equivalent' },
      { spelling: '1', name: 'equivalent' },
    ],
    metrics: ['accuracy', 'f1'],
    size: { train: 3668, dev: 408 },
  },
  stsb: {
    folder: 'STS-B',
    columns: [
      'index',
      'genre',
      'filename',
      'year',
      'old_index',
      'source1',
      'source2',
      'sentence1',
      'sentence2',
      'score',
    ],
    header: true,
    text: ['sentence1', 'sentence2'],
    label: 'score',
    classes: null,
    metrics: ['pearson', 'spearman'],
    size: { train: 5749, dev: 1500 },
  },
  rte: {
    folder: 'RTE',
    columns: ['index', 'sentence1', 'sentence2', 'label'],
    header: true,
    text: ['sentence1', 'sentence2'],
    label: 'label',
    classes: [
      { spelling: 'entailment', name: 'entailment' },
      { spelling: 'not_entailment', name: 'not_entailment' },
    ],
    metrics: ['accuracy'],
    size: { train: 2490, dev: 277 },
  },
} as const satisfies Record<string, GlueTask>;

export type GlueTaskName = keyof typeof glueTasks;

/**
 * A GLUE task from its official TAB-separated files, in which quotes mean nothing.
 * @param folder the GLUE folder (with CoLA/, MRPC/ ... inside) or the task's own.
 * @returns the examples; a warning if there are more or fewer than the official number.
 * @throws InputError naming the file, or listing the rows that do not fit.
 */
export function readGlue(
  name: GlueTaskName,
  folder: string,
  split: Split,
  { skipInvalid }: ReadGlueOptions = {},
): Dataset {
  const task: GlueTask = glueTasks[name];
  const path = findFile(task, folder, `${split}.tsv`);
  const rows = readTsv(path);
  checkColumns(task, path, rows[0].cells);
  const texts = task.text.map((column) => task.columns.indexOf(column));
  const label = task.columns.indexOf(task.label);
  const bad = new BadRows(skipInvalid);
  const below = rows.slice(task.header ? 1 : 0);
  if (below.length === 0) throw new InputError(`${path} has no rows below its header`);
  const labelled = below.flatMap(({ number, cells, problem }): LabelledRow[] => {
    if (problem === undefined) {
      return [{ file: path, number, texts: texts.map((position) => cells[position]), label: cells[label] }];
    }
    bad.add({ file: path, unit: 'line', number }, problem);
    return [];
  });
  return datasetOf(task, split, path, labelled, 'spelling', bad);
}

/**
 * A GLUE task from files of the `glue` dataset on the Hugging Face hub, with the columns `sentence`, or `sentence1` and
 * `sentence2`, and `label`.
 *
 * @returns what {@link readGlue} gives for the official files: the same examples in the same order
 * @throws InputError listing the rows that do not fit
 */
export async function readHubGlue(
  name: GlueTaskName,
  paths: readonly string[],
  split: Split,
  { skipInvalid }: ReadGlueOptions = {},
): Promise<Dataset> {
  const task: GlueTask = glueTasks[name];
  const bad = new BadRows(skipInvalid);
  const labelled: LabelledRow[] = [];
  for await (const rows of readRows(paths, [...hubText(task), 'label'], { bad })) {
    for (const { file, number, cells } of rows) {
      labelled.push({ file, number, texts: cells.slice(0, -1), label: cells[cells.length - 1] });
    }
  }
  return datasetOf(task, split, paths[0], labelled, 'name', bad);
}

export interface ReadGlueOptions {
  /** Leave out rows that cannot be used, with a warning that counts them, in place of an error that lists them. Default false. */
  readonly skipInvalid?: boolean;
}

interface LabelledRow {
  readonly file: string;
  readonly number: number;
  readonly texts: readonly string[];
  readonly label: string;
}

/** @param written how the files write a class: by its spelling, or by its name or number */
function datasetOf(
  task: GlueTask,
  split: Split,
  path: string,
  rows: readonly LabelledRow[],
  written: 'spelling' | 'name',
  bad: BadRows,
): Dataset {
  const examples: Example[] = [];
  for (const { file, number, texts, label } of rows) {
    const [text, pair] = texts;
    const value = parseLabel(task, label.trim(), written);
    const place = { file, unit: unitOf(file), number };
    if (text.trim() === '' || pair?.trim() === '') bad.add(place, 'a sentence is empty');
    else if (value === null) bad.add(place, `${quoted(label)} is no label of ${task.folder}`);
    else examples.push(pair === undefined ? { text, label: value } : { text, pair, label: value });
  }
  const size = task.size[split];
  const skipped = bad.finish(`${task.folder} ${split}`, examples.length);
  return {
    name: `${task.folder} ${split}`,
    examples,
    labels: task.classes?.map((entry) => entry.name) ?? null,
    metrics: [...task.metrics],
    warnings: [
      ...skipped,
      ...(examples.length + bad.count === size
        ? []
        : [`${path} has ${examples.length + bad.count} examples; the official ${split} split has ${size}`]),
    ],
  };
}

function findFile(task: GlueTask, folder: string, file: string): string {
  const path = [join(folder, task.folder, file), join(folder, file)].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new InputError(`${folder} has neither ${join(task.folder, file)} nor ${file}`);
  return path;
}

function checkColumns(task: GlueTask, path: string, first: readonly string[]): void {
  const fits = task.header ? first.join('\t') === task.columns.join('\t') : first.length === task.columns.length;
  if (!fits) {
    throw new InputError(
      `${path} is not the official ${task.folder} file: its columns must be ${task.columns.join(', ')}`,
    );
  }
}

function parseLabel({ classes }: GlueTask, value: string, written: 'spelling' | 'name'): number | null {
  if (classes) {
    const isMeant = ({ spelling, name }: { spelling: string; name: string }, index: number) =>
      written === 'spelling' ? spelling === value : name === value || String(index) === value;
    const index = classes.findIndex(isMeant);
    return index === -1 ? null : index;
  }
  const score = value === '' ? Number.NaN : Number(value);
  return score >= 0 && score <= 5 ? score : null;
}
