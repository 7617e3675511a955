import { type Command, Option } from 'commander';
import { adapterFamilies } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { camelCase, formOf, type OptionForm, type OptionValue } from '../settings/index.ts';
import { UsageError } from './errors.ts';

/** One option of one family. */
interface Use {
  readonly family: string;
  readonly key: string;
  readonly form: OptionForm;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

/** The options by their names on the command line: several families may have one of the same name. */
function usesByFlag(): Map<string, Use[]> {
  const uses = adapterFamilies().flatMap(({ kind, options }) =>
    Object.entries(options).map(([key, option]): Use => ({ family: kind, key, form: formOf(key, option) })),
  );
  return grouped(
    uses.filter(({ form }) => form.flag !== null),
    ({ form }) => form.flag ?? '',
  );
}

/** Returns the text that all families share, or one per group: `houlsby, pfeiffer: bert; lora: lora`. */
function byFamily(uses: readonly Use[], textOf: (form: OptionForm) => string): string {
  const groups = [...grouped(uses, ({ form }) => textOf(form))];
  if (groups.length === 1) return groups[0][0];
  return groups.map(([text, members]) => `${members.map(({ family }) => family).join(', ')}: ${text}`).join('; ');
}

function describe(uses: readonly Use[]): string {
  const choices = [...new Set(uses.flatMap(({ form }) => form.choices))].join(' | ');
  const isSwitch = uses.every(({ form }) => form.placeholder === null);
  const families = uses.map(({ family }) => family).join(', ');
  const facts = [
    families,
    ...(choices ? [choices] : []),
    ...(isSwitch ? [] : [`default: ${byFamily(uses, (form) => form.default)}`]),
  ];
  return `${byFamily(uses, ({ description }) => description)} (${facts.join('; ')})`;
}

/** Adds the options of all families. They are read once the family is known. */
export function addFamilyOptions(command: Command): Command {
  for (const [flag, uses] of usesByFlag()) {
    const placeholder = uses.find(({ form }) => form.placeholder !== null)?.form.placeholder;
    command.addOption(new Option(`--${flag}${placeholder ? ` ${placeholder}` : ''}`, describe(uses)));
  }
  return command;
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

/** Returns the options of a family that the command line gives. @throws UsageError for one of another family, or a wrong value */
export function familyValues(command: Command, kind: string): Record<string, OptionValue> {
  const given = [...usesByFlag()].filter(([flag]) => command.getOptionValueSource(camelCase(flag)) === 'cli');
  const values = given.map(([flag, uses]) => {
    const use = uses.find(({ family }) => family === kind);
    if (!use) throw new UsageError(`--${flag} is no option of --adapter ${kind}.`);
    return [use.key, acceptedValue(flag, use, command.getOptionValue(camelCase(flag)))];
  });
  return Object.fromEntries(values);
}

/** The flag of a family's option, without `--`. */
export const familyFlag = (kind: string, key: string): string | undefined =>
  [...usesByFlag()].find(([, uses]) => uses.some((use) => use.family === kind && use.key === key))?.[0];
