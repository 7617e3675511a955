import { InputError } from '../errors.ts';

/** The value of an option: plain JSON. */
export type OptionValue = number | string | boolean | readonly string[] | readonly number[];

/** One option of an adapter family: what it takes and how it is written on the command line. */
export interface Option<Value extends OptionValue = OptionValue> {
  readonly description: string;
  readonly default: Value;
  /** The default of an adapter that is pruned at initialisation, where it is another one. */
  readonly whenPruned?: Value;
  /** Whether complete settings have it only where it is given. */
  readonly isOptional?: boolean;
  /** Name on the command line, if it is not the option's own in kebab case; null if it has none there. */
  readonly flag?: string | null;
  /** The values there are, if they are a few names. */
  readonly choices?: readonly string[];
  /** What stands for the value in the help, such as `<width>`; null for a switch, which is false unless given. */
  readonly placeholder: string | null;
  /** What a value must be, for messages: `a whole number above 0`. */
  readonly expected: string;
  readonly accepts: (value: unknown) => value is Value;
  /** The value that a text on the command line stands for, whether accepted or not. */
  readonly parse: (text: string) => unknown;
}

export type OptionTable = Readonly<Record<string, Option>>;

/** The values of a table's options. */
export type ConfigOf<Table extends OptionTable> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer Value> ? Value : never;
};

type Details<Value extends OptionValue> = Pick<
  Option<Value>,
  'description' | 'default' | 'whenPruned' | 'flag' | 'isOptional'
> & {
  readonly placeholder?: string;
};

const number = (value: string): number => (value.trim() === '' ? Number.NaN : Number(value));

const numeric =
  (expected: string, isValid: (value: number) => boolean) =>
  (details: Details<number>): Option<number> => ({
    placeholder: '<number>',
    ...details,
    expected,
    accepts: (value): value is number => typeof value === 'number' && isValid(value),
    parse: number,
  });

export const positiveInteger = numeric('a whole number above 0', (x) => Number.isSafeInteger(x) && x > 0);
export const numberFromZero = numeric('a number, 0 or more', (x) => Number.isFinite(x) && x >= 0);
export const positiveNumber = numeric('a number above 0', (x) => Number.isFinite(x) && x > 0);
export const probability = numeric('a number in [0, 1)', (x) => x >= 0 && x < 1);

/** One of some names. */
export const choice = <const Name extends string>(
  names: readonly Name[],
  details: Omit<Details<NoInfer<Name>>, 'placeholder'>,
): Option<Name> => ({
  ...details,
  placeholder: '<name>',
  choices: names,
  expected: `one of ${names.join(', ')}`,
  accepts: (value): value is Name => names.includes(value as Name),
  parse: (text) => text,
});

/** A list of names, on the command line with commas between them. */
export const names = (details: Details<readonly string[]>): Option<readonly string[]> => ({
  placeholder: '<names>',
  ...details,
  expected: 'a list of names, at least one',
  accepts: (value): value is readonly string[] =>
    Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name !== ''),
  parse: (text) => text.split(',').map((name) => name.trim()),
});

/** A list of different whole numbers from 0, on the command line with commas between them. */
export const wholeNumbers = (details: Details<readonly number[]>): Option<readonly number[]> => ({
  placeholder: '<numbers>',
  ...details,
  expected: 'a list of different whole numbers from 0, at least one',
  accepts: (value): value is readonly number[] =>
    Array.isArray(value) &&
    value.length > 0 &&
    new Set(value).size === value.length &&
    value.every((item) => Number.isSafeInteger(item) && item >= 0),
  parse: (text) => text.split(',').map(number),
});

/** True or false; on the command line a switch. */
export const yesOrNo = (details: Omit<Details<boolean>, 'placeholder'>): Option<boolean> => ({
  ...details,
  placeholder: null,
  expected: 'true or false',
  accepts: (value): value is boolean => typeof value === 'boolean',
  parse: (text) => text === 'true',
});

/**
 * All options of a table with the given values or their defaults.
 *
 * @param owner what has the options, for messages
 * @throws InputError for an option that the table lacks, and for a value that it does not accept
 */
export function completeOptions<Table extends OptionTable>(
  owner: string,
  table: Table,
  given: Readonly<Record<string, unknown>>,
  defaultsFor: (option: Option) => OptionValue,
): ConfigOf<Table> {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(table, key));
  if (unknown !== undefined) {
    const known = Object.keys(table).join(', ') || 'none';
    throw new InputError(`${owner} has no option '${unknown}'; its options: ${known}.`);
  }
  const present = Object.entries(table).filter(([key, { isOptional }]) => !isOptional || given[key] !== undefined);
  const config = present.map(([key, option]) => {
    const value = given[key] ?? defaultsFor(option);
    if (!option.accepts(value)) {
      throw new InputError(
        `${owner}: ${key} must be ${option.expected}, not ${JSON.stringify(value) ?? String(value)}.`,
      );
    }
    return [key, value];
  });
  return Object.fromEntries(config) as ConfigOf<Table>;
}
