import { readFileSync, statSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { isJsonObject, parseJson } from './json.ts';

/** Returns the error of the operating system in one line: `action` says what was tried on which path. */
export function fileError(action: string, error: unknown): InputError {
  const told = (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
  // A path that is too long would push the reason itself out of the line; the action names it already.
  const reason = told.length > 500 ? told.replace(/, \w+ '.*$/s, '') : told;
  return new InputError(`${action}: ${reason}.`, { cause: error });
}

/** Returns whether there is such a folder. */
export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** Returns whether two paths lead to one file, through links too. */
export function isSameFile(one: string, other: string): boolean {
  const [first, second] = [one, other].map((path) => statSync(path, { throwIfNoEntry: false, bigint: true }));
  return first !== undefined && first.dev === second?.dev && first.ino === second.ino;
}

/** The text of a UTF-8 file. @throws InputError when it cannot be read or is no UTF-8 */
export const readTextFile = (path: string): string => textOf(readBinaryFile(path), path);

/** The bytes of a file. @throws InputError when it cannot be read */
export function readBinaryFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw fileError(`Cannot read ${path}`, error);
  }
}

/** @throws InputError when the bytes are no UTF-8, of which a text would be another one in silence */
function textOf(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError(`${path} is no UTF-8; save it as UTF-8, or download it again.`);
  }
}

/** The object in a JSON file. @throws InputError when the file cannot be read or holds anything else */
export function readJsonObject(path: string): Record<string, unknown> {
  const value = parseJson(readTextFile(path), path);
  if (!isJsonObject(value)) throw new InputError(`${path} must hold a JSON object.`);
  return value;
}
