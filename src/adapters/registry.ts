import { InputError } from '../errors.ts';
import type { ConfigOf, OptionTable } from '../settings/index.ts';
import * as builtIn from './families.ts';
import type { AdapterSettings, Family } from './family.ts';

const families = new Map<string, Family>(Object.values(builtIn).map((family) => [family.kind, family]));

/** Makes a family known under its name to configurations. @throws Error if the name is taken */
export function registerFamily(family: Family): void {
  if (families.has(family.kind)) throw new Error(`There is an adapter family '${family.kind}' already.`);
  families.set(family.kind, family);
}

/** All families, in the order of registration. */
export const adapterFamilies = (): Family[] => [...families.values()];

/** @throws InputError naming the families there are */
export function familyOf(kind: string): Family {
  const family = families.get(kind);
  if (family) return family;
  throw new InputError(`There is no adapter '${kind}'; there are: ${[...families.keys()].join(', ')}.`);
}

/** The settings with all options of their family. @throws InputError as `Family.configure` and {@link familyOf} */
export function completeSettings(
  { kind, ...given }: AdapterSettings,
  use?: { readonly pruned?: boolean },
): AdapterSettings {
  return familyOf(kind).configure(given, use);
}

/** The options of complete settings. */
export function configOf({ kind: _, ...config }: AdapterSettings): ConfigOf<OptionTable> {
  return config;
}

/** `lora 8`. @throws InputError as {@link completeSettings} */
export function adapterTitle(settings: AdapterSettings): string {
  return familyOf(settings.kind).title(configOf(completeSettings(settings)));
}
