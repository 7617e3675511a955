import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const HEADER = 'Quality\t#1 ID\t#2 ID\t#1 String\t#2 String';

function writeMrpc(folder: string, train: readonly string[], dev: readonly string[]): void {
  mkdirSync(join(folder, 'MRPC'), { recursive: true });
  for (const [name, rows] of Object.entries({ train, dev })) {
    writeFileSync(join(folder, 'MRPC', `${name}.tsv`), `${[HEADER, ...rows].join('\n')}\n`);
  }
}

/** Writes the first training pairs of MRPC, all if `count` is null, and its pairs to evaluate on. */
export function writeFirstPairs(data: string, count: number | null, folder: string): void {
  const rows = (name: string) =>
    readFileSync(join(data, 'MRPC', `${name}.tsv`), 'utf8')
      .replaceAll('\r', '')
      .trim()
      .split('\n')
      .slice(1);
  writeMrpc(folder, rows('train').slice(0, count ?? undefined), rows('dev'));
}

/** Writes `count` pairs that are as long as those of MRPC, 53 tokens on average, and a few to evaluate on. */
export function writePairs(count: number, folder: string): void {
  const sentence = (i: number) =>
    `On day ${i} ${'the river was higher than the day before and '.repeat(2)}people left .`;
  const rows = Array.from({ length: count }, (_, i) => `${i % 2}\t${i}\t${i}\t${sentence(i)}\t${sentence(i + 1)}`);
  writeMrpc(folder, rows, rows.slice(0, 8));
}
