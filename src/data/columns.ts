import { InputError } from '../errors.ts';
import { quoted } from './quoted.ts';
import type { Column } from './source.ts';

/** The error for a column that is not among the names of those that are there. */
export function missingColumn(place: string, column: string, names: readonly string[]): InputError {
  return new InputError(`${place} has no column '${column}'; it has ${names.map(quoted).join(', ')}`);
}

/** A field that so many objects lack is no column; one that only some lack is missing there. */
const ENOUGH = 1000;

/** Picks columns out of objects as they arrive, and finds out which fields are no columns at all. */
export class ObjectColumns {
  readonly #place: string;
  readonly #columns: readonly Column[];
  /** Those that no object has had. */
  readonly #missing: Set<string>;
  #first: readonly string[] | null = null;
  #count = 0;

  constructor(place: string, columns: readonly Column[]) {
    this.#place = place;
    this.#columns = columns;
    this.#missing = new Set(columns.filter(({ optional }) => !optional).map(({ name }) => name));
  }

  /** The cells of an object, or what is wrong with it. */
  pick(object: Readonly<Record<string, unknown>>): unknown[] | string {
    this.#first ??= Object.keys(object);
    this.#count++;
    for (const name of this.#missing) if (name in object && !isInherited(object, name)) this.#missing.delete(name);
    const cells: unknown[] = [];
    for (const { name, optional } of this.#columns) {
      const has = name in object && !isInherited(object, name);
      if (!has && !optional) return `there is no '${name}'`;
      cells.push(has ? object[name] : undefined);
    }
    return cells;
  }

  /** @throws InputError naming a column that none of the objects has, once there are enough of them, or at the end */
  check(isEnd = false): void {
    const [missing] = this.#missing;
    if (this.#first && missing !== undefined && (isEnd || this.#count >= ENOUGH))
      throw missingColumn(this.#place, missing, this.#first);
  }
}

/** Whether a name is a member of every object, so no field of a row; getters of a class are fields. */
const isInherited = (object: object, name: string): boolean => name in Object.prototype && !Object.hasOwn(object, name);
