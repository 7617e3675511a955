import { InputError } from '../errors.ts';
import { printable } from '../settings/index.ts';

/** Returns the value of a JSON text. @throws InputError naming its source when it is not JSON */
export function parseJson(text: string, label: string): unknown {
  try {
    // Editors of Windows put a byte order mark in front.
    return JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(printable(`${label} is not valid JSON: ${reason}.`), { cause: error });
  }
}

/** Returns whether a value parsed from JSON is an object, not an array or null. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
