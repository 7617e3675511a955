import type { Option, OptionTable } from './option.ts';
import { factsOf } from './option.ts';

/** Settings that the help and the documentation show together. */
export interface SettingGroup<Table extends OptionTable<unknown> = OptionTable<unknown>> {
  readonly title: string;
  readonly settings: Table;
}

export type Intersection<T> = (T extends unknown ? (one: T) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** The table of all settings of some groups. */
export type TableOf<Groups extends readonly SettingGroup[]> =
  Intersection<Groups[number]['settings']> extends infer Table extends OptionTable<unknown> ? Table : never;

/** The table of all settings of some groups. @throws Error for a name that is declared twice */
export function tableOf<const Groups extends readonly SettingGroup[]>(groups: Groups): TableOf<Groups> {
  const table: Record<string, Option> = {};
  for (const [key, declared] of groups.flatMap(({ settings }) => Object.entries(settings))) {
    if (Object.hasOwn(table, key)) throw new Error(`The setting '${key}' is declared twice.`);
    table[key] = declared;
  }
  return table as TableOf<Groups>;
}

/** The settings of a table whose facts pass. */
export const settingsWhere = (
  table: OptionTable<unknown>,
  passes: (facts: ReturnType<typeof factsOf>, key: string) => boolean,
): OptionTable<unknown> =>
  Object.fromEntries(Object.entries(table).filter(([key, declared]) => passes(factsOf(declared), key)));
