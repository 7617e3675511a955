import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withExchange } from './exchange-table.ts';

/** What became of adapters of one kind on their way to one place. */
export interface Measured {
  /** The largest difference of a number; null if none of them goes there. */
  readonly error: number | null;
  /** Why others do not go there, or have other logits. */
  readonly reasons: readonly string[];
}

type Table = Record<string, Record<string, Measured>>;

export interface Exchange {
  /** By family, by place. */
  readonly ours: Table;
  /** By library, by configuration. */
  readonly theirs: Table;
}

const path = join(import.meta.dirname, 'exchange.json');

export const readExchange = (): Exchange => JSON.parse(readFileSync(path, 'utf8'));

/** What must be as it was: everything but the differences, of which there is one or none. */
export const outcomesOf = (exchange: Exchange): unknown =>
  JSON.parse(JSON.stringify(exchange, (key, value) => (key === 'error' && value !== null ? true : value)));

/** Differences have one digit: others depend on the machine. */
const rounded = (key: string, value: unknown): unknown =>
  key === 'error' && typeof value === 'number' ? Number(value.toPrecision(1)) : value;

/** Writes it and the tables of the documentation. */
export function writeExchange(exchange: Exchange): void {
  writeFileSync(path, `${JSON.stringify(exchange, rounded, 2)}\n`);
  const document = join(import.meta.dirname, '..', '..', '..', 'docs', 'files.md');
  writeFileSync(document, withExchange(readFileSync(document, 'utf8'), readExchange()));
}
