import { InputError } from '../errors.ts';
import { shown } from '../settings/index.ts';

/** One input, or a list of them. */
export type Inputs<Input> = Input | readonly Input[];

/** Returns a list. */
export const inputsOf = <Input>(given: Inputs<Input>): readonly Input[] =>
  Array.isArray(given) ? given : [given as Input];

/** Checks that an input has no field but these, such as a second text under another name. @throws InputError naming the field */
export function checkFields(input: unknown, known: readonly string[]): void {
  if (typeof input !== 'object' || input === null) return;
  const other = Object.keys(input).find((name) => !known.includes(name));
  if (other === undefined) return;
  throw new InputError(
    `An input has a field ${shown(other)}, which would not be read; there are ${known.join(' and ')}.`,
  );
}

/** @throws InputError for classes that no model can have */
export function checkLabels(labels: unknown): void {
  if (labels === undefined || labels === null) return;
  const names: readonly unknown[] = Array.isArray(labels) ? labels : [];
  if (names.length > 1 && new Set(names).size === names.length && names.every((name) => typeof name === 'string'))
    return;
  throw new InputError(
    `labels must be a list of two names or more, each another one, not ${shown(labels)}; null means numbers.`,
  );
}

/** @throws InputError for what names no model */
export function checkName(nameOrPath: unknown): asserts nameOrPath is string {
  if (typeof nameOrPath === 'string') return;
  throw new InputError(`The name or path of a model must be a text, not ${shown(nameOrPath)}.`);
}
