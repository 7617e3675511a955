import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readExamples, readParquet } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { parquetBytes } from '../support/parquet.ts';

/** A reader of files of one kind; damaged copies of its seeds must give a value or an InputError, in bounded time. */
export interface FileTarget {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** @throws what is no InputError */
  readonly read: (bytes: Uint8Array) => Promise<void>;
}

const folder = temporaryFolder();

/** The reader of a file with this ending; an InputError of one line is an answer. */
const reader =
  (ending: string, read: (path: string) => Promise<unknown>): FileTarget['read'] =>
  async (bytes) => {
    const path = join(folder, `table${ending}`);
    writeFileSync(path, bytes);
    try {
      await read(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      if (error.message.includes('\n')) throw new Error(`The message has several lines: ${error.message}`);
    }
  };

const table = (path: string) => readExamples(path, { text: ['text'], label: 'label' });
const text = ['good film', 'a "fine", long book', '四 é 😀', 'x'.repeat(300), 'bad'];
const label = ['a', 'b', 'a', 'NA', 'b'];
const numbers = [1n, 0n, -1n, 2n ** 62n, 7n];
const rows = text.map((cell, i) => ({ text: cell, label: label[i], id: Number(numbers[i]) }));

const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content);
const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;

/** Tables in all formats. */
export const tableTargets: readonly FileTarget[] = [
  {
    name: 'csv',
    seeds: [
      bytesOf(`text,label\r\n${rows.map((row) => `${quoted(row.text)},${row.label}\r\n`).join('')}`),
      bytesOf('\uFEFFlabel,text\n1,x\n2,y\n\n3,"a\nb"\n'),
    ],
    read: reader('.csv', table),
  },
  {
    name: 'tsv',
    seeds: [bytesOf(`text\tlabel\n${rows.map((row) => `${row.text}\t${row.label}\n`).join('')}`)],
    read: reader('.tsv', table),
  },
  {
    name: 'jsonl',
    seeds: [
      bytesOf(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
      bytesOf('{"text":"x","label":1610521604143693813}\n{"text":"y","label":-1}\n{"text":"z","label":null}\n'),
    ],
    read: reader('.jsonl', table),
  },
  {
    name: 'parquet',
    seeds: [
      parquetBytes({ text, label, id: numbers }),
      parquetBytes({ text, label: [1n, 0n, -1n, 1n, 0n] }, { label: ['no', 'yes'] }),
      parquetBytes({ text, label: [0.5, 1, 2.5, -3, 0], list: text.map((cell) => [cell, cell]) }),
    ],
    read: reader('.parquet', (path) => readParquet(path, ['text', 'label'], { partMilliseconds: 1000 })),
  },
];

/** A copy with a few bytes changed, put in, taken out or doubled, or cut off. */
export function damagedCopy(bytes: Uint8Array, random: () => number): Uint8Array {
  const values = Array.from(bytes);
  const at = () => Math.floor(random() * values.length);
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes && values.length > 0; i++) {
    const kind = Math.floor(random() * 6);
    if (kind <= 1) values[at()] = Math.floor(random() * 256);
    else if (kind === 2) values[at()] ^= 1 << Math.floor(random() * 8);
    else if (kind === 3) values.splice(at(), 1 + Math.floor(random() * 4));
    else if (kind === 4) values.splice(at(), 0, ...values.slice(at(), at() + 1 + Math.floor(random() * 16)));
    else values.length = at();
  }
  return Uint8Array.from(values);
}
