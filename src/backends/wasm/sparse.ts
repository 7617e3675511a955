import type { BottleneckSpec, SparseOperand, SparseProducts, View } from '../backend.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';
import { addModule } from './module.ts';
import { type MovePatterns, movePatterns } from './move-patterns.ts';
import { ExpandedPlaces, type SparseRows, TOKENS, WasmPlaces } from './places.ts';
import * as sparseBinary from './sparse-binary.ts';
import { SparseBottleneck } from './sparse-bottleneck.ts';

/** What a kept value costs a product, counted in those of a dense one. */
const VALUE = 1.5;
/** The same of a number that is moved into a tile or out of it. */
const MOVE = 14;
/** So much of the dense product at most a sparse one must cost to be taken. */
const GAIN = 0.88;
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
  readonly #scratchOf: (features: number) => number;
  readonly #patterns: MovePatterns;
  readonly #expanded: ExpandedPlaces;

  /** @param scratchOf bytes of scratch for each thread of a product with so many features in tiles of its own */
  constructor(backend: WasmBackend, scratchOf: (features: number) => number) {
    this.#backend = backend;
    this.#scratchOf = scratchOf;
    this.#patterns = movePatterns(backend.memory);
    this.#expanded = new ExpandedPlaces((bytes) => backend.growBy(bytes));
  }

  /** The kernels of a bottleneck whose D and U are sparse; null where the dense ones are faster, or a matrix is dense. */
  bottleneck(
    inputs: readonly View<WasmBuffer>[],
    spec: BottleneckSpec,
    places: readonly (WasmPlaces | null)[],
  ): SparseBottleneck | null {
    return SparseBottleneck.of(this.#backend, this, inputs, spec, places);
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
    const { batchInvariance } = this.#backend;
    if (batchInvariance === 'few rows') return false;
    // How full the last tile is depends on the batch.
    const tiled = batchInvariance ? rows : Math.ceil(rows / TOKENS) * TOKENS;
    const cost = costOf(kept, moved * matrices.length) * tiled;
    return cost <= GAIN * total((places) => places.rows * places.columns) * rows;
  }

  timeShare(rows: number, columns: number, kept: number): number {
    const share = costOf(kept, Math.max(rows, columns)) / (rows * columns);
    return share <= GAIN ? share : 1;
  }

  places(mask: ArrayLike<number>, rows: number, columns: number): WasmPlaces {
    return this.#backend.track(new WasmPlaces(this.#backend.memory, this.#expanded, mask, rows, columns));
  }

  mask(places: WasmPlaces): Uint8Array {
    return places.mask();
  }

  toDense({ values, places }: Matrix): WasmBuffer {
    const { n, k, blocks, segments } = places.direct;
    const dense = this.#backend.allocate(n * k);
    const { toPlaces } = this.#patterns;
    this.#backend.kernels.sparseToDense(values, segments, blocks, places.bits, toPlaces, dense, k, n);
    return dense;
  }

  keptValues(dense: WasmBuffer, places: WasmPlaces): WasmBuffer {
    const { n, k, blocks, segments } = places.direct;
    const values = this.#backend.allocate(places.length);
    const { fromPlaces } = this.#patterns;
    this.#backend.kernels.sparseKeptValues(dense, segments, blocks, places.bits, fromPlaces, values, k, n);
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

  /** Returns what `use` makes of the matrix transposed. */
  withTransposed<T>({ values, places }: Matrix, use: (operand: Operand) => T): T {
    const { transposed } = places;
    const { n, blocks, segments, columns } = places.direct;
    const own = this.#backend.fill(transposed.entries, 0);
    const { kernels, memory } = this.#backend;
    memory.borrowInts(places.starts(transposed), (cursors) =>
      kernels.sparseTransposeValues(values, segments, blocks, columns, cursors, transposed.blocks, own, n),
    );
    const result = use({ ...transposed, values: own });
    this.#backend.free(own);
    return result;
  }

  /** y = init + bias + x times the matrix transposed; init, of rows, only where y is. */
  product(
    x: Tokens,
    { n, k, segments, columns, values }: Operand,
    { bias = null, init = null }: { readonly bias?: WasmBuffer | null; readonly init?: WasmBuffer | null },
    y: Tokens,
    rows: number,
  ): void {
    const { kernels } = this.#backend;
    const [ofTiles, toTiles] = [x.ofTiles ?? false, y.ofTiles ?? false];
    const bytes = this.#scratchOf((ofTiles ? 0 : k) + (toTiles ? 0 : n));
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
    return this.#pair(x, y, places, { ...places.transposed, values: null }, null, null, rows, scale);
  }

  /**
   * Both gradients of y = x Wᵀ at once: dx = init + dy W, and the one of the values, scale · Σ_t dy[t, r] x[t, c].
   *
   * @returns the second one
   */
  backward(
    x: Tokens,
    dy: Tokens,
    matrix: Matrix,
    { dx, init = null }: { readonly dx: Tokens; readonly init?: WasmBuffer | null },
    rows: number,
    scale = 1,
  ): WasmBuffer {
    return this.withTransposed(matrix, (operand) => this.#pair(x, dy, matrix.places, operand, init, dx, rows, scale));
  }

  #pair(
    own: Tokens,
    other: Tokens,
    places: WasmPlaces,
    transposed: SparseRows & { readonly values: WasmBuffer | null },
    init: WasmBuffer | null,
    out: Tokens | null,
    rows: number,
    scale: number,
  ): WasmBuffer {
    const backend = this.#backend;
    const { n, k, segments, columns, values, entries } = transposed;
    const parts = Math.max(1, Math.min(PARTS, Math.floor(Math.ceil(rows / TOKENS) / TILES_OF_PART)));
    const stride = 2 * entries;
    const sums = backend.allocate(parts * stride);
    const [to, toTiles] = [out?.buffer ?? null, out?.ofTiles ?? false];
    const [ownOfTiles, otherOfTiles] = [own.ofTiles ?? false, other.ofTiles ?? false];
    const bytes = this.#scratchOf(2 * n + k);
    // biome-ignore format: one line for each group of arguments
    backend.kernels.sparsePair(
      own.buffer, ownOfTiles, other.buffer, otherOfTiles,
      init, to, toTiles,
      segments, columns, values, sums, stride,
      n, k, rows, parts, parts, bytes,
    );
    const total = backend.reduce('sum', { buffer: sums, shape: [parts, stride] }, [0]);
    backend.free(sums);
    const gradient = backend.allocate(places.length);
    const { direct } = places;
    backend.memory.borrowInts(places.starts(transposed), (cursors) =>
      // biome-ignore format: one line for each group of arguments
      backend.kernels.sparseGradient(
        total, direct.segments, direct.blocks, direct.columns,
        cursors, transposed.blocks, scale, gradient, direct.n,
      ),
    );
    backend.free(total);
    return gradient;
  }
}

/** Makes the sparse products of a backend. */
export function openSparse(backend: WasmBackend): WasmSparseProducts {
  const { sparseScratch } = backend.addKernels(addModule(sparseBinary));
  return new WasmSparseProducts(backend, sparseScratch);
}
