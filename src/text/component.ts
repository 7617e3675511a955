import type * as v from 'valibot';
import { byName, chosenBy, openFields, type Schema } from '../settings/index.ts';
import { assertComplete } from './further-kinds.ts';

/** A kind of component of a tokenizer.json: which fields it has there, and what is made of them. */
export interface ComponentKind<Made> {
  readonly schema: Schema;
  make(fields: never): Made;
}

/** The kinds of components of one stage, by their `type` in a tokenizer.json; those beyond BERT's may come later. */
export type ComponentKinds<Made> = Record<string, ComponentKind<Made>>;

type FieldsOf<Entries extends v.ObjectEntries> = v.InferOutput<v.ObjectSchema<Entries, undefined>>;

/** Declares a kind of component. @param make makes it of its fields, which fit the schemas of `entries` */
export function componentKind<const Entries extends v.ObjectEntries, Made>(
  entries: Entries,
  make: (fields: FieldsOf<Entries>) => Made,
): ComponentKind<Made> {
  return { schema: openFields(entries) as Schema, make };
}

/** The schema of a component of one of some kinds; one of another type is refused by its name. */
export const componentSchema = (kinds: ComponentKinds<unknown>): Schema =>
  chosenBy(({ type }) => {
    if (typeof type === 'string' && !Object.hasOwn(kinds, type)) assertComplete(type);
    return byName('type', Object.fromEntries(Object.entries(kinds).map(([name, { schema }]) => [name, schema])));
  });

/** Makes a component of its fields in a tokenizer.json, which were checked by the schema of its kind. */
export function makeComponent<Made>(kinds: ComponentKinds<Made>, fields: unknown): Made {
  const { type } = fields as { readonly type: string };
  return kinds[type].make(fields as never);
}
