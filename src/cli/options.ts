import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from './errors.ts';
import { written } from './setting-options.ts';

/** Names with commas between them, each once. */
export function nameList(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('') || new Set(names).size < names.length || names.length < 2) {
    throw new InvalidArgumentError('It must be two names or more, all different, with commas between them.');
  }
  return names;
}

/** Whether the user gave the option, rather than its default. */
export const isExplicit = (command: Command, flag: string): boolean => command.getOptionValueSource(flag) === 'cli';

/** @throws UsageError if the user gave one of the options */
export function rejectExplicit(command: Command, flags: readonly string[], problem: string): void {
  const flag = flags.find((name) => isExplicit(command, name));
  if (flag !== undefined) throw new UsageError(`${written(flag)} ${problem}.`);
}

/** The option of commands that can write a file in the place of standard output. */
export const outputFileOption = (description: string) => new Option('-o, --output <file>', description);
export const overwriteOption = () => new Option('--overwrite', 'replace an --output that is there already');

/** The option of commands that print a document for machines. */
export const jsonOption = (description = 'print one JSON document for machines instead of tables') =>
  new Option('--json', description);
