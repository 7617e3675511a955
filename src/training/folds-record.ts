import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OVERWRITE, readJsonObject } from '../io/index.ts';
import {
  listOf,
  parseWith,
  positiveInteger,
  strictFields,
  text,
  type ValueOf,
  wholeNumber,
} from '../settings/index.ts';
import { scores } from './records.ts';
import { completeStored } from './settings-table.ts';

/** The file of a cross-validation, beside the folders of its runs. */
export const FOLDS = 'folds.json';
const FORMAT_VERSION = 1;

/** The folder of one run among those of a cross-validation. */
export const foldFolder = (folder: string, fold: number): string => join(folder, `fold-${fold}`);

/** `folds.json`: what all runs have in common, and what has come out. */
export type FoldsRecord = ValueOf<typeof foldsRecord>;
const foldsRecord = strictFields({
  format_version: wholeNumber,
  settings: completeStored,
  /** The command that began it. */
  command: listOf(text),
  /** The runs that are finished, with their scores on their folds. */
  runs: listOf(strictFields({ fold: positiveInteger, metrics: scores })),
  /** Of the scores of all runs so far. */
  mean: scores,
  /** With n - 1. */
  standard_deviation: scores,
});

export const isCrossValidation = (folder: string): boolean => existsSync(join(folder, FOLDS));

/** Reads the file of a cross-validation. @throws InputError if there is none or it is damaged */
export function readFolds(folder: string): FoldsRecord {
  const path = join(folder, FOLDS);
  return parseWith(foldsRecord, readJsonObject(path), path, `Restore the file, or begin again with ${OVERWRITE}.`);
}

/** The text of that file. */
export const foldsText = (record: Omit<FoldsRecord, 'format_version'>): string =>
  `${JSON.stringify({ format_version: FORMAT_VERSION, ...record }, null, 2)}\n`;
