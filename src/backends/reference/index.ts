import { counterUniform } from '../../random/counter.ts';
import {
  type Backend,
  type BinaryOp,
  type DType,
  type FloatArray,
  type FusedKernels,
  type Int8Products,
  type MatmulSpec,
  MemoryError,
  type ReduceOp,
  type Shape,
  type SparseProducts,
  type UnaryOp,
  type View,
} from '../backend.ts';
import { broadcastStrides, sizeOf, stridesOf } from '../shapes.ts';
import { readFloats, type StoredNumbers } from '../stored.ts';
import { erf } from './erf.ts';
import type { Int8Weights } from './int8.ts';
import type { Places } from './sparse.ts';

const unaryFunctions: { [Op in UnaryOp]: (x: number) => number } = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu: (x) => Math.max(x, 0),
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  abs: Math.abs,
  sign: Math.sign,
  erf,
  heaviside: (x) => (x > 0 ? 1 : 0),
};

const binaryFunctions: { [Op in BinaryOp]: (a: number, b: number) => number } = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => (a === b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
};

const reductions: { [Op in ReduceOp]: { start: number; step: (total: number, x: number) => number } } = {
  sum: { start: 0, step: (total, x) => total + x },
  max: { start: -Infinity, step: Math.max },
};

/**
 * Visits every index of `shape` in row-major order and gives, for each set of strides, the offset it leads to.
 * All primitives that move data are one call of this walk.
 */
function walk(shape: Shape, strides: readonly (readonly number[])[], visit: (...offsets: number[]) => void): void {
  const total = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  const offsets = strides.map(() => 0);
  for (let i = 0; i < total; i++) {
    visit(...offsets);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const wrapped = ++index[axis] === shape[axis];
      const move = wrapped ? 1 - shape[axis] : 1;
      if (wrapped) index[axis] = 0;
      for (let s = 0; s < strides.length; s++) offsets[s] += move * strides[s][axis];
      if (!wrapped) break;
    }
  }
}

/** The products of 8-bit weights on this backend. */
export type ReferenceInt8 = Int8Products<FloatArray, Int8Weights>;
let openInt8: ((backend: ReferenceBackend) => ReferenceInt8) | null = null;

/** Lets backends have products of 8-bit weights from now on. */
export function addReferenceInt8(open: (backend: ReferenceBackend) => ReferenceInt8): void {
  openInt8 = open;
}

/** The sparse products on this backend. */
export type ReferenceSparse = SparseProducts<FloatArray, Places>;
let openSparse: ((backend: ReferenceBackend) => ReferenceSparse) | null = null;

/** Lets backends have sparse products from now on. */
export function addReferenceSparse(open: (backend: ReferenceBackend) => ReferenceSparse): void {
  openSparse = open;
}

/**
 * The oracle: plain loops over typed arrays, written to be read. Every sum is accumulated in float64 and rounded once.
 * It has no fused kernels, so on it every operation is its own definition.
 */
export class ReferenceBackend implements Backend {
  readonly name = 'reference';
  readonly dtype: DType;
  readonly fused: Partial<FusedKernels> = {};
  readonly holdsFewerBits = true;
  #bytes = 0;
  #int8: ReferenceInt8 | undefined;
  #sparse: ReferenceSparse | undefined;

  constructor(dtype: DType = 'float32') {
    this.dtype = dtype;
  }

  describe(): string {
    return 'plain TypeScript';
  }

  #new(length: number): FloatArray {
    const values = this.#array(length);
    this.#bytes += values.byteLength;
    return values;
  }

  #array(length: number): FloatArray {
    try {
      return this.dtype === 'float64' ? new Float64Array(length) : new Float32Array(length);
    } catch {
      throw new MemoryError(
        `The reference backend is out of memory: an array of ${length} numbers does not fit. ` +
          'Lower the batch size or the sequence length, or put each step in tidy(() => ...), which frees what it made.',
      );
    }
  }

  /** Undefined until {@link addReferenceInt8}. */
  get int8(): ReferenceInt8 | undefined {
    this.#int8 ??= openInt8?.(this);
    return this.#int8;
  }

  /** Undefined until {@link addReferenceSparse}. */
  get sparse(): ReferenceSparse | undefined {
    this.#sparse ??= openSparse?.(this);
    return this.#sparse;
  }

  /** Counts the bytes of a new buffer that is no plain one. */
  track<Opaque extends { readonly bytes: number }>(buffer: Opaque): Opaque {
    this.#bytes += buffer.bytes;
    return buffer;
  }

  upload(values: ArrayLike<number>): FloatArray {
    const out = this.#new(values.length);
    out.set(values);
    return out;
  }

  uploadStored(numbers: StoredNumbers): FloatArray {
    return this.upload(readFloats(numbers));
  }

  fill(length: number, value: number): FloatArray {
    return this.#new(length).fill(value);
  }

  async read(buffer: FloatArray): Promise<FloatArray> {
    return buffer.slice();
  }

  readSync(buffer: FloatArray): FloatArray {
    return buffer.slice();
  }

  free(buffer: FloatArray | Int8Weights | Places): void {
    this.#bytes -= 'opaque' in buffer ? buffer.bytes : buffer.byteLength;
  }

  collected(bytes: number): void {
    this.#bytes -= bytes;
  }

  bytes(): number {
    return this.#bytes;
  }

  unary(op: UnaryOp, x: FloatArray): FloatArray {
    const f = unaryFunctions[op];
    const out = this.#new(x.length);
    for (let i = 0; i < x.length; i++) out[i] = f(x[i]);
    return out;
  }

  binary(op: BinaryOp, a: View<FloatArray>, b: View<FloatArray>, shape: Shape): FloatArray {
    const f = binaryFunctions[op];
    const out = this.#new(sizeOf(shape));
    let i = 0;
    walk(shape, [broadcastStrides(a.shape, shape), broadcastStrides(b.shape, shape)], (ia, ib) => {
      out[i++] = f(a.buffer[ia], b.buffer[ib]);
    });
    return out;
  }

  select(condition: View<FloatArray>, a: View<FloatArray>, b: View<FloatArray>, shape: Shape): FloatArray {
    const out = this.#new(sizeOf(shape));
    let i = 0;
    const strides = [condition, a, b].map((view) => broadcastStrides(view.shape, shape));
    walk(shape, strides, (ic, ia, ib) => {
      out[i++] = condition.buffer[ic] !== 0 ? a.buffer[ia] : b.buffer[ib];
    });
    return out;
  }

  broadcast(x: View<FloatArray>, shape: Shape): FloatArray {
    const out = this.#new(sizeOf(shape));
    let i = 0;
    walk(shape, [broadcastStrides(x.shape, shape)], (ix) => {
      out[i++] = x.buffer[ix];
    });
    return out;
  }

  reduce(op: ReduceOp, x: View<FloatArray>, axes: readonly number[]): FloatArray {
    const { start, step } = reductions[op];
    const kept = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    const totals = new Float64Array(sizeOf(kept)).fill(start);
    let i = 0;
    walk(x.shape, [broadcastStrides(kept, x.shape)], (it) => {
      totals[it] = step(totals[it], x.buffer[i++]);
    });
    return this.upload(totals);
  }

  matmul(a: FloatArray, b: FloatArray, { batch, m, k, n, transposeA, transposeB }: MatmulSpec): FloatArray {
    const out = this.#new(batch * m * n);
    const [rowA, colA] = transposeA ? [1, m] : [k, 1];
    const [rowB, colB] = transposeB ? [1, k] : [n, 1];
    for (let s = 0; s < batch; s++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let total = 0;
          for (let l = 0; l < k; l++) total += a[s * m * k + i * rowA + l * colA] * b[s * k * n + l * rowB + j * colB];
          out[(s * m + i) * n + j] = total;
        }
      }
    }
    return out;
  }

  linear(x: View<FloatArray>, weight: View<FloatArray>, bias: View<FloatArray> | null): FloatArray {
    const [[m, k], n] = [x.shape, weight.shape[0]];
    const out = this.matmul(x.buffer, weight.buffer, { batch: 1, m, k, n, transposeA: false, transposeB: true });
    if (bias) for (let i = 0; i < out.length; i++) out[i] += bias.buffer[i % n];
    return out;
  }

  gather(table: View<FloatArray>, ids: Int32Array): FloatArray {
    const width = sizeOf(table.shape.slice(1));
    const out = this.#new(ids.length * width);
    ids.forEach((id, row) => {
      if (id >= 0) out.set(table.buffer.subarray(id * width, (id + 1) * width), row * width);
    });
    return out;
  }

  scatterAdd(x: View<FloatArray>, ids: Int32Array, rows: number): FloatArray {
    const width = sizeOf(x.shape.slice(1));
    const out = this.#new(rows * width);
    ids.forEach((id, row) => {
      if (id < 0) return;
      for (let j = 0; j < width; j++) out[id * width + j] += x.buffer[row * width + j];
    });
    return out;
  }

  permute(x: View<FloatArray>, order: readonly number[]): FloatArray {
    const strides = stridesOf(x.shape);
    const out = this.#new(x.buffer.length);
    let i = 0;
    walk(
      order.map((axis) => x.shape[axis]),
      [order.map((axis) => strides[axis])],
      (ix) => {
        out[i++] = x.buffer[ix];
      },
    );
    return out;
  }

  slice(x: View<FloatArray>, starts: readonly number[], shape: Shape): FloatArray {
    const strides = stridesOf(x.shape);
    const base = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
    const out = this.#new(sizeOf(shape));
    let i = 0;
    walk(shape, [strides], (ix) => {
      out[i++] = x.buffer[base + ix];
    });
    return out;
  }

  pad(x: View<FloatArray>, starts: readonly number[], shape: Shape): FloatArray {
    const out = this.#new(sizeOf(shape));
    this.#place(out, x, starts, shape);
    return out;
  }

  concat(xs: readonly View<FloatArray>[], axis: number): FloatArray {
    const shape = xs[0].shape.slice();
    shape[axis] = xs.reduce((sum, x) => sum + x.shape[axis], 0);
    const out = this.#new(sizeOf(shape));
    const starts = shape.map(() => 0);
    for (const x of xs) {
      this.#place(out, x, starts, shape);
      starts[axis] += x.shape[axis];
    }
    return out;
  }

  #place(out: FloatArray, x: View<FloatArray>, starts: readonly number[], shape: Shape): void {
    const strides = stridesOf(shape);
    const base = starts.reduce((sum, start, axis) => sum + start * strides[axis], 0);
    let i = 0;
    walk(x.shape, [strides], (io) => {
      out[base + io] = x.buffer[i++];
    });
  }

  uniform(length: number, seed: number): FloatArray {
    const out = this.#new(length);
    for (let i = 0; i < length; i++) out[i] = counterUniform(seed, i);
    return out;
  }

  dropout(x: FloatArray, p: number, seed: number): FloatArray {
    const out = this.#new(x.length);
    for (let i = 0; i < x.length; i++) out[i] = counterUniform(seed, i) < p ? 0 : x[i] / (1 - p);
    return out;
  }
}
