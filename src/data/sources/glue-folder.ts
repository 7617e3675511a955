import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import { knownDatasets } from '../datasets.ts';
import { tabLines } from '../delimited-rows.ts';
import type { Column, Part, Row, Source, SourceKind } from '../source.ts';
import { isTable } from '../table-formats.ts';

export type GlueTaskName = 'cola' | 'mrpc' | 'stsb' | 'rte';

/** The layout of a task of GLUE in its official TAB-separated files. */
interface GlueFiles {
  /** All columns of train.tsv and dev.tsv, in order. */
  readonly columns: readonly string[];
  /** Whether the first line holds the column names. */
  readonly header: boolean;
  /** The column that the hub calls otherwise, by its name on the hub. */
  readonly renamed?: Readonly<Record<string, string>>;
}

export const glueFiles: Readonly<Record<GlueTaskName, GlueFiles>> = {
  cola: { columns: ['source', 'label', 'annotation', 'sentence'], header: false },
  mrpc: {
    columns: ['Quality', '#1 ID', '#2 ID', '#1 String', '#2 String'],
    header: true,
    renamed: { label: 'Quality', sentence1: '#1 String', sentence2: '#2 String' },
  },
  stsb: {
    columns: [
      ...['index', 'genre', 'filename', 'year', 'old_index', 'source1', 'source2'],
      ...['sentence1', 'sentence2', 'score'],
    ],
    header: true,
    renamed: { label: 'score' },
  },
  rte: { columns: ['index', 'sentence1', 'sentence2', 'label'], header: true },
};

export const glueTasks = Object.keys(glueFiles) as GlueTaskName[];
export const isGlueTask = (name: string | undefined): name is GlueTaskName =>
  name !== undefined && Object.hasOwn(glueFiles, name);

/**
 * A task of GLUE from its official files, in which quotes mean nothing, with the columns that it has on the hub.
 *
 * @param folder the GLUE folder (with CoLA/, MRPC/ ... inside) or the task's own
 * @throws InputError naming the file: not there, or with other columns
 */
export const glueFolder = (task: GlueTaskName, folder: string): Source => ({
  open(split) {
    const { title } = knownDatasets[task];
    const file = split === 'train' ? 'train' : 'dev';
    const path = findFile(title, folder, `${file}.tsv`);
    return { name: `${title} ${file}`, place: path, split, parts: (columns) => parts(task, path, columns) };
  },
});

function findFile(title: string, folder: string, file: string): string {
  const path = [join(folder, title, file), join(folder, file)].find((candidate) => existsSync(candidate));
  if (path === undefined) throw new InputError(`${folder} has neither ${join(title, file)} nor ${file}`);
  return path;
}

async function* parts(
  task: GlueTaskName,
  path: string,
  asked: readonly Column[],
): AsyncGenerator<Part, void, undefined> {
  const { columns, header, renamed } = glueFiles[task];
  const positions = asked.map(({ name }) => columns.indexOf(renamed?.[name] ?? name));
  const label = columns.indexOf(renamed?.label ?? 'label');
  let width: number | undefined;
  let count = 0;
  for await (const lines of tabLines(path)) {
    const rows: Row[] = [];
    for (const { number, fields } of lines) {
      const texts = fields.map((field) => field.toString('utf8'));
      if (width === undefined) {
        width = fields.length;
        checkColumns(task, path, texts);
        if (header) continue;
      }
      rows.push(rowOf(number, texts, { width, positions, label }));
    }
    count += rows.length;
    yield { file: path, unit: 'line', rows };
  }
  if (width === undefined) throw new InputError(`${path} is empty`);
  if (count === 0) throw new InputError(`${path} has no rows below its header`);
}

interface Layout {
  readonly width: number;
  readonly positions: readonly number[];
  readonly label: number;
}

function rowOf(number: number, texts: readonly string[], { width, positions, label }: Layout): Row {
  if (texts.length !== width) {
    return { number, cells: [], problem: `${texts.length} TAB-separated columns where line 1 has ${width}` };
  }
  const isEmpty = positions.some((position) => position !== label && texts[position]?.trim() === '');
  if (isEmpty) return { number, cells: [], problem: 'a sentence is empty' };
  return { number, cells: positions.map((position) => texts[position]) };
}

function checkColumns(task: GlueTaskName, path: string, first: readonly string[]): void {
  const { columns, header } = glueFiles[task];
  if (header ? first.join('\t') === columns.join('\t') : first.length === columns.length) return;
  throw new InputError(
    `${path} is not the official ${knownDatasets[task].title} file: its columns must be ${columns.join(', ')}`,
  );
}

/** Files of a task of GLUE. */
export const glue: SourceKind = ({ data, task }) =>
  isGlueTask(task) && typeof data === 'string' && !isTable(data) ? glueFolder(task, data) : null;
