import { isDeepStrictEqual } from 'node:util';
import { type Command, Option } from 'commander';
import {
  type Option as AdapterOption,
  type AdapterSettings,
  adapterFamilies,
  familyOf,
  type OptionValue,
} from '../adapters/index.ts';
import { UsageError } from './errors.ts';

/** One option of one family. */
interface Use {
  readonly kind: string;
  readonly key: string;
  readonly option: AdapterOption;
}

const kebab = (key: string): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const camel = (flag: string): string => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const nameOf = ({ key, option }: Omit<Use, 'kind'>): string => option.flag ?? kebab(key);

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The options of all families by their names on the command line: several families may have one of the same name. */
function usesByFlag(): Map<string, Use[]> {
  const uses = adapterFamilies().flatMap(({ kind, options }) =>
    Object.entries(options)
      .filter(([, { flag }]) => flag !== null)
      .map(([key, option]): Use => ({ kind, key, option })),
  );
  return grouped(uses, nameOf);
}

/** What all families say, or `houlsby, pfeiffer: bert; lora: lora`. */
function byFamily(uses: readonly Use[], textOf: (option: AdapterOption) => string): string {
  const groups = [...grouped(uses, ({ option }) => textOf(option))];
  if (groups.length === 1) return groups[0][0];
  return groups.map(([text, members]) => `${members.map(({ kind }) => kind).join(', ')}: ${text}`).join('; ');
}

function describe(uses: readonly Use[]): string {
  const choices = [...new Set(uses.flatMap(({ option }) => option.choices ?? []))].join(' | ');
  const isSwitch = uses.every(({ option }) => option.placeholder === null);
  const owners = uses.map(({ kind }) => kind).join(', ');
  const facts = [
    owners,
    ...(choices ? [choices] : []),
    ...(isSwitch ? [] : [`default: ${byFamily(uses, (option) => String(option.default))}`]),
  ];
  return `${byFamily(uses, ({ description }) => description)} (${facts.join('; ')})`;
}

/** The kind of adapter, and the options that the families declare. They are read once the kind is known. */
export function addFamilyOptions(command: Command): Command {
  const families = adapterFamilies();
  const kinds = families.map(({ kind }) => kind);
  const summaries = families.map(({ kind, summary }) => `${kind} (${summary})`).join(', ');
  command.addOption(new Option('--adapter <kind>', `kind of adapter: ${summaries}`).choices(kinds).default('houlsby'));
  for (const [flag, uses] of usesByFlag()) {
    const placeholder = uses.find(({ option }) => option.placeholder !== null)?.option.placeholder;
    command.addOption(new Option(`--${flag}${placeholder ? ` ${placeholder}` : ''}`, describe(uses)));
  }
  return command;
}

/** The options given on the command line, with the key of each in the family; undefined for those of other families. */
function givenOptions(command: Command, kind: string): { flag: string; use: Use | undefined; text: string | true }[] {
  return [...usesByFlag()]
    .filter(([flag]) => command.getOptionValueSource(camel(flag)) === 'cli')
    .map(([flag, uses]) => ({
      flag,
      use: uses.find((use) => use.kind === kind),
      text: command.getOptionValue(camel(flag)),
    }));
}

/** @throws UsageError for a value that the option does not accept */
function acceptedValue(flag: string, { option }: Use, text: string | true): OptionValue {
  const value = text === true ? true : option.parse(text);
  if (option.accepts(value)) return value;
  throw new UsageError(`option '--${flag}' argument '${text}' is invalid. It must be ${option.expected}.`);
}

/**
 * The settings of the adapter that the command line asks for.
 *
 * @param pruned whether it is to be pruned at initialisation
 * @param mixed the adapters that it mixes, by name, if it does
 * @throws UsageError for an option of another family or a wrong value
 */
export function adapterSettings(command: Command, pruned: boolean, mixed?: readonly string[]): AdapterSettings {
  const kind: string = command.getOptionValue('adapter');
  const entries = givenOptions(command, kind).map(({ flag, use, text }) => {
    if (!use) throw new UsageError(`--${flag} is no option of --adapter ${kind}.`);
    return [use.key, acceptedValue(flag, use, text)];
  });
  const given = { ...Object.fromEntries(entries), ...(mixed && { adapters: mixed }) };
  return familyOf(kind).configure(given, { pruned });
}

/** Checks the options of the adapter given beside `--resume`. @throws UsageError naming one that disagrees */
export function checkAdapterAgreement(command: Command, settings: AdapterSettings): void {
  for (const { flag, use, text } of givenOptions(command, settings.kind)) {
    if (use && isDeepStrictEqual(acceptedValue(flag, use, text), settings[use.key])) continue;
    const had = use ? `has ${settings[use.key]}` : 'did not have it';
    const written = text === true ? `--${flag}` : `--${flag} ${text}`;
    throw new UsageError(`${written} cannot be combined with --resume: the stopped run ${had}.`);
  }
}
