import * as v from 'valibot';

/**
 * Schemas for what files and settings hold, with messages that say what a value must be: `a whole number above 0`.
 * `parseWith` puts the file, the field and what was found around them.
 */

/** A schema of any value. */
export type Schema<Value = unknown> = v.GenericSchema<unknown, Value>;

export type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** The output type of a schema, read-only. */
export type ValueOf<S extends v.GenericSchema> = DeepReadonly<v.InferOutput<S>>;

const number = (expected: string, isValid: (value: number) => boolean) =>
  v.pipe(v.number(expected), v.check(isValid, expected));

export const finiteNumber = number('a finite number', Number.isFinite);
export const wholeNumber = number('a whole number, 0 or more', (x) => Number.isSafeInteger(x) && x >= 0);
export const positiveInteger = number('a whole number above 0', (x) => Number.isSafeInteger(x) && x > 0);
/** A count with an upper bound, and in a few words why it has one. */
export const wholeNumberIn = (least: number, most: number, reason = '') =>
  number(
    `a whole number from ${least} to ${most}${reason && `: ${reason}`}`,
    (x) => Number.isSafeInteger(x) && x >= least && x <= most,
  );
/** A multiple of a size. */
export const factor = number('a whole number above 1', (x) => Number.isSafeInteger(x) && x > 1);
export const nonNegative = number('a number, 0 or more', (x) => Number.isFinite(x) && x >= 0);
export const positiveNumber = number('a number above 0', (x) => Number.isFinite(x) && x > 0);
/** A probability below 1, such as that of dropout. */
export const probability = number('a number in [0, 1)', (x) => x >= 0 && x < 1);
export const sparsity = number('in [0, 1): the fraction of weights removed, 0.4 removes 40 %', (x) => x >= 0 && x < 1);
/** A part of a whole. */
export const fraction = number('a number from 0 to 1', (x) => x >= 0 && x <= 1);

export const boolean = v.boolean('true or false');
export const text = v.string('a text');
export const nonEmptyText = v.pipe(v.string('a text'), v.nonEmpty('a text that is not empty'));

/** One of some names. */
export const oneOf = <const Names extends readonly string[]>(names: Names) =>
  v.picklist(names, `one of ${names.join(', ')}`);

/** A value or null, which is written `none` on the command line. */
export const orNone = <const Value extends v.GenericSchema>(value: Value) => v.nullable(value);

/** A value, or one of some words instead. @param expected what either must be, for messages */
export const orWord = <const Value extends v.GenericSchema, const Words extends readonly string[]>(
  value: Value,
  words: Words,
  expected: string,
) => v.union([value, v.picklist(words)], expected);

/** A list of values that each fit. */
export const listOf = <const Item extends v.GenericSchema>(item: Item) => v.array(item, 'a list');

const NAMES = 'a list of names, at least one';
export const names = v.pipe(v.array(v.pipe(v.string('a name'), v.nonEmpty('a name')), NAMES), v.minLength(1, NAMES));

const WHOLE_NUMBERS = 'a list of different whole numbers from 0, at least one';
export const wholeNumbers = v.pipe(
  v.array(wholeNumber, WHOLE_NUMBERS),
  v.minLength(1, WHOLE_NUMBERS),
  v.check((items) => new Set(items).size === items.length, WHOLE_NUMBERS),
);

/** A field that a schema would drop, as those with the names of what every object has. */
const droppedField = (input: object, output: object): string | undefined =>
  Object.keys(input).find((key) => !Object.hasOwn(output, key));

const unknownField = (input: object, key: string): v.BaseIssue<unknown> => ({
  kind: 'schema',
  type: 'strict_object',
  input: key,
  expected: 'never',
  received: key,
  message: 'absent',
  path: [{ type: 'object', origin: 'key', input: input as Record<string, unknown>, key, value: undefined }],
});

/** The schema of an object, which takes no list for one, drops nothing and leaves fields in their order. */
function ofObjects<const S extends v.GenericSchema>(schema: S): S {
  const run: S['~run'] = (dataset, config) => {
    const input = dataset.value;
    const result = schema['~run'](Array.isArray(input) ? { ...dataset, value: null } : dataset, config);
    if (!result.typed) return result;
    const dropped = droppedField(input as object, result.value as object);
    if (dropped === undefined) return { ...result, value: inOrderOf(input as object, result.value as object) };
    return { typed: false, value: input, issues: [unknownField(input as object, dropped)] };
  };
  return { ...schema, '~run': run };
}

function inOrderOf(input: object, output: object): object {
  const given = Object.keys(input).filter((key) => Object.hasOwn(output, key));
  const order = [...new Set([...given, ...Object.keys(output)])];
  return Object.fromEntries(order.map((key) => [key, output[key as keyof typeof output]]));
}

type Fields = Readonly<Record<string, unknown>>;

/** The schema that a value asks for by what it holds; `choose` sees an empty object where the value is none. */
export const chosenBy = <const S extends v.GenericSchema>(choose: (fields: Fields) => S) =>
  v.lazy((value) =>
    choose(typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}),
  );

/** One of several forms of an object, told by the name in one of its fields. */
export const byName = <const Kinds extends Readonly<Record<string, v.GenericSchema>>>(field: string, kinds: Kinds) =>
  chosenBy((fields) => {
    const name = fields[field];
    if (typeof name === 'string' && Object.hasOwn(kinds, name)) return kinds[name] as Kinds[keyof Kinds];
    return openFields({ [field]: oneOf(Object.keys(kinds)) }) as unknown as Kinds[keyof Kinds];
  });

/** An object with these fields and no others. */
export const strictFields = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  ofObjects(v.strictObject(entries));

/** An object with these fields; others are kept as they are. */
export const openFields = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  ofObjects(v.looseObject(entries));

/** An object whose keys are names of the user, and whose values each fit. */
export const namedValues = <const Value extends v.GenericSchema>(value: Value) =>
  ofObjects(v.record(v.string(), value));

/** An object with some of these fields, whose values each fit. */
export const valuesOf = <const Value extends v.GenericSchema>(names: readonly string[], value: Value) =>
  ofObjects(v.strictObject(Object.fromEntries(names.map((name) => [name, v.optional(value)])))) as v.GenericSchema<
    unknown,
    Readonly<Record<string, v.InferOutput<Value>>>
  >;
