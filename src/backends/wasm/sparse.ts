import type { SparseOperand, SparseProducts, View } from '../backend.ts';
import type { Block } from './allocator.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';

/** The places of a sparse matrix in compressed sparse rows: u32 [rows + 1] where each row begins, u16 [kept] columns. */
export class WasmPlaces {
  readonly opaque = 'places';
  readonly length: number;
  readonly rows: number;
  readonly columns: number;
  readonly block: Block;

  constructor(length: number, rows: number, columns: number, block: Block) {
    this.length = length;
    this.rows = rows;
    this.columns = columns;
    this.block = block;
  }

  static bytes(kept: number, rows: number): number {
    return 4 * (rows + 1) + 2 * kept;
  }

  get bytes(): number {
    return WasmPlaces.bytes(this.length, this.rows);
  }

  /** Byte addresses of the parts. */
  get starts(): number {
    return this.block.start;
  }

  get column(): number {
    return this.block.start + 4 * (this.rows + 1);
  }
}

type Matrix = SparseOperand<WasmBuffer, WasmPlaces>;

/** Sparse products by kernels. */
export class WasmSparseProducts implements SparseProducts<WasmBuffer, WasmPlaces> {
  readonly #backend: WasmBackend;

  constructor(backend: WasmBackend) {
    this.#backend = backend;
  }

  places(mask: ArrayLike<number>, rows: number, columns: number): WasmPlaces {
    const { memory } = this.#backend;
    let kept = 0;
    for (let i = 0; i < mask.length; i++) if (mask[i] !== 0) kept++;
    const places = this.#backend.allocatePlaces(kept, rows, columns);
    const starts = new Uint32Array(memory.wasm.buffer, places.starts, rows + 1);
    const column = new Uint16Array(memory.wasm.buffer, places.column, kept);
    let e = 0;
    for (let r = 0; r < rows; r++) {
      starts[r] = e;
      for (let c = 0; c < columns; c++) if (mask[r * columns + c] !== 0) column[e++] = c;
    }
    starts[rows] = e;
    return places;
  }

  mask({ starts, column, rows, columns, length }: WasmPlaces): Uint8Array {
    const { buffer } = this.#backend.memory.wasm;
    const ends = new Uint32Array(buffer, starts, rows + 1);
    const columnOf = new Uint16Array(buffer, column, length);
    const mask = new Uint8Array(rows * columns);
    for (let r = 0; r < rows; r++) for (let e = ends[r]; e < ends[r + 1]; e++) mask[r * columns + columnOf[e]] = 1;
    return mask;
  }

  toDense({ values, places }: Matrix): WasmBuffer {
    const { rows, columns, starts, column } = places;
    const dense = this.#backend.allocate(rows * columns);
    this.#backend.kernels.sparseToDense(values, starts, column, dense, columns, rows);
    return dense;
  }

  keptValues(dense: WasmBuffer, { length, rows, columns, starts, column }: WasmPlaces): WasmBuffer {
    const values = this.#backend.allocate(length);
    this.#backend.kernels.sparseKeptValues(dense, starts, column, values, columns, rows);
    return values;
  }

  linear(x: View<WasmBuffer>, matrix: Matrix, bias: View<WasmBuffer> | null): WasmBuffer {
    const { rows, columns } = matrix.places;
    return this.#withDense(matrix, (buffer) => this.#backend.linear(x, { buffer, shape: [rows, columns] }, bias));
  }

  matmul(y: View<WasmBuffer>, matrix: Matrix): WasmBuffer {
    const { rows: k, columns: n } = matrix.places;
    const spec = { batch: 1, m: y.shape[0], k, n, transposeA: false, transposeB: false };
    return this.#withDense(matrix, (dense) => this.#backend.matmul(y.buffer, dense, spec));
  }

  sampledMatmul(y: View<WasmBuffer>, x: View<WasmBuffer>, places: WasmPlaces): WasmBuffer {
    const { rows: m, columns: n } = places;
    const spec = { batch: 1, m, k: y.shape[0], n, transposeA: true, transposeB: false };
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
}
