import type { SparseOperand, SparseProducts, View } from '../backend.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';
import type { SparseRows, WasmPlaces } from './places.ts';

/** Tokens of a tile. */
const TOKENS = 64;
/** What a kept value costs a product, counted in those of a dense one. */
const VALUE = 1.3;
/** The same of a number that is moved into a tile or out of it. */
const MOVE = 14;
/** So much of the dense product at most a sparse one must cost to be taken. */
const GAIN = 0.9;
/** Most parts of the tokens whose products are summed by themselves, and the least tiles of one. */
const PARTS = 8;
const TILES_OF_PART = 2;

/** What products cost for each token, counted in multiplications of a dense one. */
const costOf = (kept: number, moved: number): number => VALUE * kept + MOVE * moved;

type Matrix = SparseOperand<WasmBuffer, WasmPlaces>;

/** A matrix [n, k] with its values in the order of its places. */
interface Operand extends SparseRows {
  readonly values: WasmBuffer;
}

/** An array of tokens: rows [tokens, features], or tiles [tokens / 64, features, 64] of them. */
export interface Tokens {
  readonly buffer: WasmBuffer;
  readonly ofTiles?: boolean;
}

/** Sparse products by kernels that take tiles of 64 tokens; see kernels/wasm/assembly/sparse.ts. */
export class WasmSparseProducts implements SparseProducts<WasmBuffer, WasmPlaces> {
  readonly #backend: WasmBackend;

  constructor(backend: WasmBackend) {
    this.#backend = backend;
  }

  /**
   * Whether products with these matrices are faster than with dense ones. It depends on shapes, density and rows alone, and not on how
   * fast this machine is: so the same run has the same bits everywhere.
   *
   * @param moved features that each of them moves into tiles or out of them
   */
  pays(matrices: readonly WasmPlaces[], rows: number, moved: number): boolean {
    const total = (of: (places: WasmPlaces) => number) => matrices.reduce((sum, places) => sum + of(places), 0);
    const kept = total(({ length }) => length);
    const padded = Math.ceil(rows / TOKENS) * TOKENS;
    const cost = costOf(kept, moved * matrices.length) * padded;
    return cost <= GAIN * total((places) => places.rows * places.columns) * rows && matrices.every(fitsKernels);
  }

  timeShare(rows: number, columns: number, kept: number): number {
    const share = costOf(kept, Math.max(rows, columns)) / (rows * columns);
    return share <= GAIN ? share : 1;
  }

  places(mask: ArrayLike<number>, rows: number, columns: number): WasmPlaces {
    return this.#backend.allocatePlaces(mask, rows, columns);
  }

  mask(places: WasmPlaces): Uint8Array {
    return places.mask();
  }

  toDense({ values, places }: Matrix): WasmBuffer {
    const { n, k, blocks, segments, columns } = places.direct;
    const dense = this.#backend.allocate(n * k);
    this.#backend.kernels.sparseToDense(values, segments, blocks, columns, dense, k, n);
    return dense;
  }

  keptValues(dense: WasmBuffer, places: WasmPlaces): WasmBuffer {
    const { n, k, blocks, segments, columns } = places.direct;
    const values = this.#backend.allocate(places.length);
    this.#backend.kernels.sparseKeptValues(dense, segments, blocks, columns, values, k, n);
    return values;
  }

  linear(x: View<WasmBuffer>, matrix: Matrix, bias: View<WasmBuffer> | null): WasmBuffer {
    const { rows: n, columns: k } = matrix.places;
    const [rows] = x.shape;
    if (!this.pays([matrix.places], rows, n + k)) {
      return this.#withDense(matrix, (buffer) => this.#backend.linear(x, { buffer, shape: [n, k] }, bias));
    }
    const y = this.#backend.allocate(rows * n);
    this.product(x, this.direct(matrix), { bias: bias?.buffer ?? null }, { buffer: y }, rows);
    return y;
  }

  matmul(y: View<WasmBuffer>, matrix: Matrix): WasmBuffer {
    const { rows: k, columns: n } = matrix.places;
    const [rows] = y.shape;
    if (!this.pays([matrix.places], rows, n + k)) {
      const spec = { batch: 1, m: rows, k, n, transposeA: false, transposeB: false };
      return this.#withDense(matrix, (dense) => this.#backend.matmul(y.buffer, dense, spec));
    }
    const x = this.#backend.allocate(rows * n);
    this.withTransposed(matrix, (operand) => this.product(y, operand, {}, { buffer: x }, rows));
    return x;
  }

  sampledMatmul(y: View<WasmBuffer>, x: View<WasmBuffer>, places: WasmPlaces): WasmBuffer {
    const { rows: m, columns: n } = places;
    const [rows] = y.shape;
    if (this.pays([places], rows, m + n)) return this.sample(y, x, places, rows);
    const spec = { batch: 1, m, k: rows, n, transposeA: true, transposeB: false };
    const product = this.#backend.matmul(y.buffer, x.buffer, spec);
    const values = this.keptValues(product, places);
    this.#backend.free(product);
    return values;
  }

  #withDense(matrix: Matrix, use: (dense: WasmBuffer) => WasmBuffer): WasmBuffer {
    const dense = this.toDense(matrix);
    const result = use(dense);
    this.#backend.free(dense);
    return result;
  }

  /** Numbers of an array in tiles. */
  tiledLength(rows: number, features: number): number {
    return Math.ceil(rows / TOKENS) * TOKENS * features;
  }

  direct({ values, places }: Matrix): Operand {
    return { ...places.direct, values };
  }

  /** Calls `use` with the matrix transposed. */
  withTransposed({ values, places }: Matrix, use: (operand: Operand) => void): void {
    const backend = this.#backend;
    const transposed = places.transposed((bytes) => backend.growBy(bytes));
    const own = backend.allocate(places.length);
    backend.memory.borrowInts(places.starts(transposed), (cursors) =>
      backend.kernels.sparseTransposeValues(values, places.direct.columns, cursors, own, places.length),
    );
    use({ ...transposed, values: own });
    backend.free(own);
  }

  /** y = init + bias + x times the matrix transposed; init, of rows, only where y is. */
  product(
    x: Tokens,
    { n, k, segments, columns, values }: Operand,
    { bias = null, init = null }: { readonly bias?: WasmBuffer | null; readonly init?: WasmBuffer | null },
    y: Tokens,
    rows: number,
  ): void {
    const { kernels, scratch } = this.#backend;
    const [ofTiles, toTiles] = [x.ofTiles ?? false, y.ofTiles ?? false];
    const bytes = scratch.sparseScratch((ofTiles ? 0 : k) + (toTiles ? 0 : n));
    kernels.sparseProduct(
      x.buffer,
      ofTiles,
      segments,
      columns,
      values,
      bias,
      init,
      y.buffer,
      toTiles,
      n,
      k,
      rows,
      bytes,
    );
  }

  /** scale · Σ_t y[t, r] x[t, c] at the places. */
  sample(y: Tokens, x: Tokens, places: WasmPlaces, rows: number, scale = 1): WasmBuffer {
    const backend = this.#backend;
    const { n, k, blocks, segments, columns } = places.direct;
    const parts = Math.max(1, Math.min(PARTS, Math.floor(Math.ceil(rows / TOKENS) / TILES_OF_PART)));
    const stride = 2 * places.length;
    const out = backend.allocate(places.length);
    const [yOfTiles, xOfTiles] = [y.ofTiles ?? false, x.ofTiles ?? false];
    const scratch = backend.scratch.sparseScratch((yOfTiles ? 0 : n) + (xOfTiles ? 0 : k));
    backend.memory.borrow(4 * parts * stride + 64, (sums) => {
      backend.kernels.sparseSample(
        ...([y.buffer, yOfTiles, x.buffer, xOfTiles, segments, columns, sums, stride, n, k, rows, parts] as const),
        parts,
        scratch,
      );
      backend.kernels.sparseFold(sums, stride, parts, segments, scale, out, n * blocks);
    });
    return out;
  }
}

/** The numbers of rows and columns have 16 bits each. */
const fitsKernels = ({ rows }: WasmPlaces): boolean => rows <= 65536;
