import { getBackend } from '../backends/index.ts';
import { sizeOf } from '../tensor/shape.ts';

/** Bytes of matrices that are held as their kept weights, and of whole ones of the same shapes. */
export interface Bytes {
  readonly kept: number;
  readonly whole: number;
}

/** What is saved by holding the kept weights of pruned matrices and their places alone. */
export interface SparseSavings {
  /** Of the weights, for evaluation and prediction. */
  readonly memory: Bytes;
  /** Of weights, gradients and both moments. */
  readonly training: Bytes;
  /** The time of products with the matrices over that with dense ones, as the backend estimates it; null where it does not. */
  readonly time: number | null;
}

/** A pruned matrix. */
export interface PrunedMatrix {
  /** [rows, columns] */
  readonly shape: readonly number[];
  readonly kept: number;
}

/** The same time for one matrix; null where the backend does not estimate it. */
export function timeShare({ shape: [rows, columns], kept }: PrunedMatrix): number | null {
  return getBackend().sparse?.timeShare?.(rows, columns, kept) ?? null;
}

function timeOf(matrices: readonly PrunedMatrix[]): number | null {
  let [time, whole] = [0, 0];
  for (const matrix of matrices) {
    const share = timeShare(matrix);
    if (share === null) return null;
    const size = sizeOf(matrix.shape);
    time += share * size;
    whole += size;
  }
  return whole > 0 ? time / whole : null;
}

const NUMBER = Float32Array.BYTES_PER_ELEMENT;
/** A column number of 16 bits; where rows begin takes little more. */
const PLACE = Uint16Array.BYTES_PER_ELEMENT;

/**
 * Counts what it saves to keep so many weights of so many; see `Parameter.fixMask`.
 *
 * @param matrices those that they belong to, if they are known
 * @returns null where the current backend has no sparse products, and holds all
 */
export function sparseSavings(
  { kept, total }: { readonly kept: number; readonly total: number },
  matrices: readonly PrunedMatrix[] = [],
): SparseSavings | null {
  if (!getBackend().sparse) return null;
  return {
    memory: { kept: (NUMBER + PLACE) * kept, whole: NUMBER * total },
    // Derivatives read the places in the order of the transposed matrix too.
    training: { kept: (4 * NUMBER + 2 * PLACE) * kept, whole: 4 * NUMBER * total },
    time: timeOf(matrices),
  };
}
