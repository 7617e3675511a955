import type { ModelTask } from '../tasks.ts';
import { label, tokenId } from './numbers.ts';

/** A batch padded to its longest sequence, as the peers need it. */
export interface PaddedBatch {
  readonly sequences: number;
  readonly length: number;
  /** [sequences · length] */
  readonly ids: Int32Array<ArrayBuffer>;
  /** [sequences · length] what is added to attention scores: 0 for a token, -1e9 for padding. */
  readonly padding: Float32Array<ArrayBuffer>;
  /** [sequences] */
  readonly labels: Int32Array;
}

export function paddedBatches({ batches, model: { vocabulary } }: ModelTask): PaddedBatch[] {
  return batches.map((lengths, b) => {
    const length = Math.max(...lengths);
    const size = lengths.length * length;
    const [ids, padding] = [new Int32Array(size), new Float32Array(size).fill(-1e9)];
    lengths.forEach((tokens, s) => {
      for (let i = 0; i < tokens; i++) ids[s * length + i] = tokenId(b, s, i, vocabulary);
      padding.fill(0, s * length, s * length + tokens);
    });
    return { sequences: lengths.length, length, ids, padding, labels: Int32Array.from(lengths, (_, s) => label(s)) };
  });
}

/** The transpose of a matrix [rows, columns]. */
export function transposed(x: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(x.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = x[i * columns + j];
  return out;
}
