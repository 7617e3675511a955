import { isJsonObject } from '../io/json.ts';

/** What is wrong with a value, where the place is not known yet. */
export class FieldProblem extends Error {}

/** The field of a value of a file, which must be an object that has it. @throws FieldProblem */
export function fieldOf(object: unknown, name: string): unknown {
  if (!isJsonObject(object) || !Object.hasOwn(object, name) || object[name] === undefined)
    throw new FieldProblem(`there is no "${name}"`);
  return object[name];
}

/** The same for a field that holds a list. */
export function listOf(object: unknown, name: string): unknown[] {
  const value = fieldOf(object, name);
  if (Array.isArray(value)) return value;
  throw new FieldProblem(`"${name}" is not a list`);
}

/** The same for a field that holds a text that is not empty. */
export function textOf(object: unknown, name: string): string {
  const value = fieldOf(object, name);
  if (typeof value !== 'string') throw new FieldProblem(`"${name}" is not a text`);
  if (value.trim() === '') throw new FieldProblem(`"${name}" is empty`);
  return value;
}

/** What `read` returns, or what is wrong with a field that it asks for. */
export function readOr<Value, Other>(read: () => Value, otherwise: (problem: string) => Other): Value | Other {
  try {
    return read();
  } catch (error) {
    if (error instanceof FieldProblem) return otherwise(error.message);
    throw error;
  }
}
