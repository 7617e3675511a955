import * as v from 'valibot';
import { type Belonging, factsOf, type Option, type OptionTable, type Presence } from './option.ts';

type Lessened<P extends Presence> = P extends 'always' ? 'where it belongs' : P;

/** A table of settings that belong to some choices. */
export type BelongingTable<Table> = {
  readonly [Key in keyof Table]: Table[Key] extends Option<infer Value, infer Given, infer P>
    ? Option<Value, Given, Lessened<P>>
    : never;
};

/** Returns a table whose settings have an effect with some choices alone, beside what they say themselves. */
export const belongingTo = <Table extends OptionTable<unknown>>(
  belonging: Belonging,
  table: Table,
): BelongingTable<Table> =>
  Object.fromEntries(
    Object.entries(table).map(([key, declared]) => {
      const facts = factsOf(declared);
      return [key, v.pipe(declared.pipe[0], v.metadata({ ...facts, for: { ...belonging, ...facts.for } }))];
    }),
  ) as unknown as BelongingTable<Table>;
