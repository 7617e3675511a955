import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/browser.ts';
import { isOff } from '../models/config-json.ts';

/** The content of a configuration. */
export type Json = Readonly<Record<string, unknown>>;

/** @throws InputError naming the first field that asks for a feature which is not there */
export function refuseFeatures(label: string, config: Json, features: Readonly<Record<string, string>>): void {
  const [key] = Object.keys(features).filter((name) => !isOff(config[name]));
  if (key !== undefined) {
    throw new InputError(
      `${label}: ${features[key]} (${key} ${JSON.stringify(config[key])}) is not supported; save an adapter without it.`,
    );
  }
}

/** The field's number, or the default if it is missing. @throws InputError if it is something else */
export function numberField(label: string, config: Json, key: string, fallback?: number): number {
  const value = config[key] ?? fallback;
  if (typeof value === 'number') return value;
  throw new InputError(`${label}: ${key} must be a number, not ${JSON.stringify(value) ?? 'missing'}.`);
}

/** The field's text, or undefined. */
export const textField = (config: Json, key: string): string | undefined =>
  typeof config[key] === 'string' && config[key] !== '' ? (config[key] as string) : undefined;

/** Returns the value of `make`; an error in it names the file that it comes from. */
export function inFile<T>(label: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${label}: ${error.message}`) : error;
  }
}

/** JSON as Python's `json.dump(..., indent=2, sort_keys=True)` writes it. */
export const sortedJson = (fields: Json): string =>
  `${JSON.stringify(fields, (_, value) => (isJsonObject(value) ? sorted(value) : value), 2)}\n`;

const sorted = (fields: Json): Json => Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
