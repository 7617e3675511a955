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
 * @throws UsageError for an option of another family or a wrong value
 */
export function adapterSettings(command: Command, pruned: boolean): AdapterSettings {
  const kind: string = command.getOptionValue('adapter');
  return familyOf(kind).configure(declaredValues(command, families(), '--adapter', kind), { pruned });
}

/** Checks the options of the adapter given beside `--resume`. @throws UsageError naming one that disagrees */
export function checkAdapterAgreement(command: Command, { kind, ...stored }: AdapterSettings): void {
  checkDeclaredAgreement(command, families(), kind, stored);
}
