import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { activations } from '../ops/activations.ts';
import { printable, shown } from '../settings/index.ts';

/** The content of a `config.json`. */
export type ConfigJson = Readonly<Record<string, unknown>>;

/** The error for a field of a model's file: what it must be and what it is. */
export function fieldError(name: string, value: unknown, supported: string, file = 'config.json'): InputError {
  const given = value === undefined ? 'is missing' : `${shown(value)} is not supported`;
  return new InputError(`${printable(file)}: ${name} ${given}; it must be ${supported}.`);
}

/** Returns whether a field switches nothing on. */
export const isOff = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === false ||
  value === 0 ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** A field that may be left out, or be null as Python writes it. */
export const optional = <const S extends v.GenericSchema, const D extends v.InferOutput<S> | null>(
  schema: S,
  fallback: D,
) => v.nullish(schema, fallback as never) as v.GenericSchema<unknown, v.InferOutput<S> | D>;

/** A field of which one value is supported, which is also the default. */
export const only = (value: string | number | boolean, why = '') => {
  const expected = `${value}${why && ` (${why})`}`;
  return v.nullish(v.literal(value, expected), value);
};

/** A field that asks for what is not there, unless it is left out, empty or false. */
export const absent = (why: string) => v.optional(v.custom<unknown>(isOff, `left out (${why})`));

/** The name of an activation. */
export const activationName = v.picklist(
  Object.keys(activations) as (keyof typeof activations)[],
  `one of ${Object.keys(activations).join(', ')}`,
);
