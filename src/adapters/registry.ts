import * as v from 'valibot';
import { InputError } from '../errors.ts';
import {
  type ConfigOf,
  chosenBy,
  completeTable,
  type OptionTable,
  oneOf,
  openFields,
  partialTable,
  type Schema,
  strictFields,
} from '../settings/index.ts';
import * as builtIn from './families.ts';
import type { AdapterSettings, Family } from './family.ts';

const families = new Map<string, Family>(Object.values(builtIn).map((family) => [family.kind, family]));

/** Makes a family known under its name to configurations. @throws Error if the name is taken */
export function registerFamily(family: Family): void {
  if (families.has(family.kind)) throw new Error(`There is an adapter family '${family.kind}' already.`);
  families.set(family.kind, family);
}

/** The families that are offered, in the order of registration. */
export const adapterFamilies = (): Family[] => [...families.values()].filter(({ isOnlyLoaded }) => !isOnlyLoaded);

const offered = (): string[] => adapterFamilies().map(({ kind }) => kind);

/** @throws InputError naming the families there are */
export function familyOf(kind: string): Family {
  const family = families.get(kind);
  if (family) return family;
  throw new InputError(`There is no adapter '${kind}'; there are: ${offered().join(', ')}.`);
}

/** The settings with all options of their family. @throws InputError as `Family.configure` and {@link familyOf} */
export function completeSettings(
  { kind, ...given }: AdapterSettings,
  use?: { readonly pruned?: boolean },
): AdapterSettings {
  return familyOf(kind).configure(given, use);
}

/** Settings of an adapter as one of the families that are known declares them. */
const settingsBy = (tableOf: (table: OptionTable) => Readonly<Record<string, Schema>>): Schema<AdapterSettings> =>
  chosenBy(({ kind }) => {
    const family = typeof kind === 'string' ? families.get(kind) : undefined;
    if (!family) return openFields({ kind: oneOf(offered()) }) as never;
    return strictFields({
      kind: v.literal(family.kind),
      ...tableOf(family.options),
    }) as unknown as Schema<AdapterSettings>;
  });

/** The schema of settings that have all options, as files do. */
export const completeAdapter = settingsBy(completeTable);
/** The schema of settings in which options may be left out. */
export const givenAdapter = settingsBy(partialTable);

/** The options of complete settings. */
export function configOf({ kind: _, ...config }: AdapterSettings): ConfigOf<OptionTable> {
  return config;
}

/** `lora 8`. @throws InputError as {@link completeSettings} */
export function adapterTitle(settings: AdapterSettings): string {
  return familyOf(settings.kind).title(configOf(completeSettings(settings)));
}
