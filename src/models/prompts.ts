import { indexSelect } from '../ops/gather.ts';
import { concat } from '../ops/layout.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Prompt } from './attachments.ts';
import type { PackedBatch } from './batch.ts';

/** How many rows stand before the tokens of each sequence. */
export const lengthsOf = (prompts: readonly (readonly Prompt[])[]): number[] =>
  prompts.map((own) => own.reduce((sum, { length }) => sum + length, 0));

/**
 * The embeddings of tokens [rows, hidden] with the rows of prompts before those of each sequence.
 *
 * @param prompts of each sequence
 */
export function withPrompts(words: Tensor, { offsets }: PackedBatch, prompts: readonly (readonly Prompt[])[]): Tensor {
  const tables = [...new Set(prompts.flat())];
  if (tables.length === 0) return words;
  const starts = new Map<Prompt, number>();
  let [end] = words.shape;
  for (const table of tables) {
    starts.set(table, end);
    end += table.length;
  }
  const rows = (start: number, length: number) => Array.from({ length }, (_, i) => start + i);
  const order = prompts.flatMap((own, s) => [
    ...own.flatMap((prompt) => rows(starts.get(prompt) ?? 0, prompt.length)),
    ...rows(offsets[s], offsets[s + 1] - offsets[s]),
  ]);
  return indexSelect(concat([words, ...tables.map((table) => table.tensor())]), order);
}
