import type { Block } from './allocator.ts';
import type { Memory } from './memory.ts';

/** Tokens of a tile, as kernels take them: `TOKENS` of the kernels. */
export const TOKENS = 64;
/** Columns that products take together, so that what is multiplied with them stays in the L1 cache: `BLOCK` of the kernels. */
const BLOCK = 128;
/** Entries that kernels of gradients take together. */
const GROUP = 4;
/** Columns whose bits are stored in one number. */
const COLUMNS_OF_BITS = 16;

/** A matrix [n, k] in compressed sparse rows, as kernels read it. */
export interface SparseRows {
  readonly n: number;
  readonly k: number;
  /** Blocks of 128 columns. */
  readonly blocks: number;
  /** The number of columns in the list: the kept ones, and those that fill groups up. */
  readonly entries: number;
  /** Byte address of u32 [n, blocks] and one more: where the values of each row begin in each block. */
  readonly segments: number;
  /** Byte address of u8 [entries]: columns, counted in their block. */
  readonly columns: number;
}

const blocksOf = (k: number): number => Math.ceil(k / BLOCK);
const bytesOf = (entries: number, n: number, k: number): number => 4 * (n * blocksOf(k) + 1) + entries;

function rowsIn({ start }: Block, entries: number, n: number, k: number): SparseRows {
  const blocks = blocksOf(k);
  return { n, k, blocks, entries, segments: start, columns: start + 4 * (n * blocks + 1) };
}

/** The places of a sparse matrix [rows, columns]; once a derivative has asked for it, in the order of the transposed matrix too. */
export class WasmPlaces {
  readonly opaque = 'places';
  readonly length: number;
  readonly rows: number;
  readonly columns: number;
  readonly #memory: Memory;
  readonly #block: Block;
  #transposed: { readonly block: Block; readonly entries: number } | null = null;
  #bits: Block | null = null;

  constructor(memory: Memory, mask: ArrayLike<number>, rows: number, columns: number) {
    let kept = 0;
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) kept++;
    this.length = kept;
    this.rows = rows;
    this.columns = columns;
    this.#memory = memory;
    this.#block = memory.allocate(bytesOf(kept, rows, columns));
    const { segments, columnOf } = this.#arrays(this.direct);
    let e = 0;
    let segment = 0;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        if (c % BLOCK === 0) segments[segment++] = e;
        if (mask[r * columns + c] !== 0) columnOf[e++] = c % BLOCK;
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
    const transposed = this.#transposed ? bytesOf(this.#transposed.entries, columns, rows) : 0;
    return bytesOf(length, rows, columns) + transposed + (this.#bits ? this.#bitBytes : 0);
  }

  get #bitBytes(): number {
    return 2 * this.rows * Math.ceil(this.columns / COLUMNS_OF_BITS);
  }

  /**
   * Byte address of u16 [rows, columns / 16], rounded up: a bit for each place, 1 where it is kept.
   *
   * @param onGrowth gets the bytes that this takes, the first time
   */
  bits(onGrowth: (bytes: number) => void): number {
    if (!this.#bits) {
      this.#bits = this.#memory.allocate(this.#bitBytes);
      const groups = Math.ceil(this.columns / COLUMNS_OF_BITS);
      const bits = new Uint16Array(this.#memory.wasm.buffer, this.#bits.start, this.rows * groups).fill(0);
      this.#eachKept((r, c) => {
        bits[r * groups + Math.floor(c / COLUMNS_OF_BITS)] |= 1 << (c % COLUMNS_OF_BITS);
      });
      onGrowth(this.#bitBytes);
    }
    return this.#bits.start;
  }

  /**
   * The matrix transposed. Its segments have whole groups of four entries: the last column is repeated, for values of 0.
   *
   * @param onGrowth gets the bytes that this takes, the first time
   */
  transposed(onGrowth: (bytes: number) => void): SparseRows {
    const { rows, columns } = this;
    if (!this.#transposed) {
      const counts = this.#countsTransposed();
      const entries = counts.reduce((sum, count) => sum + Math.ceil(count / GROUP) * GROUP, 0);
      const bytes = bytesOf(entries, columns, rows);
      this.#transposed = { block: this.#memory.allocate(bytes), entries };
      this.#transpose(counts, rowsIn(this.#transposed.block, entries, columns, rows));
      onGrowth(bytes);
    }
    return rowsIn(this.#transposed.block, this.#transposed.entries, columns, rows);
  }

  /** Calls `use` with each kept place, row by row. */
  #eachKept(use: (row: number, column: number) => void): void {
    const { segments, columnOf } = this.#arrays(this.direct);
    const { blocks } = this.direct;
    for (let r = 0; r < this.rows; r++) {
      for (let b = 0; b < blocks; b++) {
        const end = segments[r * blocks + b + 1];
        for (let e = segments[r * blocks + b]; e < end; e++) use(r, b * BLOCK + columnOf[e]);
      }
    }
  }

  /** Calls `use` with the segment of the transposed matrix in which each kept value lies, and its row here. */
  #visit(use: (segment: number, row: number) => void): void {
    const transposedBlocks = blocksOf(this.rows);
    this.#eachKept((r, c) => use(c * transposedBlocks + Math.floor(r / BLOCK), r));
  }

  #countsTransposed(): Uint32Array {
    const counts = new Uint32Array(this.columns * blocksOf(this.rows));
    this.#visit((segment) => {
      counts[segment]++;
    });
    return counts;
  }

  #transpose(counts: Uint32Array, to: SparseRows): void {
    const { segments, columnOf } = this.#arrays(to);
    segments[0] = 0;
    for (let s = 0; s < counts.length; s++) segments[s + 1] = segments[s] + Math.ceil(counts[s] / GROUP) * GROUP;
    const next = segments.slice();
    this.#visit((segment, r) => {
      columnOf.fill(r % BLOCK, next[segment]++, segments[segment + 1]);
    });
  }

  #arrays({ segments, columns, n, blocks, entries }: SparseRows) {
    const { buffer } = this.#memory.wasm;
    return {
      segments: new Uint32Array(buffer, segments, n * blocks + 1),
      columnOf: new Uint8Array(buffer, columns, entries),
    };
  }

  mask(): Uint8Array {
    const mask = new Uint8Array(this.rows * this.columns);
    this.#eachKept((r, c) => {
      mask[r * this.columns + c] = 1;
    });
    return mask;
  }

  /** Where each segment of the transposed matrix begins. */
  starts(transposed: SparseRows): Uint32Array {
    return this.#arrays(transposed).segments.subarray(0, -1);
  }

  /** Frees its memory. */
  free(): void {
    this.#memory.free(this.#block);
    if (this.#transposed) this.#memory.free(this.#transposed.block);
    if (this.#bits) this.#memory.free(this.#bits);
  }
}
