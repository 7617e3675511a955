import { type Command, Option } from 'commander';
import { type AdapterSettings, adapterFamilies, familyOf } from '../adapters/index.ts';
import { addDeclaredOptions, checkDeclaredAgreement, declaredValues, summaries } from './declared-options.ts';

const families = () => adapterFamilies().map(({ kind, ...family }) => ({ ...family, name: kind }));

/** The kind of adapter, and the options that the families declare. */
export function addFamilyOptions(command: Command, defaultKind?: string): Command {
  const all = families();
  const kind = new Option('--adapter <kind>', `kind of adapter: ${summaries(all)}`)
    .choices(all.map(({ name }) => name))
    .default(defaultKind);
  return addDeclaredOptions(command.addOption(kind), all);
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
  const given = declaredValues(command, families(), '--adapter', kind);
  return familyOf(kind).configure({ ...given, ...(mixed && { adapters: mixed }) }, { pruned });
}

/** Checks the options of the adapter given beside `--resume`. @throws UsageError naming one that disagrees */
export function checkAdapterAgreement(command: Command, { kind, ...stored }: AdapterSettings): void {
  checkDeclaredAgreement(command, families(), kind, stored);
}
