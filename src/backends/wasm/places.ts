import type { Block } from './allocator.ts';
import type { Memory } from './memory.ts';

/** Columns that products take together, so that what is multiplied with them stays in the L1 cache: `BLOCK` of the kernels. */
const BLOCK = 128;

/** A matrix [n, k] in compressed sparse rows, as kernels read it. */
export interface SparseRows {
  readonly n: number;
  readonly k: number;
  /** Blocks of 128 columns. */
  readonly blocks: number;
  /** Byte address of u32 [n, blocks] and one more: where the values of each row begin in each block. */
  readonly segments: number;
  /** Byte address of u16 [kept] */
  readonly columns: number;
}

const bytesOf = (kept: number, n: number, blocks: number): number => 4 * (n * blocks + 1) + 2 * kept;
const blocksOf = (k: number): number => Math.ceil(k / BLOCK);

function rowsIn(block: Block, kept: number, n: number, k: number): SparseRows & { readonly bytes: number } {
  const blocks = blocksOf(k);
  const columns = block.start + 4 * (n * blocks + 1);
  return { n, k, blocks, segments: block.start, columns, bytes: bytesOf(kept, n, blocks) };
}

/** The places of a sparse matrix [rows, columns]; once a derivative has asked for it, in the order of the transposed matrix too. */
export class WasmPlaces {
  readonly opaque = 'places';
  readonly length: number;
  readonly rows: number;
  readonly columns: number;
  readonly #memory: Memory;
  readonly #block: Block;
  #transposed: Block | null = null;

  constructor(memory: Memory, mask: ArrayLike<number>, rows: number, columns: number) {
    let kept = 0;
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) kept++;
    this.length = kept;
    this.rows = rows;
    this.columns = columns;
    this.#memory = memory;
    this.#block = memory.allocate(bytesOf(kept, rows, blocksOf(columns)));
    const { segments, columnOf } = this.#arrays(this.direct);
    let e = 0;
    let segment = 0;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        if (c % BLOCK === 0) segments[segment++] = e;
        if (mask[r * columns + c] !== 0) columnOf[e++] = c;
      }
    }
    segments[segment] = e;
  }

  get direct(): SparseRows {
    return rowsIn(this.#block, this.length, this.rows, this.columns);
  }

  /** Bytes of the memory that it has now. */
  get bytes(): number {
    const { length, rows, columns } = this;
    const transposed = this.#transposed ? bytesOf(length, columns, blocksOf(rows)) : 0;
    return bytesOf(length, rows, blocksOf(columns)) + transposed;
  }

  /** The matrix transposed. @param onGrowth gets the bytes that this takes, the first time */
  transposed(onGrowth: (bytes: number) => void): SparseRows {
    const { length, rows, columns } = this;
    if (!this.#transposed) {
      const bytes = bytesOf(length, columns, blocksOf(rows));
      this.#transposed = this.#memory.allocate(bytes);
      this.#transpose(rowsIn(this.#transposed, length, columns, rows));
      onGrowth(bytes);
    }
    return rowsIn(this.#transposed, length, columns, rows);
  }

  #transpose(to: SparseRows): void {
    const from = this.#arrays(this.direct);
    const { segments, columnOf } = this.#arrays(to);
    // The number of values of each segment, then where it begins.
    segments.fill(0);
    const visit = (use: (segment: number, row: number) => void) => {
      const { blocks } = this.direct;
      for (let r = 0; r < this.rows; r++) {
        const end = from.segments[(r + 1) * blocks];
        for (let e = from.segments[r * blocks]; e < end; e++)
          use(from.columnOf[e] * to.blocks + Math.floor(r / BLOCK), r);
      }
    };
    visit((segment) => {
      segments[segment + 1]++;
    });
    for (let s = 1; s < segments.length; s++) segments[s] += segments[s - 1];
    const next = segments.slice();
    visit((segment, r) => {
      columnOf[next[segment]++] = r;
    });
  }

  #arrays({ segments, columns, n, blocks }: SparseRows) {
    const { buffer } = this.#memory.wasm;
    return {
      segments: new Uint32Array(buffer, segments, n * blocks + 1),
      columnOf: new Uint16Array(buffer, columns, this.length),
    };
  }

  mask(): Uint8Array {
    const { segments, columnOf } = this.#arrays(this.direct);
    const { blocks } = this.direct;
    const mask = new Uint8Array(this.rows * this.columns);
    for (let r = 0; r < this.rows; r++) {
      for (let e = segments[r * blocks]; e < segments[(r + 1) * blocks]; e++) mask[r * this.columns + columnOf[e]] = 1;
    }
    return mask;
  }

  /** Where the values of each row of the transposed matrix begin. */
  starts(transposed: SparseRows): Uint32Array {
    const { segments } = this.#arrays(transposed);
    return Uint32Array.from({ length: transposed.n }, (_, r) => segments[r * transposed.blocks]);
  }

  /** Frees its memory. */
  free(): void {
    this.#memory.free(this.#block);
    if (this.#transposed) this.#memory.free(this.#transposed);
  }
}
