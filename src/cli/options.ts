import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import type { BackendName } from '../backends/index.ts';
import { runDefaults } from '../training/index.ts';

/** A parser of an option's value that accepts what `isValid` does. */
const number =
  (isValid: (value: number) => boolean, expected: string) =>
  (text: string): number => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!isValid(value)) throw new InvalidArgumentError(`It must be ${expected}.`);
    return value;
  };

export const positiveInteger = number((x) => Number.isSafeInteger(x) && x > 0, 'a whole number above 0');
export const naturalNumber = number((x) => Number.isSafeInteger(x) && x >= 0, 'a whole number, 0 or more');
export const positiveNumber = number((x) => Number.isFinite(x) && x > 0, 'a number above 0');
export const numberFromZero = number((x) => Number.isFinite(x) && x >= 0, 'a number, 0 or more');
export const ratio = number((x) => x >= 0 && x <= 1, 'a number from 0 to 1');
export const sparsity = number((x) => x >= 0 && x < 1, 'in [0, 1): the fraction of weights removed, 0.4 removes 40 %');

/** A positive number, or `none` for null. */
export const positiveNumberOrNone = (text: string): number | null => (text === 'none' ? null : positiveNumber(text));

/** One column, or two with a comma between them. */
export function textColumns(text: string): string[] {
  const columns = text.split(',').map((column) => column.trim());
  if (columns.length > 2 || columns.includes('')) {
    throw new InvalidArgumentError('It must be a column, or two columns with a comma between them.');
  }
  return columns;
}

/** An absolute path, so that what is stored of it stays valid in another directory. */
export const path = (text: string): string => resolve(text);

/** An absolute path if there is such a folder, else the name of a package. */
export const model = (text: string): string => (existsSync(text) ? resolve(text) : text);

export const backendNames = ['wasm', 'reference', 'gpu'] as const satisfies readonly BackendName[];

/** Options of several commands; each call makes a new one. */
export const shared = {
  model: (description = 'model folder in the Hugging Face layout, or installed npm package') =>
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
  maxLength: () =>
    new Option(
      '--max-length <tokens>',
      `longest input, the rest is cut off; by default ${runDefaults.maxLength}, or less if the model takes less`,
    ).argParser(positiveInteger),
};
