import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { knownDatasets } from '../../src/data/datasets.ts';
import { glueLayouts, glueTasks } from '../../src/data/sources/glue-layouts.ts';
import type { BothTokenizers } from './tokenizers-check.ts';
import type { LibraryInput } from './tokenizers-library.ts';

/** A text or a pair; `null` is no second text. */
type Texts = readonly [text: string, pair: string | null];

/** Real texts of one kind. */
export interface RealTexts {
  readonly name: string;
  readonly texts: readonly Texts[];
}

const lines = (file: string) =>
  readFileSync(file, 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');

function glue(data: string): RealTexts[] {
  return glueTasks.flatMap((task) => {
    const { title, columns: known } = knownDatasets[task];
    const { train, evaluation, header, renamed = {} } = glueLayouts[task];
    const texts = [...train, ...evaluation].flatMap(({ name, columns }) => {
      const file = join(data, 'glue', title, name);
      const [first, second] = known.text.map((column) => columns.indexOf(renamed[column] ?? column));
      return (existsSync(file) ? lines(file) : []).slice(header ? 1 : 0).map((line): Texts => {
        const cells = line.split('\t');
        return [cells[first] ?? '', second === undefined ? null : (cells[second] ?? '')];
      });
    });
    return texts.length > 0 ? [{ name: title, texts }] : [];
  });
}

interface Articles {
  readonly data: readonly {
    readonly paragraphs: readonly {
      readonly context: string;
      readonly qas: readonly { readonly question: string }[];
    }[];
  }[];
}

function squad(data: string): RealTexts {
  const folder = join(data, 'squad');
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const articles = files.flatMap((name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as Articles).data);
  const paragraphs = articles.flatMap(({ paragraphs }) => paragraphs);
  return {
    name: 'SQuAD',
    texts: paragraphs.flatMap(({ context, qas }) => qas.map(({ question }): Texts => [question, context])),
  };
}

function xsum(data: string): RealTexts {
  const folder = join(data, 'xsum');
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const rows = files.flatMap((name) => lines(join(folder, name)).map((line) => JSON.parse(line)));
  return {
    name: 'XSum',
    texts: rows.flatMap(({ document, summary }): Texts[] => [
      [document, null],
      [summary, null],
    ]),
  };
}

/** All texts of GLUE, SQuAD and XSum in a folder with these; every so many of them. */
export function realTexts(data: string, every: number): RealTexts[] {
  return [...glue(data), squad(data), xsum(data)].map(({ name, texts }) => ({
    name,
    texts: texts.filter((_, i) => i % every === 0),
  }));
}

/** The tokenizers in a folder of folders, by name. */
export function tokenizersIn(folder: string): (readonly [name: string, fields: Readonly<Record<string, unknown>>])[] {
  return readdirSync(folder)
    .map((name) => [name, join(folder, name, 'tokenizer.json')] as const)
    .filter(([, file]) => existsSync(file))
    .map(([name, file]) => [name, JSON.parse(readFileSync(file, 'utf8'))]);
}

const BATCH = 64;
/** Short, so that most contexts have several windows. */
const windows = { maxLength: 96, truncation: 'only_second', truncationSide: 'right', stride: 24 } as const;
const room = { maxLength: 64, truncation: 'longest_first', stride: 0 } as const;

/** Compares what both tokenizers make of real texts: whole, and cut as training and question answering cut them. */
export async function compareRealTexts(tokenizers: BothTokenizers, { name, texts }: RealTexts): Promise<void> {
  const inputs = texts.map(([text, pair]): LibraryInput => ({ text, pair, addSpecialTokens: true }));
  for (let i = 0; i < inputs.length; i += BATCH) await tokenizers.encode(inputs.slice(i, i + BATCH));
  for (const [i, input] of inputs.entries()) {
    if (name === 'SQuAD') await tokenizers.cut(input, windows);
    else if (i % 4 === 0) await tokenizers.cut(input, { ...room, truncationSide: i % 8 === 0 ? 'right' : 'left' });
  }
}
