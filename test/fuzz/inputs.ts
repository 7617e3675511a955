import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExampleOptions, readExamples } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { isJsonObject, openSafetensors, parseJson } from '../../src/io/index.ts';
import { hashOf } from '../../src/queue/run-inputs.ts';
import { byteLevelDefinition, wordPieceDefinition } from '../../src/text/index.ts';
import { type ConversionTarget, convertAdapter, readRun } from '../../src/training/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { vocabulary } from '../support/tiny-model.ts';
import { stoppedRun, tinyRun } from '../support/tiny-run.ts';
import type { Target } from './target.ts';

/** Right inputs of the targets, and where they are written. */

/** The object that a file holds. Undefined if it holds none: no reader may take the file then. */
export function heldObject(input: Uint8Array): Record<string, unknown> | undefined {
  try {
    return jsonObject(input);
  } catch {
    return undefined;
  }
}

/** The object that a file holds. @throws InputError as readers of files do */
export function jsonObject(input: Uint8Array): Record<string, unknown> {
  const value = parseJson(utf8(input), 'x.json');
  if (!isJsonObject(value)) throw new InputError('x.json must hold a JSON object.');
  return value;
}

function utf8(input: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(input);
  } catch {
    throw new InputError('x.json is no UTF-8.');
  }
}

/** A file of a folder, and a way to write another in its place. */
export interface FuzzedFile {
  readonly folder: string;
  readonly seeds: readonly Uint8Array[];
  write(input: Uint8Array): void;
}

const fileOf = (folder: string, name: string): FuzzedFile => ({
  folder,
  seeds: [readFileSync(join(folder, name))],
  write: (input) => writeFileSync(join(folder, name), input),
});

/** A file of a finished run. */
export async function runFile(name: string): Promise<FuzzedFile> {
  const folder = join(temporaryFolder(), 'run');
  await tinyRun(folder);
  return fileOf(folder, name);
}

/** A file of a run that was written for another library. */
export async function convertedFile(to: ConversionTarget, name: string): Promise<FuzzedFile> {
  const [run, folder] = [join(temporaryFolder(), 'run'), join(temporaryFolder(), to)];
  await tinyRun(run, to === 'peft' ? { settings: await loraSettings() } : {});
  await convertAdapter(run, folder, { to });
  return fileOf(folder, name);
}

async function loraSettings() {
  const { tinySettings } = await import('../support/tiny-run.ts');
  return { ...tinySettings, adapter: { kind: 'lora', rank: 2 } };
}

/** The header of a stopped run, and its folder. */
export async function stoppedHeader(): Promise<{ seed: string; folder: string; file: string }> {
  const folder = join(temporaryFolder(), 'stopped');
  await stoppedRun(folder, 2);
  const file = join(folder, 'checkpoint.safetensors');
  const opened = openSafetensors(file);
  const seed = opened.metadata.run;
  opened.close();
  return { seed, folder, file };
}

/** An export of results with one run. */
export async function exportSeed(): Promise<string> {
  const folder = join(temporaryFolder(), 'run');
  await tinyRun(folder);
  const { config, metrics } = readRun(folder);
  const place = { experiment: 'table1', model: 'm', row: 'r', task: 'rte', seed: 1 };
  const inputs = { numerics: 1, kernels: 'k', data: 'd', model: 'm', tokenizer: 't' };
  const run = {
    hash: hashOf(config.settings, inputs),
    inputs,
    status: 'finished',
    settings: config.settings,
    versions: config.versions,
  };
  const told = {
    command: config.command,
    started: '2026-01-01',
    ended: '2026-01-01',
    seconds: 1,
    metrics,
    error: null,
  };
  return JSON.stringify({ places: [place], ...run, ...told, pruning: config.pruning });
}

const byteVocabulary = Object.fromEntries(
  ['<s>', '<pad>', '</s>', '<unk>', '<mask>', 'a', 'b', 'o', 'k', 'bo', 'ok', 'Ġ', 'Ġa'].map((token, id) => [
    token,
    id,
  ]),
);

/** Definitions of each kind of tokenizer that there is, small enough to be read often. */
export const tokenizerSeeds: readonly string[] = [
  wordPieceDefinition(vocabulary.join('\n'), {}, 'vocab.txt'),
  byteLevelDefinition(byteVocabulary, '#version: 0.2\nb o\no k\nĠ a', {}, 'vocab.json'),
].map((definition) => JSON.stringify(definition));

const rows = [
  ['text', 'other', 'label', 'score'],
  ['a good film', 'x', 'positive', '0.5'],
  ['a "bad", long film', 'y\nz', 'negative', '-1e3'],
  ['naïve 北京', 'w', 'positive', '7'],
];
const quoted = (separator: string) =>
  rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator)).join('\n');
const jsonLines = rows
  .slice(1)
  .map((cells) => JSON.stringify(Object.fromEntries(cells.map((cell, i) => [rows[0][i], cell]))))
  .join('\n');

/** A table in one of the formats of text. */
export function tableTarget(format: 'csv' | 'tsv' | 'jsonl'): Target {
  const file = join(temporaryFolder(), `table.${format}`);
  const seed = {
    csv: quoted(','),
    tsv: rows.map((cells) => cells.join('\t').replaceAll('\n', ' ')).join('\n'),
    jsonl: jsonLines,
  }[format];
  const columns: readonly ExampleOptions[] = [
    { text: ['text'], label: 'label' },
    { text: ['text', 'other'], label: 'score' },
    { text: ['text'] },
  ];
  return {
    kind: 'bytes',
    seeds: [seed, `${seed}\r\n`, `\ufeff${seed}`],
    read: async (input) => {
      writeFileSync(file, input);
      await readExamples(file, columns[input.length % columns.length]);
    },
  };
}
