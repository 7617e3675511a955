import type { Command } from 'commander';
import { heldOutSettings, isDrawn, knownDataset, taskNamed } from '../data/index.ts';
import { isFolder } from '../io/index.ts';
import { refuseWithoutEffect } from '../settings/index.ts';
import {
  choicesOf,
  type GivenSettings,
  isExternal,
  type RunSettings,
  resolveSettings,
  settingTable,
} from '../training/index.ts';
import { UsageError } from './errors.ts';
import { withDisplay } from './fetch.ts';
import { asUsage, chosenByCommand, type Given } from './given-settings.ts';
import { checkColumns, inputKind } from './input.ts';
import { isExplicit, rejectExplicit } from './options.ts';
import { written } from './setting-options.ts';

/** The settings of a run that a command is given; what is on the hub only is downloaded. @throws UsageError, InputError */
export function runSettings(given: Given): Promise<RunSettings> {
  chosenByCommand(given);
  const { settings, write } = given;
  return withDisplay((onProgress) => resolveSettings(settings, { write, download: { onProgress } }));
}

/** The settings by which `evaluate` reads other data, or the same in another way. */
const reading = [
  'task',
  'data',
  'text',
  'label',
  'labelSeparator',
  'target',
  'choices',
  'negative',
  'delimiter',
  'encoding',
  'skipInvalid',
  'rougeTokenizer',
  'nullScoreDiffThreshold',
  'threshold',
] as const;

/**
 * The settings of a run with the data that `evaluate` reads instead of the stored ones. Columns that are not given are those of the
 * run.
 *
 * @returns undefined if it is the stored data as they were read and judged for the run
 * @throws UsageError for a setting without effect, and columns that are missing
 */
export function evaluatedSettings(command: Command, stored: RunSettings): RunSettings | undefined {
  const keys = reading.filter((key) => isExplicit(command, key));
  if (keys.length === 0) return undefined;
  const given: GivenSettings = Object.fromEntries(keys.map((key) => [key, command.getOptionValue(key)]));
  if (given.data === undefined)
    rejectExplicit(
      command,
      ['task', 'text', 'label', 'labelSeparator', 'target', 'choices', 'negative'],
      'goes with --data',
    );
  const named = { ...stored, task: taskFor(stored, given) };
  // What is not an option of this command line is a setting of the run.
  const asWritten = (key: string) => (keys.some((name) => name === key) ? written(key) : key);
  asUsage(() => refuseWithoutEffect(settingTable(), given, choicesOf(named), asWritten));
  const all = { ...named, ...given } as RunSettings;
  if (given.data === undefined) return all;
  checkOwnColumns(all, stored);
  const dropped = [...ofOwnRows, ...excludedBy(given)];
  const kept = Object.entries(all).filter(([key]) => !dropped.includes(key) || Object.hasOwn(given, key));
  const other = { ...(Object.fromEntries(kept) as unknown as RunSettings), skipInvalid: given.skipInvalid ?? false };
  return isFolder(given.data) ? other : { ...other, evalData: given.data };
}

/** The settings of a run that do not apply to other rows than its own. */
const ofOwnRows: readonly string[] = [
  ...['dataset', 'subset', 'evalData', 'delimiter', 'encoding', 'skipInvalid'],
  ...Object.keys(heldOutSettings),
];

/** The columns of a run that a given one excludes. */
const excludedBy = ({ label, negative }: GivenSettings): readonly string[] =>
  negative !== undefined ? ['label'] : label !== undefined ? ['negative'] : [];

/** The task of other data: the one that is given, else a well-known dataset as long as the columns are its own. */
function taskFor({ task }: RunSettings, { task: given, text, label, target, negative }: GivenSettings): string {
  if (given !== undefined) return given;
  const areOwn = [text, label, target, negative].some((column) => column !== undefined);
  return areOwn ? (taskNamed(task) ?? task) : task;
}

/** @throws UsageError for columns that are missing, and texts of another number than those of the run */
function checkOwnColumns({ task, text, label, target }: RunSettings, stored: RunSettings): void {
  if (
    knownDataset(task) ||
    ['question-answering', 'multiple-choice', 'token-classification', 'translation'].includes(task)
  )
    return;
  if (task === 'feature-extraction') {
    if (text?.length === 2) return;
    throw new UsageError('--text must name two columns, whose texts belong together.');
  }
  const other = task === 'text-classification' ? label : target;
  if (text === undefined || other === undefined) {
    const name = task === 'text-classification' ? '--label' : '--target';
    throw new UsageError(`--text and ${name} are missing: the columns of the file.`);
  }
  if (task === 'text-classification') checkColumns(text, inputKind(stored));
  else if (text.length > 1) throw new UsageError('--text names two columns; it is one, with the text to read.');
}

/** Returns a title for a run's data: their source and columns. */
export function dataTitle(settings: RunSettings): string {
  const { task, data, dataset, subset, text = [], label, target, trainPerClass } = settings;
  if (isExternal(settings)) return 'not known: rows of a program, or trained elsewhere';
  const known = knownDataset(task);
  const place = dataset === undefined ? data : [dataset, subset].filter(Boolean).join(' ');
  if (known) return `${known.title}, ${isDrawn(task) ? `${trainPerClass} examples per class` : place}`;
  const aim = label ?? target ?? (task === 'multiple-choice' ? 'label' : undefined);
  const columns = text.length > 0 ? `, ${text.join(' and ')}${aim === undefined ? '' : ` -> ${aim}`}` : '';
  return `${place}${columns}`;
}
