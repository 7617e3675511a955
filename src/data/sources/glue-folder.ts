import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InputError } from '../../errors.ts';
import { knownDatasets } from '../datasets.ts';
import { tabLines } from '../delimited-rows.ts';
import type { Column, Part, Row, Source, SourceKind, Split } from '../source.ts';
import { isTable } from '../table-formats.ts';
import { type GlueFile, type GlueTaskName, glueLayouts, isGlueTask } from './glue-layouts.ts';

/**
 * A task of GLUE from its official files, in which quotes mean nothing, with the columns that it has on the hub.
 *
 * @param place the GLUE folder (with CoLA/, MRPC/ ... inside), the task's own, or of the diagnostics the file
 * @throws InputError naming the file: not there, or with other columns
 */
export const glueFolder = (task: GlueTaskName, place: string): Source => ({
  open(split) {
    const { title } = knownDatasets[task];
    const files = findFiles(task, place, split);
    if (files.length === 0) return null;
    return {
      name: `${title} ${split === 'train' ? 'train' : 'dev'}`,
      place: files[0].path,
      split,
      async *parts(columns) {
        for (const file of files) yield* parts(task, file, columns);
      },
    };
  },
});

/** A file of a task, where it lies. */
interface PlacedFile extends GlueFile {
  readonly path: string;
}

/** The files of a split; none where the task has no such split. @throws InputError if none of them is there */
function findFiles(task: GlueTaskName, place: string, split: Split): PlacedFile[] {
  const layout = glueLayouts[task];
  const { title } = knownDatasets[task];
  const wanted = layout[split];
  const { folders = [title] } = layout;
  const placed = wanted.flatMap((file): PlacedFile[] => {
    const candidates = [...[...folders, ''].map((folder) => join(place, folder, file.name)), place];
    const path = candidates.find((one) => basename(one) === file.name && existsSync(one));
    return path === undefined ? [] : [{ ...file, path }];
  });
  if (placed.length > 0 || wanted.length === 0) return placed;
  const names = wanted.map(({ name }) => name).join(' or ');
  const hint = layout.unlabelled ? `; ${layout.unlabelled} has no labels` : '';
  throw new InputError(`${place} has neither ${join(folders[0], names)} nor ${names}${hint}`);
}

/** The files of a task of GLUE in a folder, those of both splits. @throws InputError if one of them is not there */
export const glueFiles = (task: GlueTaskName, place: string): string[] =>
  (['train', 'evaluation'] as const).flatMap((split) => findFiles(task, place, split).map(({ path }) => path));

async function* parts(
  task: GlueTaskName,
  file: PlacedFile,
  asked: readonly Column[],
): AsyncGenerator<Part, void, undefined> {
  const { header, renamed, hasBrokenRows } = glueLayouts[task];
  const { path, columns, group } = file;
  const positions = asked.map(({ name }) => columns.indexOf(renamed?.[name] ?? name));
  const label = columns.indexOf(renamed?.label ?? 'label');
  const needed = hasBrokenRows ? [] : positions.filter((position) => position !== label);
  const broken: number[] = [];
  let width: number | undefined;
  let count = 0;
  for await (const lines of tabLines(path)) {
    const rows: Row[] = [];
    for (const { number, fields } of lines) {
      const texts = fields.map((field) => field.toString('utf8'));
      if (width === undefined) {
        width = fields.length;
        checkColumns(task, file, texts);
        if (header) continue;
      }
      if (hasBrokenRows && isBroken(texts, width, positions[0])) broken.push(number);
      else rows.push(rowOf(number, texts, { width, positions, needed }));
    }
    count += rows.length;
    yield { file: path, unit: 'line', rows, group };
  }
  if (width === undefined) throw new InputError(`${path} is empty`);
  if (count === 0) throw new InputError(`${path} has no rows below its header`);
  if (broken.length === 0) return;
  const places = broken.length === 1 ? `line ${broken[0]}` : `${broken.length} lines, the first one line ${broken[0]}`;
  yield { file: path, unit: 'line', rows: [], notes: [`${path} is known for broken rows: left out ${places}`] };
}

/** Whether a row was cut in two by a line break, or has lost its first sentence. */
const isBroken = (texts: readonly string[], width: number, first: number): boolean =>
  texts.length < width || (texts.length === width && texts[first]?.trim() === '');

interface Layout {
  readonly width: number;
  readonly positions: readonly number[];
  /** The columns that must not be empty. */
  readonly needed: readonly number[];
}

function rowOf(number: number, texts: readonly string[], { width, positions, needed }: Layout): Row {
  if (texts.length !== width) {
    return { number, cells: [], problem: `${texts.length} TAB-separated columns where line 1 has ${width}` };
  }
  if (needed.some((position) => texts[position]?.trim() === ''))
    return { number, cells: [], problem: 'a sentence is empty' };
  return { number, cells: positions.map((position) => texts[position]) };
}

function checkColumns(task: GlueTaskName, { path, columns }: PlacedFile, first: readonly string[]): void {
  const isFile = glueLayouts[task].header ? first.join('\t') === columns.join('\t') : first.length === columns.length;
  if (isFile) return;
  throw new InputError(
    `${path} is not the official ${knownDatasets[task].title} file: its columns must be ${columns.join(', ')}`,
  );
}

/** Files of a task of GLUE. */
export const glue: SourceKind = ({ data, task }) => {
  if (!isGlueTask(task) || typeof data !== 'string') return null;
  const isOwnFile = glueLayouts[task].isOneFile === true && glueLayouts[task].evaluation[0].name === basename(data);
  return isTable(data) && !isOwnFile ? null : glueFolder(task, data);
};
