import * as v from 'valibot';
import { InputError, printable } from '../errors.ts';
import { expectationOf, parseWith } from './parse.ts';
import type { DeepReadonly, Schema, ValueOf } from './schemas.ts';
import { textForm, valueOfText } from './text-form.ts';

/** The choices of other settings that a setting belongs to, by the name of the other: `{ task: ['question-answering'] }`. */
export type Belonging = Readonly<Record<string, readonly string[] | (() => readonly string[])>>;

/** Facts about an option beside the values that it takes, which its schema says. */
export type OptionFacts<Value> = {
  /** A few words for the help. */
  readonly description: string;
  /** Left out: there is none, so complete settings have it only where it is given. */
  readonly default?: Value;
  /** The default of an adapter that is pruned at initialisation, where it is another one. */
  readonly whenPruned?: Value;
  /** Whether complete settings have it only where it is given, although there is a default. */
  readonly isOptional?: boolean;
  /** Whether complete settings must have it, although there is no default. */
  readonly isRequired?: true;
  /** The default in the words of the help, where that is no value or follows from something else: `as the checkpoint says`. */
  readonly defaultText?: string;
  /** Name on the command line, if it is not the option's own in kebab case; null if it has none there. */
  readonly flag?: string | null;
  /** Its letter on the command line. */
  readonly short?: string;
  /** Stands for the value in the help, such as `<width>`; by default a word for the kind of value. */
  readonly placeholder?: string;
  /** The names that may stand for a value as text, where the schema does not say. */
  readonly choices?: readonly string[];
  /** The tasks or methods on which it has an effect; left out: all. */
  readonly for?: Belonging;
  /** Another setting, without which it has no effect. */
  readonly needs?: string;
  /** Another setting, or several, which cannot be given beside it. */
  readonly excludes?: string | readonly string[];
  /** Whether a run stores it. Default true. */
  readonly isStored?: boolean;
};

/** When complete settings have an option: always, where it belongs to the choices made, or where it is given. */
export type Presence = 'always' | 'where it belongs' | 'where given';

/**
 * A setting declared once: a schema of its values that carries the other facts about it. The check of stored settings, their type,
 * the parser of the command line, the help and the documentation all follow.
 */
export type Option<Value = unknown, Given = unknown, Present extends Presence = Presence> = v.GenericSchema<
  Given,
  Value
> & {
  readonly pipe: readonly [Schema<Value>, v.MetadataAction<Value, OptionFacts<Value>>];
  /** Of the types alone. */
  readonly presence?: Present;
};

/** The value of an option of an adapter or a pruning method: plain JSON. */
export type OptionValue = number | string | boolean | readonly string[] | readonly number[];

export type OptionTable<Value = OptionValue> = Readonly<Record<string, Option<Value>>>;

type Flat<T> = { [Key in keyof T]: T[Key] };
type PresentIn<Table, Presences extends Presence> = {
  [Key in keyof Table]: Table[Key] extends Option<infer _, infer _, infer P>
    ? [P] extends [Presences]
      ? Key
      : never
    : never;
}[keyof Table];

/** The values of a table's options, those without a default where they are given. */
export type ConfigOf<Table extends OptionTable<unknown>> = Flat<
  {
    readonly [Key in Exclude<keyof Table, PresentIn<Table, 'where given'>>]: ValueOf<Table[Key]>;
  } & { readonly [Key in PresentIn<Table, 'where given'>]?: ValueOf<Table[Key]> }
>;

/** Complete settings: options that belong to some choices may be absent. */
export type SettingsOf<Table extends OptionTable<unknown>> = Flat<
  {
    readonly [Key in PresentIn<Table, 'always'>]: ValueOf<Table[Key]>;
  } & { readonly [Key in Exclude<keyof Table, PresentIn<Table, 'always'>>]?: ValueOf<Table[Key]> }
>;

/** Settings as they are given: any may be left out. */
export type GivenOf<Table extends OptionTable<unknown>> = {
  readonly [Key in keyof Table]?: v.InferInput<Table[Key]> | undefined;
};

type PresenceOf<Facts> = Facts extends { readonly isOptional: true }
  ? 'where given'
  : Facts extends { readonly default: unknown }
    ? Facts extends
        | { readonly for: unknown }
        | { readonly needs: string }
        | { readonly excludes: string | readonly string[] }
      ? 'where it belongs'
      : 'always'
    : Facts extends { readonly isRequired: true }
      ? 'always'
      : 'where given';

/** An option that takes the values of a schema. */
export const option = <const S extends v.GenericSchema, const Facts extends OptionFacts<NoInfer<ValueOf<S>>>>(
  schema: S,
  facts: Facts,
): Option<ValueOf<S>, DeepReadonly<v.InferInput<S>>, PresenceOf<Facts>> =>
  v.pipe(schema, v.metadata({ ...facts } as OptionFacts<ValueOf<S>>)) as never;

export const factsOf = <Value>({ pipe: [, { metadata }] }: Option<Value>): OptionFacts<Value> => metadata;

/** The text form of an option: on the command line, in the help and in a table of the documentation. */
export interface OptionForm {
  /** Without `--`; null if it has none. */
  readonly flag: string | null;
  /** Null for a switch, which is false unless given, or true unless it is given with `no-`. In brackets: true where only the flag is given. */
  readonly placeholder: string | null;
  readonly description: string;
  /** The values there are, if they are a few names. */
  readonly choices: readonly string[];
  /** As text. */
  readonly default: string;
  /** The values that are accepted, in words: `a whole number above 0`. */
  readonly expected: string;
  /** The value that a text of the command line stands for. @throws InputError as {@link valueOfText} */
  parse(text: string): unknown;
}

/** `prefixLength` is `prefix-length`. */
export const camelCase = (flag: string): string => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
export const kebabCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** A value as it is written on a command line. */
export function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value !== 'object') return String(value);
  return value === null ? 'none' : valueText(Object.entries(value).map(([name, own]) => `${name}=${own}`));
}

/** @param key the name of the option in settings */
export function formOf(key: string, declared: Option): OptionForm {
  const { placeholder, description, default: fallback, defaultText, ...facts } = factsOf(declared);
  const form = textForm(declared);
  const own =
    form.placeholder === null && placeholder === undefined && fallback === true
      ? `no-${kebabCase(key)}`
      : kebabCase(key);
  return {
    flag: facts.flag === undefined ? own : facts.flag,
    placeholder: placeholder ?? form.placeholder,
    description,
    choices: facts.choices ?? form.choices,
    default: defaultText ?? (fallback === undefined ? '' : valueText(fallback)),
    expected: expectationOf(declared),
    parse: (text) => {
      if (!facts.choices || facts.choices.includes(text)) return valueOfText(declared, text);
      throw new InputError(`It must be one of ${facts.choices.join(', ')}.`);
    },
  };
}

const mayBeAbsent = ({ isOptional, isRequired, default: fallback }: OptionFacts<unknown>): boolean =>
  isOptional === true || (fallback === undefined && !isRequired);

/** The schema of settings with all options of a table; those that are optional may be missing, no others be there. */
export const completeTable = (table: OptionTable<unknown>): Readonly<Record<string, Schema>> =>
  Object.fromEntries(
    Object.entries(table).map(([key, declared]) => [
      key,
      mayBeAbsent(factsOf(declared)) ? v.optional(declared) : declared,
    ]),
  );

/** The same schema for a value that is stored: a text, such as a path, stays as it is written, and stands for no list. */
function asStored(declared: Option<unknown>): Schema {
  const run: Schema['~run'] = (dataset, config) => {
    const written = dataset.value;
    const result = declared['~run'](dataset, config);
    if (!result.typed || typeof written !== 'string') return result;
    if (typeof result.value === 'string') return { ...result, value: written };
    const message = 'a list';
    const issue = {
      kind: 'schema',
      type: 'array',
      input: written,
      expected: message,
      received: 'string',
      message,
    } as const;
    return { typed: false, value: written, issues: [issue] };
  };
  return { ...(declared as unknown as Schema), '~run': run };
}

/** The schema of settings as a run stores them: those that have no effect with the others are missing. */
export const storedTable = (table: OptionTable<unknown>): Readonly<Record<string, Schema>> =>
  Object.fromEntries(
    Object.entries(table).flatMap(([key, declared]) => {
      const facts = factsOf(declared);
      if (facts.isStored === false) return [];
      const mayMiss = mayBeAbsent(facts) || facts.for || facts.needs || facts.excludes;
      const stored = asStored(declared);
      return [[key, mayMiss ? v.optional(stored) : stored]];
    }),
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
    .filter(([key, declared]) => given[key] !== undefined || !mayBeAbsent(factsOf(declared)))
    .map(([key, declared]) => [key, given[key] === undefined ? defaultsFor(factsOf(declared)) : given[key]]);
  return parseWith(v.object(completeTable(table)), Object.fromEntries(values), owner) as ConfigOf<Table>;
}
