import { isDeepStrictEqual } from 'node:util';
import { type Command, Option } from 'commander';
import { InputError } from '../errors.ts';
import { formOf, type OptionForm, type OptionTable, type OptionValue } from '../settings/index.ts';
import { UsageError } from './errors.ts';

/** Something that can be chosen by name and declares options of its own: a family of adapters, a pruning method. */
export interface Owner {
  readonly name: string;
  readonly options: OptionTable;
}

/** One option of one owner. */
interface Use {
  readonly owner: string;
  readonly key: string;
  readonly form: OptionForm;
}

const camel = (flag: string): string => flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The options by their names on the command line: several owners may have one of the same name. */
function usesByFlag(owners: readonly Owner[]): Map<string, Use[]> {
  const uses = owners.flatMap(({ name, options }) =>
    Object.entries(options).map(([key, option]): Use => ({ owner: name, key, form: formOf(key, option) })),
  );
  return grouped(
    uses.filter(({ form }) => form.flag !== null),
    ({ form }) => form.flag ?? '',
  );
}

/** What all owners say, or `houlsby, pfeiffer: bert; lora: lora`. */
function byOwner(uses: readonly Use[], textOf: (form: OptionForm) => string): string {
  const groups = [...grouped(uses, ({ form }) => textOf(form))];
  if (groups.length === 1) return groups[0][0];
  return groups.map(([text, members]) => `${members.map(({ owner }) => owner).join(', ')}: ${text}`).join('; ');
}

function describe(uses: readonly Use[]): string {
  const choices = [...new Set(uses.flatMap(({ form }) => form.choices))].join(' | ');
  const isSwitch = uses.every(({ form }) => form.placeholder === null);
  const owners = uses.map(({ owner }) => owner).join(', ');
  const facts = [
    owners,
    ...(choices ? [choices] : []),
    ...(isSwitch ? [] : [`default: ${byOwner(uses, (form) => form.default)}`]),
  ];
  return `${byOwner(uses, ({ description }) => description)} (${facts.join('; ')})`;
}

/** `houlsby (bottlenecks behind ...), lora (low-rank changes ...)` */
export const summaries = (owners: readonly { readonly name: string; readonly summary: string }[]): string =>
  owners.map(({ name, summary }) => `${name} (${summary})`).join(', ');

/** Adds the options of all owners. They are read once the owner is known. */
export function addDeclaredOptions(command: Command, owners: readonly Owner[]): Command {
  for (const [flag, uses] of usesByFlag(owners)) {
    const placeholder = uses.find(({ form }) => form.placeholder !== null)?.form.placeholder;
    command.addOption(new Option(`--${flag}${placeholder ? ` ${placeholder}` : ''}`, describe(uses)));
  }
  return command;
}

/** An option given on the command line; `use` is what it is to the chosen owner, undefined if it belongs to others. */
interface Given {
  readonly flag: string;
  readonly use: Use | undefined;
  readonly text: string | true;
}

function givenOptions(command: Command, owners: readonly Owner[], chosen: string): Given[] {
  return [...usesByFlag(owners)]
    .filter(([flag]) => command.getOptionValueSource(camel(flag)) === 'cli')
    .map(([flag, uses]) => ({
      flag,
      use: uses.find(({ owner }) => owner === chosen),
      text: command.getOptionValue(camel(flag)),
    }));
}

/** @throws UsageError for a value that the option does not accept */
function acceptedValue(flag: string, { form }: Use, text: string | true): OptionValue {
  try {
    return form.parse(String(text)) as OptionValue;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UsageError(`option '--${flag}' argument '${text}' is invalid. ${error.message}`);
  }
}

/**
 * The options of one owner that the command line gives.
 *
 * @param choice the option by which the owner is chosen, such as `--adapter`
 * @throws UsageError for an option of another owner or a wrong value
 */
export function declaredValues(
  command: Command,
  owners: readonly Owner[],
  choice: string,
  chosen: string,
): Record<string, OptionValue> {
  const entries = givenOptions(command, owners, chosen).map(({ flag, use, text }) => {
    if (!use) throw new UsageError(`--${flag} is no option of ${choice} ${chosen}.`);
    return [use.key, acceptedValue(flag, use, text)];
  });
  return Object.fromEntries(entries);
}

/** Checks the options given beside `--resume` against stored ones. @throws UsageError naming one that disagrees */
export function checkDeclaredAgreement(
  command: Command,
  owners: readonly Owner[],
  chosen: string,
  stored: Readonly<Record<string, OptionValue>>,
): void {
  for (const { flag, use, text } of givenOptions(command, owners, chosen)) {
    if (use && isDeepStrictEqual(acceptedValue(flag, use, text), stored[use.key])) continue;
    const had = use ? `has ${stored[use.key]}` : 'did not have it';
    const written = text === true ? `--${flag}` : `--${flag} ${text}`;
    throw new UsageError(`${written} cannot be combined with --resume: the stopped run ${had}.`);
  }
}
