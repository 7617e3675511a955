import { type Command, Option } from 'commander';
import type { AdapterSettings } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { readJsonObject } from '../io/index.ts';
import {
  factsOf,
  firstDisagreement,
  type OptionTable,
  refuseWithoutEffect,
  type Values,
  valueText,
  type Writer,
  withEffect,
} from '../settings/index.ts';
import {
  type ChosenSettings,
  choicesOf,
  chosenSettings,
  type GivenSettings,
  readSettings,
  settingTable,
} from '../training/index.ts';
import { familyFlag, familyValues } from './adapter-options.ts';
import { UsageError } from './errors.ts';
import { isExplicit } from './options.ts';
import { written } from './setting-options.ts';

export const configOption = (): Option => new Option('--config <file>', 'read settings from a JSON file; options win');

/** The options by which settings are read from a file and printed for one. */
export const addConfigOptions = (command: Command): Command =>
  command
    .addOption(configOption())
    .addOption(new Option('--print-config', 'print the settings as such a file and end'));

/** Settings that a command was given: by options, and by a configuration file. Options win. */
export interface Given {
  readonly settings: GivenSettings;
  /** Returns the name of a setting where it was given, or where it could be. */
  readonly write: Writer;
}

/** The settings that options give. */
function fromOptions(command: Command, table: OptionTable<unknown>, file: GivenSettings): GivenSettings {
  const keys = Object.keys(table).filter((key) => isExplicit(command, key) && key !== 'adapter');
  const values = Object.fromEntries(keys.map((key) => [key, command.getOptionValue(key)]));
  const ofFile = typeof file.adapter === 'string' ? { kind: file.adapter } : file.adapter;
  const usual = factsOf(table.adapter).default as AdapterSettings;
  const named = isExplicit(command, 'adapter')
    ? (command.getOptionValue('adapter') as AdapterSettings).kind
    : undefined;
  const kind = named ?? ofFile?.kind ?? usual.kind;
  const options = familyValues(command, kind);
  if (named === undefined && Object.keys(options).length === 0) return values;
  return { ...values, adapter: { ...(ofFile?.kind === kind && ofFile), kind, ...options } };
}

/** Reads the settings that a command is given. @throws UsageError for options that do not fit, InputError for a configuration file that does not */
export function givenSettings(command: Command): Given {
  const table = settingTable();
  const path: string | undefined = command.getOptionValue('config');
  const file: GivenSettings = path === undefined ? {} : readSettings(readJsonObject(path), path);
  const options = fromOptions(command, table, file);
  const settings: GivenSettings = { ...file, ...options };
  const rest: Values = withEffect(table, file, options, choicesOf(settings));
  // Settings that the options leave without effect are dropped; those without effect in the file itself are a mistake there.
  const dropped = Object.entries(table).filter(([key]) => Object.hasOwn(file, key) && !Object.hasOwn(rest, key));
  const inFile: Writer = (key) => (Object.hasOwn(file, key) ? `${path}: ${key}` : key);
  refuseWithoutEffect(Object.fromEntries(dropped), file, choicesOf(file), inFile);
  const write: Writer = (key) => {
    const [outer, inner] = key.split('.');
    if (inner !== undefined) return `--${familyFlag(choicesOf(settings).adapter.name, inner) ?? inner}`;
    return Object.hasOwn(rest, outer) && path !== undefined ? `${path}: ${key}` : written(key);
  };
  return { settings: { ...rest, ...options }, write };
}

/** Runs a check of settings whose errors are those of the command line. */
export function asUsage<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof InputError ? new UsageError(error.message) : error;
  }
}

/** The settings that options and configuration stand for. @throws UsageError if one is missing or has no effect */
export const chosenByCommand = (
  { settings, write }: Given,
  options: { readonly isTrained?: boolean } = {},
): ChosenSettings => asUsage(() => chosenSettings(settings, { write, ...options }));

/** The settings of a command as a configuration file has them. @throws UsageError if one is missing or has no effect */
export function configOf(given: Given): Values {
  const table: OptionTable<unknown> = settingTable();
  const isGiven = (key: string) => Object.hasOwn(given.settings, key);
  return Object.fromEntries(
    Object.entries(chosenByCommand(given)).filter(([key]) => factsOf(table[key]).isStored !== false || isGiven(key)),
  );
}

/**
 * Checks the options given with `--resume`: a stopped run continues as it began.
 *
 * @throws UsageError naming a setting that disagrees
 */
export function checkAgreement({ settings, write }: Given, stored: GivenSettings): void {
  const table: OptionTable<unknown> = settingTable();
  const kept = Object.entries(settings).filter(([key]) => factsOf(table[key]).isStored !== false || key === 'fuse');
  const other = firstDisagreement(Object.fromEntries(kept), stored);
  if (!other) return;
  const given = other.given === true ? '' : ` ${valueText(other.given)}`;
  const had = other.stored === undefined ? 'did not have it' : `has ${valueText(other.stored)}`;
  throw new UsageError(`${write(other.key)}${given} cannot be combined with --resume: the stopped run ${had}.`);
}
