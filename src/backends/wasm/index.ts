import type {
  Backend,
  BatchInvariance,
  BinaryOp,
  FusedKernels,
  MatmulSpec,
  OptimizerKernels,
  ReduceOp,
  Shape,
  UnaryOp,
  View,
} from '../backend.ts';
import { broadcastStrides, sizeOf, stridesOf } from '../shapes.ts';
import { readFloats, type StoredNumbers } from '../stored.ts';
import { collapse, elementwiseWalk, reductions, type Walk } from '../walk.ts';
import type { Block } from './allocator.ts';
import { addressOf, WasmBuffer } from './buffer.ts';
import { fusedKernels } from './fused.ts';
import type { WasmInt8, WasmInt8Products } from './int8.ts';
import type { Int8Kind } from './int8-kind.ts';
import type { Calls } from './kernels.ts';
import { layoutWords } from './layout.ts';
import { Memory } from './memory.ts';
import {
  type Exports,
  fusesMultiplyAdd,
  instantiate,
  kernelModule,
  kernelModules,
  kernelsId,
  type ScratchSizes,
} from './module.ts';
import { optimizerKernels } from './optimizer.ts';
import type { WasmPlaces } from './places.ts';
import type { Sharing } from './sharing.ts';
import { preferredTile, simd256 } from './simd256.ts';
import type { WasmSparseProducts } from './sparse.ts';
import { type Start, ThreadPool } from './threads.ts';
import { sizeOfTile, type Tile } from './tile.ts';
import { uploadStored } from './upload-stored.ts';
import { canShare, defaultThreads, startWhileBusy, startWorkers } from './workers.ts';

export { WasmBuffer } from './buffer.ts';

type WasmView = View<WasmBuffer>;

/**
 * A product c [m, n] = init + bias + a b of contiguous matrices.
 * A transposed operand is stored [k, m] or [n, k].
 */
export interface Product {
  readonly a: WasmBuffer;
  readonly transposeA?: boolean;
  /** May be stored as float16, and stays so. */
  readonly b: WasmBuffer;
  readonly transposeB?: boolean;
  /** [n] */
  readonly bias?: WasmBuffer | null;
  /** [m, n]; not c itself, as part of a product may be computed again */
  readonly init?: WasmBuffer | null;
  readonly c: WasmBuffer;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** Most rows of a product with a transposed matrix that is computed by dot products instead of packed panels. */
const SKINNY_ROWS = 32;
/** Most rows of a product with a matrix as it lies that is computed along the rows of that, and the same where these are long. */
const FEWEST_ROWS = 2;
const FEW_ROWS_OF_LONG = 8;
const LONG = 2048;
/** Bytes of scratch for these dot products. */
const SKINNY_SCRATCH = 384;
/** A product of fewer rows is divided among threads by its columns. */
const FEW_ROWS = 48;
/** Columns of the widest tile. */
const PANEL = 16;
/** Panels for each thread with which none gets much more than its share. */
const PANELS_PER_THREAD = 4;
/** Rows of a plane that the transposing kernel takes as one unit. */
const TRANSPOSE_ROWS = 16;

/** Makes the products of 8-bit weights on a backend. */
type OpenInt8 = (backend: WasmBackend, kind?: Int8Kind) => WasmInt8Products;
let openInt8: OpenInt8 | null = null;

/** Lets backends have products of 8-bit weights from now on. */
export function addWasmInt8(open: OpenInt8): void {
  openInt8 = open;
}

/** Makes the sparse products of a backend. */
type OpenSparse = (backend: WasmBackend) => WasmSparseProducts;
let openSparse: OpenSparse | null = null;

/** Lets backends have sparse products from now on. */
export function addWasmSparse(open: OpenSparse): void {
  openSparse = open;
}

/** No result depends on them. */
export interface WasmOptions {
  /** Threads that may compute, the calling one included. */
  readonly threads?: number;
  /** What the innermost loop of a matrix product keeps in registers. Default: the fastest one here. */
  readonly tile?: Tile;
  /** Instructions of 8-bit products. Default: the fastest ones. */
  readonly int8Kind?: Int8Kind;
  /** When kernels are shared with other threads. Default: when it pays. */
  readonly sharing?: Sharing;
}

/** WebAssembly SIMD kernels over one linear memory. Everything is float32. */
export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly dtype = 'float32';
  readonly fused: FusedKernels<WasmBuffer>;
  readonly optimizer: OptimizerKernels<WasmBuffer>;
  readonly holdsFewerBits = true;
  batchInvariance: BatchInvariance | undefined;
  readonly kernels: Calls;
  readonly memory = new Memory();
  readonly scratch: ScratchSizes;
  /** Bytes of scratch that a thread needs for a product. */
  readonly gemmScratch: number;
  /** Threads that may compute, the calling one included. */
  readonly threads: number;
  readonly #wished: number;
  readonly #pool: ThreadPool;
  readonly #tile: Tile;
  readonly #int8Kind: Int8Kind | undefined;
  #int8: WasmInt8Products | undefined;
  #sparse: WasmSparseProducts | undefined;
  #bytes = 0;

  constructor({ threads = defaultThreads(), tile = preferredTile(), int8Kind, sharing }: WasmOptions = {}) {
    const memory = this.memory.wasm;
    const module = kernelModule();
    const exports = instantiate(memory, [module]);
    exports.setTile(...sizeOfTile(tile));
    this.#wished = threads;
    this.#tile = tile;
    this.#int8Kind = int8Kind;
    const start: Start = (block, names, events) =>
      startWorkers(
        { modules: kernelModules(), memory, tile: sizeOfTile(tile), names, block, threads: this.threads },
        events,
      );
    this.#pool = new ThreadPool(threads, start, sharing);
    this.threads = this.#pool.threads;
    this.kernels = this.#pool.calls(module, exports, this.memory);
    this.scratch = exports;
    this.gemmScratch = exports.gemmScratch();
    this.memory.start(exports.heapBase());
    this.fused = fusedKernels(this);
    this.optimizer = optimizerKernels(this);
  }

  /** Undefined until {@link addWasmInt8}; its kernels are compiled when it is asked for first. */
  get int8(): WasmInt8Products | undefined {
    this.#int8 ??= openInt8?.(this, this.#int8Kind);
    return this.#int8;
  }

  /** Undefined until {@link addWasmSparse}; its kernels are compiled when it is asked for first. */
  get sparse(): WasmSparseProducts | undefined {
    this.#sparse ??= openSparse?.(this);
    return this.#sparse;
  }

  /** Adds the kernels of a module to those that there are. */
  addKernels(module: WebAssembly.Module): Exports {
    const exports = instantiate(this.memory.wasm, [module]);
    exports.setTile(...sizeOfTile(this.#tile));
    Object.assign(this.kernels, this.#pool.calls(module, exports, this.memory));
    return exports;
  }

  /** Waits for the workers where they could not start later, while this thread computes. */
  async start(): Promise<this> {
    if (!startWhileBusy()) await this.#pool.start();
    return this;
  }

  /** Threads that can take part now. Workers start with the first large operation. */
  readyThreads(): number {
    return this.#pool.ready();
  }

  describe(): string {
    const { active, reason: why } = simd256();
    const possible = this.#pool.possible();
    const reason = this.#pool.whyFewer();
    const limit = this.threads < this.#wished && !canShare() ? ' (more need a cross-origin isolated page)' : '';
    const fewer = reason === undefined ? limit : ` (a worker thread ${reason})`;
    const threads = `${possible} ${possible === 1 ? 'thread' : 'threads'}${fewer}`;
    const kernels = `${active ? '256' : '128'}-bit kernels (${active ? '' : '256-bit: '}${why})`;
    const int8 = this.int8 ? `, ${this.int8.describe()}` : '';
    return `${threads}, ${kernels}${int8}, ${fusesMultiplyAdd() ? 'fused' : 'separate'} multiply-add, kernels ${kernelsId()}`;
  }

  /** A buffer whose contents are undefined. */
  allocate(length: number): WasmBuffer {
    return this.track(new WasmBuffer(length, this.memory.allocate(4 * length)));
  }

  /** The same for float16. */
  allocateF16(length: number): WasmBuffer {
    const widen = (f16: Block): Block => {
      const floats = this.memory.allocate(4 * length);
      this.kernels.widenF16(f16.start, floats.start, length);
      this.memory.free(f16);
      this.#bytes += 2 * length;
      return floats;
    };
    return this.track(new WasmBuffer(length, this.memory.allocate(2 * length), widen));
  }

  /** Takes note that a buffer has taken more bytes. */
  growBy(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Counts the bytes of a new buffer. */
  track<Buffer extends WasmBuffer | WasmInt8 | WasmPlaces>(buffer: Buffer): Buffer {
    this.#bytes += buffer.bytes;
    return buffer;
  }

  upload(values: ArrayLike<number>): WasmBuffer {
    const out = this.allocate(values.length);
    this.memory.floats(out.address, out.length).set(values);
    return out;
  }

  uploadStored(numbers: StoredNumbers, shape: Shape): WasmBuffer {
    return uploadStored(this, numbers, shape);
  }

  fill(length: number, value: number): WasmBuffer {
    const out = this.allocate(length);
    this.kernels.fill(out, value, length);
    return out;
  }

  async read(buffer: WasmBuffer): Promise<Float32Array> {
    return this.readSync(buffer);
  }

  readSync({ length, stored, isF16, bytes }: WasmBuffer): Float32Array {
    if (!isF16) return new Float32Array(this.memory.floats(stored, length));
    const f16 = this.memory.bytes(stored, bytes);
    return readFloats({ dtype: 'F16', length, readInto: (target) => target.set(f16) });
  }

  /** Forgets what was made of the contents of buffers that products have read: they may change now. */
  forget(): void {
    this.#int8?.forget();
  }

  free(buffer: WasmBuffer | WasmInt8 | WasmPlaces): void {
    this.#int8?.forget(buffer);
    this.#bytes -= buffer.bytes;
    if ('free' in buffer) buffer.free();
    else this.memory.free(buffer.block);
  }

  bytes(): number {
    return this.#bytes;
  }

  unary(op: UnaryOp, x: WasmBuffer): WasmBuffer {
    const out = this.allocate(x.length);
    this.kernels[op](x, out, x.length);
    return out;
  }

  binary(op: BinaryOp, a: WasmView, b: WasmView, shape: Shape): WasmBuffer {
    const out = this.allocate(sizeOf(shape));
    this.#walk(elementwiseWalk(shape, [a.shape, b.shape]), (layout) =>
      this.kernels[op](a.buffer, b.buffer, out, layout, out.length),
    );
    return out;
  }

  select(condition: WasmView, a: WasmView, b: WasmView, shape: Shape): WasmBuffer {
    const out = this.allocate(sizeOf(shape));
    this.#walk(elementwiseWalk(shape, [condition.shape, a.shape, b.shape]), (layout) =>
      this.kernels.select(condition.buffer, a.buffer, b.buffer, out, layout, out.length),
    );
    return out;
  }

  broadcast(x: WasmView, shape: Shape): WasmBuffer {
    const out = this.allocate(sizeOf(shape));
    this.#copy(x.buffer.address, out.address, shape, broadcastStrides(x.shape, shape), stridesOf(shape));
    return out;
  }

  reduce(op: ReduceOp, x: WasmView, axes: readonly number[]): WasmBuffer {
    const steps = reductions(x.shape, axes);
    // No axis at all leaves every number as it is.
    if (steps.length === 0) return this.#clone(x.buffer);
    let from = x.buffer;
    for (const { outer, rows, inner } of steps) {
      const out = this.allocate(outer * inner);
      if (inner === 1) this.kernels[op === 'sum' ? 'sumRows' : 'maxRows'](from, out, rows, outer);
      else this.kernels[op === 'sum' ? 'sumColumns' : 'maxColumns'](from, out, rows, inner, out.length);
      if (from !== x.buffer) this.free(from);
      from = out;
    }
    return from;
  }

  matmul(a: WasmBuffer, b: WasmBuffer, { batch, m, k, n, transposeA, transposeB }: MatmulSpec): WasmBuffer {
    const out = this.allocate(batch * m * n);
    if (batch === 1) this.gemm({ a, transposeA, b, transposeB, c: out, m, n, k });
    else this.kernels.gemmBatch(a, transposeA, b, transposeB, out, m, n, k, batch, this.gemmScratch);
    return out;
  }

  linear(x: WasmView, weight: WasmView, bias: WasmView | null): WasmBuffer {
    const [m, k] = x.shape;
    const n = weight.shape[0];
    const out = this.allocate(m * n);
    this.gemm({ a: x.buffer, b: weight.buffer, transposeB: true, bias: bias?.buffer, c: out, m, n, k });
    return out;
  }

  /** c = init + bias + a b, see {@link Product}. */
  gemm(product: Product): void {
    const { transposeA = false, b, transposeB = false, c, m, n, k } = product;
    // These first: one of them may be the same buffer as b, and is float32 from here on.
    const [a, bias, init] = [addressOf(product.a), addressOf(product.bias), addressOf(product.init)];
    const { stored, isF16 } = b;
    const { kernels, gemmScratch } = this;
    // Dot products add in another order than panels.
    const few = this.batchInvariance ? this.batchInvariance === 'few rows' : m <= SKINNY_ROWS;
    if (few && !transposeA && transposeB) {
      for (let row = 0; row < m; row += SKINNY_ROWS) {
        const rows = Math.min(SKINNY_ROWS, m - row);
        const [from, to] = [a + 4 * row * k, addressOf(c) + 4 * row * n];
        const add = init === 0 ? 0 : init + 4 * row * n;
        if (isF16) kernels.gemmSkinnyF16(from, stored, bias, add, to, rows, n, k, n, SKINNY_SCRATCH + 16 * k);
        else kernels.gemmSkinny(from, stored, bias, add, to, rows, n, k, n, SKINNY_SCRATCH);
      }
      return;
    }
    if (m <= (n < LONG ? FEWEST_ROWS : FEW_ROWS_OF_LONG) && !transposeA && !transposeB && !isF16) {
      kernels.gemmStrips(a, stored, bias, init, c, m, n, k, n);
      return;
    }
    // Threads share columns, so that each packs its own; where these are too few for a fair share, they share rows.
    const byColumns = (n >= PANELS_PER_THREAD * PANEL * this.threads && !transposeA) || m < FEW_ROWS;
    if (byColumns)
      kernels.gemmColumns(a, transposeA, stored, transposeB, isF16, bias, init, c, m, n, k, n, gemmScratch);
    else kernels.gemmRows(a, transposeA, stored, transposeB, isF16, bias, init, c, m, n, k, m, gemmScratch);
  }

  gather(table: WasmView, ids: Int32Array): WasmBuffer {
    const width = sizeOf(table.shape.slice(1));
    const out = this.allocate(ids.length * width);
    const { stored, isF16 } = table.buffer;
    const gather = this.kernels[isF16 ? 'gatherF16' : 'gather'];
    this.memory.borrowInts(ids, (list) => gather(stored, list, out, width, ids.length));
    return out;
  }

  scatterAdd(x: WasmView, ids: Int32Array, rows: number): WasmBuffer {
    const width = sizeOf(x.shape.slice(1));
    const out = this.fill(rows * width, 0);
    this.memory.borrowInts(ids, (list) => this.kernels.scatterAdd(x.buffer, list, out, width, ids.length, width));
    return out;
  }

  permute(x: WasmView, order: readonly number[]): WasmBuffer {
    const out = this.allocate(x.buffer.length);
    const shape = order.map((axis) => x.shape[axis]);
    const strides = stridesOf(x.shape);
    const walk = collapse(shape, [order.map((axis) => strides[axis]), stridesOf(shape)]);
    const last = walk.shape.length - 1;
    if (walk.strides[0][last] === 1) {
      this.#walk(walk, (layout) => this.kernels.copy(x.buffer, out, layout, out.length));
    } else if (out.length > 0) {
      this.#transpose(x.buffer.address, out.address, walk);
    }
    return out;
  }

  slice(x: WasmView, starts: readonly number[], shape: Shape): WasmBuffer {
    const out = this.allocate(sizeOf(shape));
    const strides = stridesOf(x.shape);
    this.#copy(x.buffer.address + offset(starts, strides), out.address, shape, strides, stridesOf(shape));
    return out;
  }

  pad(x: WasmView, starts: readonly number[], shape: Shape): WasmBuffer {
    const out = this.fill(sizeOf(shape), 0);
    this.#place(x, out, starts, shape);
    return out;
  }

  concat(xs: readonly WasmView[], axis: number): WasmBuffer {
    const shape = xs[0].shape.slice();
    shape[axis] = xs.reduce((sum, x) => sum + x.shape[axis], 0);
    const out = this.allocate(sizeOf(shape));
    const starts = shape.map(() => 0);
    for (const x of xs) {
      this.#place(x, out, starts, shape);
      starts[axis] += x.shape[axis];
    }
    return out;
  }

  uniform(length: number, seed: number): WasmBuffer {
    const out = this.allocate(length);
    this.kernels.uniform(out, seed, length);
    return out;
  }

  dropout(x: WasmBuffer, p: number, seed: number): WasmBuffer {
    const out = this.allocate(x.length);
    this.kernels.dropout(x, out, p, 1 / (1 - p), seed, x.length);
    return out;
  }

  #clone(x: WasmBuffer): WasmBuffer {
    return this.permute({ buffer: x, shape: [x.length] }, [0]);
  }

  #walk(walk: Walk, use: (layout: number) => void): void {
    this.memory.borrowInts(layoutWords(walk), use);
  }

  #place(x: WasmView, out: WasmBuffer, starts: readonly number[], shape: Shape): void {
    const strides = stridesOf(shape);
    this.#copy(x.buffer.address, out.address + offset(starts, strides), x.shape, stridesOf(x.shape), strides);
  }

  #copy(from: number, to: number, shape: Shape, stridesFrom: readonly number[], stridesTo: readonly number[]): void {
    const size = sizeOf(shape);
    this.#walk(collapse(shape, [stridesFrom, stridesTo]), (layout) => this.kernels.copy(from, to, layout, size));
  }

  /** The last axis of the result is strided in the source: planes of it and the source's contiguous axis are transposed. */
  #transpose(from: number, to: number, { shape, strides: [source, target] }: Walk): void {
    const columnAxis = shape.length - 1;
    const rowAxis = source.indexOf(1);
    const outer = shape.map((_, axis) => axis).filter((axis) => axis !== columnAxis && axis !== rowAxis);
    const pick = (values: readonly number[]) => outer.map((axis) => values[axis]);
    const walk = {
      shape: [...pick(shape), 1],
      strides: [
        [...pick(source), 1],
        [...pick(target), 1],
      ],
    };
    const [rows, columns] = [shape[rowAxis], shape[columnAxis]];
    const units = sizeOf(pick(shape)) * Math.ceil(rows / TRANSPOSE_ROWS);
    this.#walk(walk, (layout) =>
      this.kernels.transpose(from, to, layout, rows, columns, source[columnAxis], target[rowAxis], units),
    );
  }
}

/** Bytes to the element at `index`. */
function offset(index: readonly number[], strides: readonly number[]): number {
  return 4 * index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
}
