import { InputError } from '../errors.ts';
import { isJsonObject } from '../io/json.ts';

/** The field of a value of a file, which must be an object that has it. @throws InputError naming the place */
export function fieldOf(place: string, object: unknown, name: string): unknown {
  if (!isJsonObject(object) || !Object.hasOwn(object, name) || object[name] === undefined)
    throw new InputError(`${place} has no "${name}"`);
  return object[name];
}

/** The same for a field that holds a list. */
export function listOf(place: string, object: unknown, name: string): unknown[] {
  const value = fieldOf(place, object, name);
  if (Array.isArray(value)) return value;
  throw new InputError(`${place}: "${name}" is not a list`);
}

/** The same for a field that holds a text that is not empty. */
export function textOf(place: string, object: unknown, name: string): string {
  const value = fieldOf(place, object, name);
  if (typeof value !== 'string') throw new InputError(`${place}: "${name}" is not a text`);
  if (value.trim() === '') throw new InputError(`${place}: "${name}" is empty`);
  return value;
}
