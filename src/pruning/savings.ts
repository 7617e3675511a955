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
}

const NUMBER = Float32Array.BYTES_PER_ELEMENT;
/** A column number of 16 bits; where rows begin takes little more. */
const PLACE = Uint16Array.BYTES_PER_ELEMENT;

/** Counts what it saves to keep so many weights of so many, on a backend with sparse products; see `Parameter.fixMask`. */
export function sparseSavings({ kept, total }: { readonly kept: number; readonly total: number }): SparseSavings {
  return {
    memory: { kept: (NUMBER + PLACE) * kept, whole: NUMBER * total },
    // Derivatives read the places in the order of the transposed matrix too.
    training: { kept: (4 * NUMBER + 2 * PLACE) * kept, whole: 4 * NUMBER * total },
  };
}
