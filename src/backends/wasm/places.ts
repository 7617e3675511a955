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

/** Bytes that the rows of all places take together before those that were asked for first are dropped. */
const EXPANDED_BYTES = 2 ** 24;
/** Places that one operation reads. */
const IN_USE = 2;

/** The places whose rows are in memory, those asked for last at the end: of many models on one backbone few are active at a time. */
export class ExpandedPlaces {
  readonly #limit: number;
  readonly #onChange: (bytes: number) => void;
  readonly #bytes = new Map<WasmPlaces, number>();
  #total = 0;

  /** @param onChange gets how many bytes more are taken */
  constructor(onChange: (bytes: number) => void, limit = EXPANDED_BYTES) {
    this.#onChange = onChange;
    this.#limit = limit;
  }

  /** Takes note that places are used, which have got so many bytes more. */
  use(places: WasmPlaces, more: number): void {
    const bytes = (this.#bytes.get(places) ?? 0) + more;
    this.#bytes.delete(places);
    this.#bytes.set(places, bytes);
    if (more === 0) return;
    this.#change(more);
    for (const first of this.#bytes.keys()) {
      if (this.#total <= this.#limit || this.#bytes.size <= IN_USE) break;
      first.collapse();
    }
  }

  /** Takes note that places have no rows any more. */
  drop(places: WasmPlaces): void {
    this.#change(-(this.#bytes.get(places) ?? 0));
    this.#bytes.delete(places);
  }

  #change(bytes: number): void {
    this.#total += bytes;
    this.#onChange(bytes);
  }
}

/** Places in a form that kernels read. */
interface Rows {
  readonly block: Block;
  readonly entries: number;
}

/** The places of a sparse matrix [rows, columns]: a bit each, and rows for kernels from when they are asked for. */
export class WasmPlaces {
  readonly opaque = 'places';
  readonly length: number;
  readonly rows: number;
  readonly columns: number;
  readonly #memory: Memory;
  readonly #expanded: ExpandedPlaces;
  readonly #bits: Block;
  #direct: Rows | null = null;
  #transposed: Rows | null = null;

  constructor(memory: Memory, expanded: ExpandedPlaces, mask: ArrayLike<number>, rows: number, columns: number) {
    this.rows = rows;
    this.columns = columns;
    this.#memory = memory;
    this.#expanded = expanded;
    this.#bits = memory.allocate(this.bytes);
    const bits = this.#bitGroups().fill(0);
    let kept = 0;
    for (let i = 0; i < rows * columns; i++) {
      if (mask[i] === 0) continue;
      const c = i % columns;
      bits[((i - c) / columns) * this.#groups + Math.floor(c / COLUMNS_OF_BITS)] |= 1 << (c % COLUMNS_OF_BITS);
      kept++;
    }
    this.length = kept;
  }

  /** Bytes of the memory that it has while it has no rows. */
  get bytes(): number {
    return 2 * this.rows * this.#groups;
  }

  get #groups(): number {
    return Math.ceil(this.columns / COLUMNS_OF_BITS);
  }

  #bitGroups(): Uint16Array {
    return new Uint16Array(this.#memory.wasm.buffer, this.#bits.start, this.rows * this.#groups);
  }

  /** Byte address of u16 [rows, columns / 16], rounded up: a bit for each place, 1 where it is kept. */
  get bits(): number {
    return this.#bits.start;
  }

  /** The matrix as it is. It stays until other places are asked for. */
  get direct(): SparseRows {
    const { rows, columns, length } = this;
    let more = 0;
    if (!this.#direct) {
      more = bytesOf(length, rows, columns);
      this.#direct = { block: this.#memory.allocate(more), entries: length };
      this.#fillDirect(rowsIn(this.#direct.block, length, rows, columns));
    }
    this.#expanded.use(this, more);
    return rowsIn(this.#direct.block, length, rows, columns);
  }

  #fillDirect(to: SparseRows): void {
    const { segments, columnOf } = this.#arrays(to);
    segments.fill(0);
    let e = 0;
    this.#eachKept((r, c) => {
      segments[r * to.blocks + Math.floor(c / BLOCK) + 1]++;
      columnOf[e++] = c % BLOCK;
    });
    for (let s = 1; s < segments.length; s++) segments[s] += segments[s - 1];
  }

  /**
   * The matrix transposed. Its segments have whole groups of four entries: the last column is repeated, for values of 0. It stays until other
   * places are asked for.
   */
  get transposed(): SparseRows {
    const { rows, columns } = this;
    let more = 0;
    if (!this.#transposed) {
      const counts = this.#countsTransposed();
      const entries = counts.reduce((sum, count) => sum + Math.ceil(count / GROUP) * GROUP, 0);
      more = bytesOf(entries, columns, rows);
      this.#transposed = { block: this.#memory.allocate(more), entries };
      this.#transpose(counts, rowsIn(this.#transposed.block, entries, columns, rows));
    }
    this.#expanded.use(this, more);
    return rowsIn(this.#transposed.block, this.#transposed.entries, columns, rows);
  }

  /** Calls `use` with each kept place, row by row. */
  #eachKept(use: (row: number, column: number) => void): void {
    this.#bitGroups().forEach((group, i) => {
      const r = Math.floor(i / this.#groups);
      const start = (i % this.#groups) * COLUMNS_OF_BITS;
      for (let bits = group; bits !== 0; bits &= bits - 1) use(r, start + 31 - Math.clz32(bits & -bits));
    });
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

  /** Frees the rows, which are made again when they are asked for. */
  collapse(): void {
    for (const made of [this.#direct, this.#transposed]) if (made) this.#memory.free(made.block);
    this.#direct = null;
    this.#transposed = null;
    this.#expanded.drop(this);
  }

  /** Frees its memory. */
  free(): void {
    this.collapse();
    this.#memory.free(this.#bits);
  }
}
