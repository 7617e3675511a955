import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import type { MetricName } from '../metrics/index.ts';
import type { Dataset } from './examples.ts';
import { type Row, readColumns, readTsv } from './rows.ts';

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
 * @throws InputError naming the file and line of a row that does not fit.
 */
export function readGlue(name: GlueTaskName, folder: string, split: Split): Dataset {
  const task: GlueTask = glueTasks[name];
  const path = findFile(task, folder, `${split}.tsv`);
  const rows = readTsv(path);
  checkColumns(task, path, rows[0]);
  const texts = task.text.map((column) => task.columns.indexOf(column));
  const label = task.columns.indexOf(task.label);

  const labelled = rows.slice(task.header ? 1 : 0).map(({ place, cells }) => ({
    place,
    texts: texts.map((position) => cells[position]),
    label: cells[label],
  }));
  if (labelled.length === 0) throw new InputError(`${path} has no rows below its header`);
  return datasetOf(task, split, path, labelled, 'spelling');
}

/**
 * A GLUE task from files of the `glue` dataset on the Hugging Face hub, with the columns `sentence`, or `sentence1` and
 * `sentence2`, and `label`.
 *
 * @returns what {@link readGlue} gives for the official files: the same examples in the same order
 * @throws InputError naming the file and row of a row that does not fit
 */
export async function readHubGlue(name: GlueTaskName, paths: readonly string[], split: Split): Promise<Dataset> {
  const task: GlueTask = glueTasks[name];
  let rows: Row[] = [];
  for (const path of paths) rows = rows.concat(await readColumns(path, [...hubText(task), 'label']));
  const labelled = rows.map(({ place, cells }) => ({
    place,
    texts: cells.slice(0, -1),
    label: cells[cells.length - 1],
  }));
  return datasetOf(task, split, paths[0], labelled, 'name');
}

interface LabelledRow {
  readonly place: string;
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
): Dataset {
  const examples = rows.map(({ place, texts: [text, pair], label }) => {
    if (text.trim() === '' || pair?.trim() === '') throw new InputError(`${place}: a sentence is empty`);
    const value = parseLabel(task, label.trim(), written);
    if (value === null) throw new InputError(`${place}: '${label}' is no label of ${task.folder}`);
    return pair === undefined ? { text, label: value } : { text, pair, label: value };
  });
  const size = task.size[split];
  return {
    name: `${task.folder} ${split}`,
    examples,
    labels: task.classes?.map((entry) => entry.name) ?? null,
    metrics: [...task.metrics],
    warnings:
      examples.length === size
        ? []
        : [`${path} has ${examples.length} examples; the official ${split} split has ${size}`],
  };
}

function findFile(task: GlueTask, folder: string, file: string): string {
  const path = [join(folder, task.folder, file), join(folder, file)].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new InputError(`${folder} has neither ${join(task.folder, file)} nor ${file}`);
  return path;
}

function checkColumns(task: GlueTask, path: string, first: Row): void {
  const fits = task.header
    ? first.cells.join('\t') === task.columns.join('\t')
    : first.cells.length === task.columns.length;
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
