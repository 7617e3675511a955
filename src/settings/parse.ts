import * as v from 'valibot';
import { InputError, printable } from '../errors.ts';
import { shown } from './shown.ts';

type Issue = v.BaseIssue<unknown>;
type Key = string | number;

const OBJECTS = ['object', 'strict_object', 'loose_object', 'object_with_rest', 'record'];

/** Returns what valibot expects, in words: `string` is `a text`, `("a" | "b")` is `one of a, b`. */
function inWords(issue: Issue): string {
  const expected = issue.expected ?? 'something else';
  const words: Readonly<Record<string, string>> = {
    string: 'a text',
    number: 'a number',
    boolean: 'true or false',
    Array: 'a list',
    Object: 'an object',
    null: 'null',
    never: 'absent',
  };
  return expected
    .replace(/^\((.*)\)$/, '$1')
    .split(' | ')
    .map((one) => words[one] ?? one.replace(/^"(.*)"$/, '$1'))
    .join(' or ');
}

/** A value that no schema accepts. */
const NOTHING = Symbol('nothing');

const CONFIG: v.Config<Issue> = { abortEarly: true, abortPipeEarly: true, message: inWords };

/** Returns what a value must be as a whole, in words: `a whole number above 0`. */
export function expectationOf(schema: v.GenericSchema): string {
  const result = v.safeParse(schema, NOTHING, CONFIG);
  return result.success ? 'anything' : result.issues[0].message;
}

const nameOfKey = (key: Key): string => {
  if (typeof key === 'number') return `[${key}]`;
  return /^[\w-]+$/.test(key) ? `.${key}` : `[${shown(key)}]`;
};

/** Returns the keys as a path: `settings.training.epochs`, `rows[3].name`. */
const pathText = (keys: readonly Key[]): string => keys.map(nameOfKey).join('').replace(/^\./, '');

const keysOf = (issue: Issue): Key[] => (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : `${key}`));

/** The parts of schemas that lead to those of fields. */
type Parts = Partial<{
  entries: Readonly<Record<string, v.GenericSchema>>;
  item: v.GenericSchema;
  value: v.GenericSchema;
  wrapped: v.GenericSchema;
  getter: (value: unknown) => v.GenericSchema;
}>;

/** Returns what the schema of a value says of one of its fields; undefined where it says nothing that can be found. */
function fieldOf(schema: v.GenericSchema, value: unknown, key: Key): v.GenericSchema | undefined {
  const { type, entries, item, value: ofRecord, wrapped, getter } = schema as v.GenericSchema & Parts;
  const inner = getter ? getter(value) : wrapped;
  if (inner) return fieldOf(inner, value, key);
  if (entries && Object.hasOwn(entries, key)) return entries[key];
  return type === 'record' ? ofRecord : item;
}

/** Returns the schema without what only chooses it. */
function resolved(schema: v.GenericSchema, value: unknown): v.GenericSchema {
  const { wrapped, getter } = schema as v.GenericSchema & Parts;
  const inner = getter ? getter(value) : wrapped;
  return inner ? resolved(inner, value) : schema;
}

const childOf = (value: unknown, key: Key): unknown => (value as Readonly<Record<Key, unknown>> | undefined)?.[key];

function schemaAt(schema: v.GenericSchema, value: unknown, keys: readonly Key[]): v.GenericSchema | undefined {
  if (keys.length === 0) return schema;
  const field = fieldOf(schema, value, keys[0]);
  return field && schemaAt(field, childOf(value, keys[0]), keys.slice(1));
}

function missingField(schema: v.GenericSchema, value: unknown, keys: readonly Key[]): string {
  const field = schemaAt(schema, value, keys);
  const must = field ? `; it must be ${expectationOf(field)}` : '';
  return `${pathText(keys)} is missing${must}.`;
}

function unknownField(schema: v.GenericSchema, value: unknown, keys: readonly Key[]): string {
  const above = keys.slice(0, -1);
  const owner = schemaAt(schema, value, above);
  const { entries } = (owner ? resolved(owner, above.reduce(childOf, value)) : {}) as Partial<Parts>;
  const names = Object.keys(entries ?? {});
  const known = names.length > 0 ? ` Known here: ${names.join(', ')}.` : '';
  return `${pathText(keys)} is no known field.${known}`;
}

function problem(schema: v.GenericSchema, value: unknown, issue: Issue): string {
  const keys = keysOf(issue);
  const isOfKeys = OBJECTS.includes(issue.type) && issue.path?.at(-1)?.origin === 'key';
  if (isOfKeys && issue.expected === 'never') return unknownField(schema, value, keys);
  if (isOfKeys && issue.type !== 'record') return missingField(schema, value, keys);
  const found = keys.reduce(childOf, value);
  if (found === undefined && keys.length > 0) return `${pathText(keys)} is missing; it must be ${issue.message}.`;
  const subject = keys.length === 0 ? '' : `${pathText(keys)} `;
  return `${subject}must be ${issue.message}, not ${shown(found)}.`;
}

/** @throws InputError for what is nested so deeply that the stack does not reach */
function parsed<const S extends v.GenericSchema>(schema: S, value: unknown, label: string): v.SafeParseResult<S> {
  try {
    return v.safeParse(schema, value, CONFIG);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`${printable(label)} is nested too deeply; restore it.`, { cause: error });
  }
}

/**
 * Returns the value as the schema describes it: checked, with defaults filled in, and typed.
 *
 * A message of the schema says what the value must be (`a whole number above 0`); file, field and what was found are put
 * around it: `config.json: hidden_size must be a whole number above 0, not "768".`
 *
 * @param label the file or the thing that the value comes from, for messages
 * @param remedy a sentence after the message
 * @throws InputError for the first thing that does not fit
 */
export function parseWith<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  label: string,
  remedy?: string,
): v.InferOutput<S> {
  const result = parsed(schema, value, label);
  if (result.success) return result.output;
  const message = problem(schema, value, result.issues[0]);
  const where = printable(label);
  const separator = message.startsWith('must be ') ? ' ' : ': ';
  throw new InputError(`${where}${separator}${message}${remedy ? ` ${remedy}` : ''}`);
}
