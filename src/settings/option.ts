import * as v from 'valibot';
import { InputError, printable } from '../errors.ts';
import { expectationOf, parseWith } from './parse.ts';
import type { Schema, ValueOf } from './schemas.ts';
import { textForm, valueOfText } from './text-form.ts';

/** What there is to know of an option beside the values that it takes, which its schema says. */
export type OptionFacts<Value> = {
  /** A few words for the help. */
  readonly description: string;
  readonly default: Value;
  /** The default of an adapter that is pruned at initialisation, where it is another one. */
  readonly whenPruned?: Value;
  /** Whether complete settings have it only where it is given. */
  readonly isOptional?: boolean;
  /** Name on the command line, if it is not the option's own in kebab case; null if it has none there. */
  readonly flag?: string | null;
  /** What stands for the value in the help, such as `<width>`; by default a word for the kind of value. */
  readonly placeholder?: string;
};

/**
 * A setting declared once: a schema of its values that carries what else there is to know of it. The check of stored settings,
 * their type, the parser of the command line and the help all follow.
 */
export type Option<Value = unknown> = Schema<Value> & {
  readonly pipe: readonly [Schema<Value>, v.MetadataAction<Value, OptionFacts<Value>>];
};

/** The value of an option of an adapter or a pruning method: plain JSON. */
export type OptionValue = number | string | boolean | readonly string[] | readonly number[];

export type OptionTable<Value = OptionValue> = Readonly<Record<string, Option<Value>>>;

/** The values of a table's options. */
export type ConfigOf<Table extends OptionTable<unknown>> = { readonly [Key in keyof Table]: ValueOf<Table[Key]> };

/** An option that takes the values of a schema. */
export const option = <const S extends v.GenericSchema>(
  schema: S,
  facts: OptionFacts<NoInfer<ValueOf<S>>>,
): Option<ValueOf<S>> => v.pipe(schema, v.metadata({ ...facts })) as unknown as Option<ValueOf<S>>;

export const factsOf = <Value>({ pipe: [, { metadata }] }: Option<Value>): OptionFacts<Value> => metadata;

/** How an option is written and told: on the command line, in the help and in a table of the documentation. */
export interface OptionForm {
  /** Without `--`; null if it has none. */
  readonly flag: string | null;
  /** Null for a switch, which is false unless given. */
  readonly placeholder: string | null;
  readonly description: string;
  /** The values there are, if they are a few names. */
  readonly choices: readonly string[];
  /** As text. */
  readonly default: string;
  /** What a value must be: `a whole number above 0`. */
  readonly expected: string;
  /** The value that a text of the command line stands for. @throws InputError as {@link valueOfText} */
  parse(text: string): unknown;
}

/** `prefixLength` is `prefix-length`. */
export const kebabCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** @param key the name of the option in settings */
export function formOf(key: string, declared: Option): OptionForm {
  const { flag = kebabCase(key), placeholder, description, default: fallback } = factsOf(declared);
  const form = textForm(declared);
  return {
    flag,
    placeholder: form.placeholder && (placeholder ?? form.placeholder),
    description,
    choices: form.choices,
    default: Array.isArray(fallback) ? fallback.join(',') : fallback === null ? 'none' : String(fallback),
    expected: expectationOf(declared),
    parse: (text) => valueOfText(declared, text),
  };
}

/** The schema of settings with all options of a table; those that are optional may be missing, no others be there. */
export const completeTable = (table: OptionTable<unknown>): Readonly<Record<string, Schema>> =>
  Object.fromEntries(
    Object.entries(table).map(([key, declared]) => [
      key,
      factsOf(declared).isOptional ? v.optional(declared) : declared,
    ]),
  );

/** The same where all may be missing. */
export const partialTable = (table: OptionTable<unknown>): Readonly<Record<string, Schema>> =>
  Object.fromEntries(Object.entries(table).map(([key, declared]) => [key, v.optional(declared)]));

/**
 * All options of a table with the given values or their defaults.
 *
 * @param owner what has the options, for messages
 * @throws InputError for an option that the table lacks, and for a value that it does not accept
 */
export function completeOptions<Table extends OptionTable<unknown>>(
  owner: string,
  table: Table,
  given: Readonly<Record<string, unknown>>,
  defaultsFor: (facts: OptionFacts<unknown>) => unknown = (facts) => facts.default,
): ConfigOf<Table> {
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(table, key));
  if (unknown !== undefined) {
    const known = Object.keys(table).join(', ') || 'none';
    throw new InputError(`${owner} has no option '${printable(unknown)}'; its options: ${known}.`);
  }
  const values = Object.entries(table)
    .filter(([key, declared]) => given[key] !== undefined || !factsOf(declared).isOptional)
    .map(([key, declared]) => [key, given[key] === undefined ? defaultsFor(factsOf(declared)) : given[key]]);
  return parseWith(v.object(completeTable(table)), Object.fromEntries(values), owner) as ConfigOf<Table>;
}
