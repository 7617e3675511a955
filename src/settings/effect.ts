import { InputError } from '../errors.ts';
import { factsOf, type OptionFacts, type OptionTable, partialTable } from './option.ts';
import { parseWith } from './parse.ts';
import { strictFields } from './schemas.ts';

/** A choice that decides which settings have an effect, such as the task. */
export interface Choice {
  /** One of the names that settings say they belong to. */
  readonly name: string;
  /** Further names whose settings have an effect with it. */
  readonly also?: readonly string[];
  /** The setting that made it, and its value, where that is not what the choice is called. */
  readonly by?: string;
  readonly value?: string;
  /** The consequence, in words: `which has no weights to prune`. */
  readonly why?: string;
}

export type Choices = Readonly<Record<string, Choice>>;

/** Settings by name. */
export type Values = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The name of a setting where it was given: `--learning-rate`, `learningRate`. */
export type Writer = (key: string) => string;

const namesOf = (names: readonly string[] | (() => readonly string[])): readonly string[] =>
  typeof names === 'function' ? names() : names;

/** The names of the choices that a setting belongs to, by the name of the choice. */
export const belongingOf = (facts: OptionFacts<unknown>): [choice: string, names: readonly string[]][] =>
  Object.entries(facts.for ?? {}).map(([choice, names]) => [choice, namesOf(names)]);

/** The first choice that a setting does not belong to. */
const otherChoice = (facts: OptionFacts<unknown>, choices: Choices): string | undefined =>
  belongingOf(facts).find(
    ([key, names]) => choices[key] && !namesIn(choices[key]).some((name) => names.includes(name)),
  )?.[0];

const namesIn = ({ name, also = [] }: Choice): readonly string[] => [name, ...also];

const isGiven = (values: Values, key: string): boolean => values[key] !== undefined;

/** More names than these are not listed in a message. */
const MOST_NAMES = 5;

function problemOf(key: string, facts: OptionFacts<unknown>, given: Values, choices: Choices, write: Writer) {
  const { needs, excludes } = facts;
  const other = otherChoice(facts, choices);
  if (other !== undefined) {
    const { name, by = other, value = name, why } = choices[other];
    const names = namesOf(facts.for?.[other] ?? []);
    const place = by === other && names.length <= MOST_NAMES ? `; it is for ${names.join(', ')}` : '';
    return `${write(key)} has no effect with ${write(by)} ${value}${why ? `, ${why}` : ''}${place}.`;
  }
  if (needs !== undefined && !isGiven(given, needs)) return `${write(key)} has no effect without ${write(needs)}.`;
  const excluded = [excludes ?? []].flat().find((name) => isGiven(given, name));
  return excluded === undefined ? null : `${write(key)} cannot be combined with ${write(excluded)}.`;
}

/**
 * Refuses settings that would have no effect.
 *
 * @param write how settings are called in the message
 * @throws InputError naming one that does not belong to the choices, needs another one or excludes it
 */
export function refuseWithoutEffect(
  table: OptionTable<unknown>,
  given: Values,
  choices: Choices,
  write: Writer = (key) => key,
): void {
  for (const [key, declared] of Object.entries(table)) {
    const problem = isGiven(given, key) ? problemOf(key, factsOf(declared), given, choices, write) : null;
    if (problem) throw new InputError(problem);
  }
}

/**
 * The given settings that have an effect beside others.
 *
 * @param beside what else is given; of two that exclude each other these stay
 */
export function withEffect(
  table: OptionTable<unknown>,
  given: Values,
  beside: Values,
  choices: Choices,
): Record<string, unknown> {
  const kept = Object.fromEntries(Object.entries(given).filter(([key]) => !isGiven(beside, key)));
  const lost = Object.keys(kept).filter((key) =>
    problemOf(key, factsOf(table[key]), { ...kept, ...beside }, choices, String),
  );
  if (lost.length === 0) return kept;
  const rest = Object.fromEntries(Object.entries(kept).filter(([key]) => !lost.includes(key)));
  return withEffect(table, rest, beside, choices);
}

/**
 * The given settings, and the defaults of others that have an effect, in the order of the table.
 *
 * @param defaults values in the place of declared defaults
 */
export function withDefaults(
  table: OptionTable<unknown>,
  given: Values,
  choices: Choices,
  defaults: Values = {},
): Record<string, unknown> {
  const fallback = (key: string): unknown => {
    const facts = factsOf(table[key]);
    if (facts.isOptional || problemOf(key, facts, given, choices, String)) return undefined;
    return Object.hasOwn(defaults, key) ? defaults[key] : facts.default;
  };
  const values = Object.keys(table).map((key) => [key, given[key] === undefined ? fallback(key) : given[key]] as const);
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/**
 * Reads settings that are given as one object, such as a configuration file.
 *
 * @param label what they come from, for messages
 * @throws InputError for a name that the table lacks, with those that it has, and for a value that a setting does not accept
 */
export function parseGiven(table: OptionTable<unknown>, value: unknown, label: string): Record<string, unknown> {
  const values = parseWith(strictFields(partialTable(table)), value, label);
  return Object.fromEntries(Object.entries(values).filter(([, one]) => one !== undefined));
}
