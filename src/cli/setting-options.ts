import { type Command, InvalidArgumentError, Option } from 'commander';
import { InputError } from '../errors.ts';
import {
  belongingOf,
  factsOf,
  formOf,
  kebabCase,
  type Schema,
  type SettingGroup,
  type ValueOf,
  valueOfText,
} from '../settings/index.ts';
import { settingTable } from '../training/index.ts';
import { addFamilyOptions } from './adapter-options.ts';

type Declared = Parameters<typeof factsOf>[0];

/** Returns a parser of an option's text that accepts what the schema does. */
export const parserOf =
  <const S extends Schema>(schema: S) =>
  (text: string): ValueOf<S> =>
    accepted(() => valueOfText(schema, text));

function accepted<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof InputError ? new InvalidArgumentError(error.message) : error;
  }
}

/** Stands for null while a command line is read: the parser of options takes null for no value at all. */
const NONE = Symbol('none');

/** Replaces the value `none` of options by null. */
export function readNone(command: Command): void {
  for (const option of command.options) {
    const key = option.attributeName();
    if (command.getOptionValue(key) !== NONE) continue;
    command.setOptionValueWithSource(key, null, command.getOptionValueSource(key));
  }
}

/** Returns a parser of values with commas between them, each once. */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string): T[] => {
    const items = text.split(',').map((item) => item.trim());
    if (items.includes('')) throw new InvalidArgumentError('It must be values with commas between them.');
    return [...new Set(items)].map(parse);
  };

/** The same for values of a schema. */
export const listParserOf = <const S extends Schema>(schema: S) => listOf(parserOf(schema));

/** The help text and default of a setting, where a command has its own. */
export interface Told {
  readonly description?: string;
  /** Null: none, as the value then comes from elsewhere. */
  readonly defaultText?: string | null;
}

/** `; for question-answering`, where that is said shortly. */
function belongs(declared: Declared): string {
  const names = belongingOf(factsOf(declared)).flatMap(([choice, all]) => (choice === 'known' ? [] : all));
  return names.length > 0 && names.length <= 3 ? `; for ${names.join(', ')}` : '';
}

/**
 * Returns the option of a command line for a setting. Its value is the setting's.
 *
 * @throws Error for a setting that has no option
 */
export function settingOption(key: string, declared: Declared, told: Told = {}): Option {
  const form = formOf(key, declared);
  const { flag, placeholder, description, choices, default: usual } = form;
  const { short, default: value, ...facts } = factsOf(declared);
  const defaultText = told.defaultText ?? facts.defaultText;
  if (flag === null) throw new Error(`The setting '${key}' has no option.`);
  const flags = `${short ? `-${short}, ` : ''}--${flag}${placeholder ? ` ${placeholder}` : ''}`;
  const option = new Option(flags, told.description ?? `${description}${belongs(declared)}`);
  if (placeholder === null) return option;
  // The parser takes --no-repeat-ngram-size for the absence of another option.
  option.negate = false;
  option.argParser((text: string) => accepted(() => form.parse(text)) ?? NONE);
  if (choices.length > 0) option.argChoices = [...choices];
  if (told.defaultText === null) return option;
  if (told.defaultText !== undefined || value === undefined)
    return option.default(value === undefined || told.defaultText !== undefined ? undefined : value, defaultText);
  return option.default(value, usual);
}

/** Returns the option of a setting of runs for another command. */
export const shared = (key: keyof ReturnType<typeof settingTable>, told?: Told): Option =>
  settingOption(key, settingTable()[key], told);

/** Adds the options of settings, group by group; with the kind of adapter those of all families. */
export function addSettings(
  command: Command,
  groups: readonly SettingGroup[],
  told: Readonly<Record<string, Told>> = {},
): Command {
  for (const { title, settings } of groups) {
    command.optionsGroup(`${title}:`);
    for (const [key, declared] of Object.entries(settings)) {
      if (factsOf(declared).flag === null) continue;
      command.addOption(settingOption(key, declared, told[key]));
      if (key === 'adapter') addFamilyOptions(command);
    }
  }
  return command;
}

/** The option of a setting as it is written, such as `--learning-rate`. */
export const written = (key: string): string => `--${kebabCase(key)}`;
