import type { Column, Part, Rows } from './source.ts';

/** The rows of a source for a reader that asks for some columns, with the values of others that are kept beside them. */
export class RowsBeside implements Rows {
  readonly name: string;
  readonly place?: string;
  readonly #rows: Rows;
  readonly #keep: readonly string[];
  /** Those that the reader does not ask for. */
  readonly #columns: readonly Column[];
  /** Of the rows of the part that the reader works on, by their numbers. */
  #values = new Map<number, Readonly<Record<string, unknown>>>();

  /**
   * @param keep the names of the columns that are kept, which rows may lack
   * @param own those that the reader asks for
   */
  constructor(rows: Rows, keep: readonly string[], own: readonly string[]) {
    this.name = rows.name;
    this.place = rows.place;
    this.#rows = rows;
    this.#keep = keep;
    this.#columns = keep.filter((name) => !own.includes(name)).map((name) => ({ name, optional: true }));
  }

  /**
   * Returns the values of the columns that are kept, in their order, that a row of the last part has.
   *
   * @param own those of the reader's columns
   */
  keptOf(number: number, own: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const values = { ...this.#values.get(number), ...own };
    return Object.fromEntries(
      this.#keep.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]),
    );
  }

  async *parts(columns: readonly Column[]): AsyncGenerator<Part, void, undefined> {
    if (this.#columns.length === 0) {
      yield* this.#rows.parts(columns);
      return;
    }
    const count = columns.length;
    for await (const { rows, classes, ...part } of this.#rows.parts([...columns, ...this.#columns])) {
      this.#values = new Map(
        rows.map(({ number, cells }) => [number, this.#named(cells.slice(count), classes?.slice(count))]),
      );
      const own = rows.map(({ cells, ...row }) => ({ ...row, cells: cells.slice(0, count) }));
      yield { ...part, rows: own, classes: classes?.slice(0, count) };
    }
  }

  /** The values that are there, classes by their names. */
  #named(cells: readonly unknown[], classes: Part['classes']): Record<string, unknown> {
    const values = this.#columns.map(({ name }, i) => [name, classes?.[i]?.[cells[i] as number] ?? cells[i]] as const);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }
}
