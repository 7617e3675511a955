import { InputError } from '../errors.ts';

/** The place of a row. */
export interface RowPlace {
  readonly file: string;
  /** `line` in texts, `row` in Parquet. */
  readonly unit: 'line' | 'row';
  /** From 1. */
  readonly number: number;
  /** The name of the row, where it has one: it stands instead of its number. */
  readonly name?: string;
}

interface BadRow extends RowPlace {
  /** The place of its file among several. */
  readonly order: number;
  readonly problem: string;
}

/** The last part of a path. */
const basename = (path: string): string => path.replace(/^.*[\\/](?=.)/, '');

const titleOf = ({ unit, number, name = `${unit} ${number}` }: RowPlace): string => name;

/** So many are listed. */
const LISTED = 20;

/**
 * Collects the rows of files that cannot be used, so that all of them are told at once. They may be added in any order.
 */
export class BadRows {
  /** Whether they are left out instead of an error. */
  readonly areSkipped: boolean;
  readonly #files: string[] = [];
  /** The first ones, sorted. */
  readonly #first: BadRow[] = [];
  readonly #hints = new Set<string>();
  readonly #notes: string[] = [];
  #count = 0;

  /** @param skip leave them out instead of an error */
  constructor(skip = false) {
    this.areSkipped = skip;
  }

  get count(): number {
    return this.#count;
  }

  /** The count as a dataset states it, where there are some. */
  get skipped(): { readonly skipped?: number } {
    return this.#count > 0 ? { skipped: this.#count } : {};
  }

  /** @param hint what is said once for all such rows */
  add({ file, unit, number, name }: RowPlace, problem: string, hint?: string): void {
    this.#count++;
    if (hint !== undefined) this.#hints.add(hint);
    if (!this.#files.includes(file)) this.#files.push(file);
    const row: BadRow = { file, unit, number, name, order: this.#files.indexOf(file), problem };
    const isBefore = (other: BadRow) => row.order < other.order || (row.order === other.order && number < other.number);
    const at = this.#first.findIndex(isBefore);
    this.#first.splice(at < 0 ? this.#first.length : at, 0, row);
    if (this.#first.length > LISTED) this.#first.pop();
  }

  /** Adds a line about rows that can be used. */
  note(line: string): void {
    this.#notes.push(line);
  }

  /**
   * Ends the reading of `name`.
   *
   * @param used how many rows can be used
   * @returns what was noted, and a warning that counts and lists the rows that were left out
   * @throws InputError listing them, unless they are left out and others remain
   */
  finish(name: string, used: number): string[] {
    if (this.#count === 0) return this.#notes;
    if (!this.areSkipped) {
      const rows = this.#count === 1 ? 'the row' : 'the rows';
      const remedy = `Repair ${rows}, or leave ${this.#count === 1 ? 'it' : 'them'} out with --skip-invalid (skipInvalid).`;
      throw new InputError(`${this.#list(name)}. ${remedy}`);
    }
    if (used === 0) throw new InputError(`${this.#list(name)}; no row is left.`);
    return [...this.#notes, `left out ${this.#count} of ${this.#count + used} rows: ${this.#list(name)}`];
  }

  #list(name: string): string {
    const hints = [...this.#hints].map((hint) => `; ${hint}`).join('');
    if (this.#count === 1) {
      const [row] = this.#first;
      return `${row.file}, ${titleOf(row)}: ${row.problem}${hints}`;
    }
    const isOne = this.#files.length === 1;
    const items = this.#first.map((row) => `${isOne ? '' : `${basename(row.file)}, `}${titleOf(row)}: ${row.problem}`);
    const more = this.#count > items.length ? `; and ${this.#count - items.length} more` : '';
    return `${isOne ? this.#files[0] : name} has ${this.#count} rows that cannot be used: ${items.join('; ')}${more}${hints}`;
  }
}
