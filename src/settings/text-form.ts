import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { expectationOf } from './parse.ts';
import type { ValueOf } from './schemas.ts';

/** The text form of the values of a schema, as on a command line. */
export interface TextForm {
  /** The placeholder of the value in the help; null for a switch. */
  readonly placeholder: string | null;
  /** The values there are, if they are a few names. */
  readonly choices: readonly string[];
  /** The value that a text stands for, whether the schema accepts it or not. */
  parse(text: string): unknown;
  /** What is wrong with a part of a text that is refused, where that can be told. */
  problemOf?(text: string): string | null;
}

/** The parts of schemas that are looked at. */
type Parts = v.GenericSchema &
  Partial<{
    options: readonly unknown[];
    item: v.GenericSchema;
    items: readonly v.GenericSchema[];
    value: v.GenericSchema;
    wrapped: v.GenericSchema;
    literal: unknown;
  }>;

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));

function ofList(item: TextForm): TextForm {
  const placeholder = item.placeholder?.replace('>', 's>') ?? '<values>';
  return { ...item, placeholder, parse: (text) => text.split(',').map((part) => item.parse(part.trim())) };
}

/** A name and its value; the last `=` ends the name. */
const NAMED = /^(.+)=([^=]*)$/s;

/** Values by name: `good=1,bad=2`. */
function ofRecord(schema: v.GenericSchema): TextForm {
  const value = textForm(schema);
  return {
    placeholder: '<name=value,...>',
    choices: [],
    problemOf: (text) => {
      const names = new Set<string>();
      for (const part of text.split(',')) {
        const [, name, own] = NAMED.exec(part) ?? [];
        if (name === undefined) return `'${part.trim()}' is not name=value`;
        if (names.has(name.trim())) return `'${name.trim()}' is there twice`;
        if (!v.safeParse(schema, value.parse(own)).success) return `'${name.trim()}' has the value '${own.trim()}'`;
        names.add(name.trim());
      }
      return null;
    },
    parse: (text) => {
      const parts = text.split(',').map((part) => NAMED.exec(part));
      const isWhole =
        parts.every((part) => part !== null) && new Set(parts.map((part) => part[1].trim())).size === parts.length;
      return isWhole ? Object.fromEntries(parts.map(([, name, own]) => [name.trim(), value.parse(own)])) : text;
    },
  };
}

function orNone(form: TextForm): TextForm {
  const placeholder = form.placeholder?.replace('>', '|none>') ?? null;
  return { ...form, placeholder, parse: (text) => (text === 'none' ? null : form.parse(text)) };
}

/** The first of several schemas that accepts what the text stands for to it; a text with commas is a list, where there are lists. */
function ofUnion(schemas: readonly v.GenericSchema[]): TextForm {
  const forms = schemas.map(textForm);
  return {
    placeholder: forms.map(({ placeholder }) => placeholder ?? '<value>').join('|'),
    choices: forms.flatMap(({ choices }) => choices),
    problemOf: (text) => forms.find(({ problemOf }) => problemOf)?.problemOf?.(text) ?? null,
    parse: (text) => {
      const list = schemas.findIndex(({ type }) => type === 'array');
      if (list >= 0 && text.includes(',')) return forms[list].parse(text);
      const values = forms.map((form) => form.parse(text));
      return values[
        Math.max(
          0,
          schemas.findIndex((schema, i) => v.safeParse(schema, values[i]).success),
        )
      ];
    },
  };
}

/** Returns how values of a schema are written. */
export function textForm(schema: v.GenericSchema): TextForm {
  const { type, options = [], item, items = [], value, wrapped, literal } = schema as Parts;
  if (wrapped) return type === 'nullable' || type === 'nullish' ? orNone(textForm(wrapped)) : textForm(wrapped);
  switch (type) {
    case 'number':
      return { placeholder: '<number>', choices: [], parse: numberOf };
    case 'boolean':
      return { placeholder: null, choices: [], parse: (text) => ({ true: true, false: false })[text] ?? text };
    case 'picklist':
      return { placeholder: '<name>', choices: options.map(String), parse: (text) => text };
    case 'literal':
      return {
        placeholder: '<name>',
        choices: [String(literal)],
        parse: (text) => (text === String(literal) ? literal : text),
      };
    case 'union':
      return ofUnion(options as readonly v.GenericSchema[]);
    case 'record':
      if (value) return ofRecord(value);
      break;
    case 'strict_tuple':
      return ofList(textForm(items[0]));
    case 'array':
      if (item) return ofList(textForm(item));
  }
  return { placeholder: '<name>', choices: [], parse: (text) => text };
}

/** Returns the value that a text stands for. @throws InputError `It must be ...` for one that the schema does not accept */
export function valueOfText<const S extends v.GenericSchema>(schema: S, text: string): ValueOf<S> {
  const form = textForm(schema);
  const result = v.safeParse(schema, form.parse(text));
  if (result.success) return result.output as ValueOf<S>;
  // Of a text that a schema of texts refuses, the expectation would say that it is one.
  const isRefusedText = schema.type === 'string';
  const problem = form.problemOf?.(text);
  const reason = problem ? `; ${problem}` : '';
  throw new InputError(`It must be ${isRefusedText ? result.issues[0].message : expectationOf(schema)}${reason}.`);
}
