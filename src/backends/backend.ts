/**
 * The operations that a backend must implement: a small set of primitives over flat buffers of floats.
 *
 * A backend knows nothing of gradients, scopes or modules. Every array is contiguous and row-major; a primitive never
 * changes its operands and always returns a new buffer that the caller owns. (One optional kernel of optimisers does.) Integers (token ids, offsets, axes) are host
 * data and come as plain arrays.
 */

import type { StoredNumbers } from './stored.ts';

export type DType = 'float32' | 'float64';
/** A function that gathers the numbers of an array, one after the other. */
type Reducer<Sum> = (sum: Sum, value: number, index: number, array: ArrayLike<number>) => Sum;

/** Methods of the two arrays whose signatures differ in the array that is handed on: TypeScript cannot call them on a union. */
interface Reducible {
  reduce(reducer: Reducer<number>): number;
  reduce(reducer: Reducer<number>, initial: number): number;
  reduce<Sum>(reducer: Reducer<Sum>, initial: Sum): Sum;
  reduceRight(reducer: Reducer<number>): number;
  reduceRight(reducer: Reducer<number>, initial: number): number;
  reduceRight<Sum>(reducer: Reducer<Sum>, initial: Sum): Sum;
}

/** The numbers of a tensor: `float64` on the reference backend if it was asked for, else `float32`. */
export type FloatArray = (Float32Array | Float64Array) & Reducible;
export type Shape = readonly number[];

/** There is not the memory for what is asked; the message says what to lower. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
}

/** A block of numbers owned by a backend. */
export interface Buffer {
  readonly length: number;
  /**
   * What it holds where that is not plain floats: a frozen weight in 8 bits, which only {@link Int8Products} read, or the places of a
   * sparse matrix, which only {@link SparseProducts} do.
   */
  readonly opaque?: 'int8' | 'places';
  /** Bytes that an opaque one takes. */
  readonly bytes?: number;
}

/** A buffer read with a shape. */
export interface View<B extends Buffer = Buffer> {
  readonly buffer: B;
  readonly shape: Shape;
}

export type UnaryOp =
  | 'neg'
  | 'exp'
  | 'log'
  | 'tanh'
  | 'sigmoid'
  | 'relu'
  | 'sqrt'
  | 'rsqrt'
  | 'abs'
  | 'sign'
  | 'erf'
  /** 1 where x > 0, else 0 */
  | 'heaviside';

/** `equal` and `less` give 1 or 0. */
export type BinaryOp = 'add' | 'sub' | 'mul' | 'div' | 'pow' | 'maximum' | 'minimum' | 'equal' | 'less';

export type ReduceOp = 'sum' | 'max';

/** `batch` products of [m, k] x [k, n]; a transposed operand is stored as [k, m] or [n, k]. */
export interface MatmulSpec {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/** The sequences of a packed batch: in sequence s its queries to its keys. */
export interface AttentionSpec {
  readonly heads: number;
  readonly scale: number;
  /** [sequences + 1] the first query row of each sequence, and the number of query rows. */
  readonly queryOffsets: Int32Array;
  /** [sequences + 1] the same for the rows of key and value: `cu_seqlens_k`. */
  readonly keyOffsets: Int32Array;
  /** [sequences] so many key rows of a sequence, from its first, are seen. */
  readonly keyCounts: Int32Array;
  /** Whether query i of the n of a sequence sees the first keyCounts[s] - n + i + 1 keys alone: the last one sees all. */
  readonly causal: boolean;
  /**
   * Dropout of the attention probabilities: the one of query row r (counted over the batch), head h and key j (counted in its
   * sequence) is 0 where u < p and divided by 1 - p elsewhere. u is number (r · heads + h) · max(keyCounts) + j of the stream
   * `seed` (see {@link Backend.uniform}).
   */
  readonly dropout?: { readonly p: number; readonly seed: number };
}

/**
 * A bottleneck adapter with f on the inside: residual + scale · (f(x (m_d ⊙ D)ᵀ + d) (m_u ⊙ U)ᵀ + u), where what f gives may be
 * dropped out. An optional input is named by its place among the inputs, or null.
 */
export interface BottleneckSpec {
  readonly activation: 'gelu' | 'geluTanh' | 'silu' | 'relu' | 'tanh';
  readonly scale: number;
  readonly dropout: { readonly p: number; readonly seed: number } | null;
  /** 0, the place of x, adds x itself. */
  readonly residual: number | null;
  readonly downMask: number | null;
  readonly upMask: number | null;
  /** Where D or U is sparse: its places. In place of the matrix stand the kept values, one after the other. */
  readonly downPlaces?: OpaqueOperand;
  readonly upPlaces?: OpaqueOperand;
}

/** A tensor that only special kernels read. */
export interface OpaqueOperand {
  /** @throws Error if it was freed */
  readonly opaqueBuffer: Buffer;
}

/**
 * Fused operations a backend may add, with their attributes. Inputs and outputs, in order:
 * - `softmax`, `logSoftmax`: x [..., n] -> same shape, over the last axis
 * - `crossEntropy`: x [rows, classes] -> the loss of each row [rows]
 * - `layerNorm`: x [..., n], weight [n], bias [n] -> same shape
 * - `gelu` (erf form), `geluTanh`, `silu`: x -> same shape
 * - `bottleneck`: x [rows, hidden], D [inner, hidden], d [inner], U [hidden, inner], u [hidden], and those of the residual
 *   [rows, hidden] and the masks that there are -> [rows, hidden]; a sparse D or U is its kept values
 * - `packedAttention`: query [rows, heads * headDim], key and value [key rows, heads * headDim] -> shape of the query
 */
export interface FusedAttributes {
  softmax: Record<never, never>;
  logSoftmax: Record<never, never>;
  /** The class of each row; a negative one has the loss 0. */
  crossEntropy: { readonly targets: Int32Array };
  layerNorm: { readonly eps: number };
  gelu: Record<never, never>;
  geluTanh: Record<never, never>;
  silu: Record<never, never>;
  bottleneck: BottleneckSpec;
  packedAttention: AttentionSpec;
}
export type FusedName = keyof FusedAttributes;

/** Fast kernels of a fused operation; the plain composition (src/ops) is its definition. */
export interface FusedKernel<Attributes, B extends Buffer = Buffer> {
  /** @returns the output and whatever the backward kernel wants to keep (a mean, a log-sum-exp). */
  forward(inputs: readonly View<B>[], attributes: Attributes): { output: B; saved: B[] };
  /** Whether `backward` or `doubleBackward` reads the numbers of the output. Otherwise they may be gone by then. */
  readonly readsOutput?: boolean;
  /** @returns one gradient for each input with `needs[i]`, null for the others. */
  backward(
    inputs: readonly View<B>[],
    output: View<B>,
    saved: readonly B[],
    gradOutput: View<B>,
    needs: readonly boolean[],
    attributes: Attributes,
  ): (B | null)[];
  /**
   * The derivative of `backward`, a function of the inputs and gradOutput: with L = Σ_i ⟨gradGrads[i], gradient i⟩, dL/d(input) and
   * dL/d(gradOutput). Where there is none, the composition is differentiated twice.
   *
   * @param gradGrads one for each input, null where `backward` was not asked for its gradient
   * @returns for each input and at last for gradOutput, with `needs[i]`, its gradient; null for the others. Null instead of all
   * where the kernel does not cover the case: then the composition is differentiated twice too.
   */
  doubleBackward?(
    inputs: readonly View<B>[],
    output: View<B>,
    saved: readonly B[],
    gradOutput: View<B>,
    gradGrads: readonly (View<B> | null)[],
    needs: readonly boolean[],
    attributes: Attributes,
  ): (B | null)[] | null;
}
export type FusedKernels<B extends Buffer = Buffer> = { [K in FusedName]: FusedKernel<FusedAttributes[K], B> };

/** The arrays of one parameter, all of one length: its weights, their gradient, both moments, and its mask if it has one. */
export interface AdamArrays<B extends Buffer = Buffer> {
  readonly w: B;
  readonly g: B;
  readonly m: B;
  readonly v: B;
  readonly mask: B | null;
}

/** The numbers of one step of Adam in any of its variants (src/optim/adamw.ts). */
export interface AdamStep {
  /** L2 regularisation: the multiple of w that is added to the gradient. */
  readonly l2: number;
  readonly beta1: number;
  readonly beta2: number;
  /** w ← decay · w - stepSize · m / (rootScale · √v + eps) */
  readonly decay: number;
  readonly stepSize: number;
  readonly rootScale: number;
  readonly eps: number;
}

/** Kernels of an optimiser over all its arrays at once, in one pass over memory. src/optim has the definitions. */
export interface OptimizerKernels<B extends Buffer = Buffer> {
  /**
   * Takes one step for all arrays. It alone of all that a backend does changes its operands: w, m and v in place.
   *
   * @param gradientScale one number that multiplies all gradients, or null
   */
  adam(arrays: readonly AdamArrays<B>[], step: AdamStep, gradientScale: B | null): void;
  /** Returns the Euclidean norm over all elements of all buffers, as one number on the device. */
  norm(xs: readonly B[]): B;
}

/**
 * Products with frozen weights that are held in 8 bits. `src/backends/reference/int8.ts` defines the format and the results, which
 * are the same bits on every backend that has them.
 */
export interface Int8Products<B extends Buffer = Buffer, W extends Buffer = Buffer> {
  /** A copy of a weight [out, in] in 8 bits. @throws RangeError for one that is too large */
  pack(weight: View<B>): W;
  /** x [rows, in] times the weight transposed, plus bias [out] in every row: -> [rows, out] */
  linear(x: View<B>, weight: W, bias: View<B> | null): B;
  /** dy [rows, out] times the weight: -> [rows, in] */
  backward(dy: View<B>, weight: W): B;
  /** How many times as fast as those of float32 they are here, where that is known. */
  gain?(): number;
}

/** A sparse matrix [rows, columns]: the values that it keeps, row by row, and their places; elsewhere it is 0. */
export interface SparseOperand<B extends Buffer = Buffer, P extends Buffer = Buffer> {
  readonly values: B;
  /** Its length is the number of kept values. */
  readonly places: P;
}

/**
 * Products with matrices of which few values are kept. `src/backends/reference/sparse.ts` defines them. Each backend decides by itself,
 * by density, shape and rows, whether it is faster to make the matrix dense for a product.
 *
 * NaN and infinity never disappear: they reach every result that a kept value takes them to. Where the matrix is made dense they reach
 * others too, as 0 times NaN is NaN.
 */
export interface SparseProducts<B extends Buffer = Buffer, P extends Buffer = Buffer> {
  /** The places where `mask` [rows, columns], row-major, is not 0. */
  places(mask: ArrayLike<number>, rows: number, columns: number): P;
  /** The same as a mask [rows, columns]: 1 where a value is kept, else 0. */
  mask(places: P): Uint8Array;
  /** The matrix with zeros: -> [rows, columns] */
  toDense(matrix: SparseOperand<B, P>): B;
  /** The values of a dense matrix [rows, columns] at the places: -> [kept] */
  keptValues(dense: B, places: P): B;
  /** x [n, columns] times the matrix transposed, plus bias [rows] in every row: -> [n, rows] */
  linear(x: View<B>, matrix: SparseOperand<B, P>, bias: View<B> | null): B;
  /** y [n, rows] times the matrix: -> [n, columns] */
  matmul(y: View<B>, matrix: SparseOperand<B, P>): B;
  /** Σ_t y[t, r] x[t, c] for each kept place (r, c), of y [n, rows] and x [n, columns]: -> [kept] */
  sampledMatmul(y: View<B>, x: View<B>, places: P): B;
  /**
   * The time of products of many tokens with a matrix [rows, columns] as a fraction of that with a dense one, as the backend estimates
   * it to choose; 1 where it makes the matrix dense.
   */
  timeShare?(rows: number, columns: number, kept: number): number;
}

/** How products with any number of rows are computed alike: as suits many rows, or a few. The two have other bits. */
export type BatchInvariance = 'many rows' | 'few rows';

export interface Backend {
  readonly name: string;
  /** The type of every number this backend holds. */
  readonly dtype: DType;
  readonly fused: Partial<FusedKernels>;
  readonly optimizer?: OptimizerKernels;
  /** Whether it can hold weights in fewer bits than float32. */
  readonly holdsFewerBits?: boolean;
  /**
   * While it is set, the bits of a row of a result do not depend on the number of rows. Absent where they never do, or nothing is promised.
   */
  batchInvariance?: BatchInvariance;
  /** Undefined too before `loadInt8`. */
  readonly int8?: Int8Products;
  /** Undefined too before `loadSparse`, where these are fetched. */
  readonly sparse?: SparseProducts;
  /** For people: what computes, such as threads and kind of kernels. */
  describe(): string;

  upload(values: ArrayLike<number>): Buffer;
  /** The numbers of a file as an array of this shape. The backend may keep them in fewer bytes if that changes no result. */
  uploadStored(numbers: StoredNumbers, shape: Shape): Buffer;
  fill(length: number, value: number): Buffer;
  /** A copy of the values. */
  read(buffer: Buffer): Promise<FloatArray>;
  /** A copy of the values, where the backend can give it at once. */
  readSync?(buffer: Buffer): FloatArray;
  free(buffer: Buffer): void;
  /**
   * Only where a buffer is garbage like any other object once nothing refers to it: takes note that one of so many bytes is.
   * It is then called instead of `free`.
   */
  collected?(bytes: number): void;
  /** Bytes of the numbers of live buffers. */
  bytes(): number;

  unary(op: UnaryOp, x: Buffer): Buffer;
  /** Elementwise with broadcasting to `shape`. */
  binary(op: BinaryOp, a: View, b: View, shape: Shape): Buffer;
  /** `condition != 0 ? a : b`, with broadcasting to `shape`. */
  select(condition: View, a: View, b: View, shape: Shape): Buffer;
  broadcast(x: View, shape: Shape): Buffer;
  /** Over `axes` (sorted, not negative), which disappear from the result. */
  reduce(op: ReduceOp, x: View, axes: readonly number[]): Buffer;
  matmul(a: Buffer, b: Buffer, spec: MatmulSpec): Buffer;
  /** x [rows, in] times weight [out, in] transposed, plus bias [out] in every row: -> [rows, out] */
  linear(x: View, weight: View, bias: View | null): Buffer;
  /** Rows of `table` [rows, width]: -> [ids.length, width]; a negative id gives a row of zeros. */
  gather(table: View, ids: Int32Array): Buffer;
  /** `x` [ids.length, width] added into the rows `ids` of zeros [rows, width]; negative ids are left out. */
  scatterAdd(x: View, ids: Int32Array, rows: number): Buffer;
  permute(x: View, order: readonly number[]): Buffer;
  /** The block `starts[i] <= index[i] < starts[i] + shape[i]`. */
  slice(x: View, starts: readonly number[], shape: Shape): Buffer;
  /** `x` placed at `starts` in zeros of `shape`: the transpose of `slice`. */
  pad(x: View, starts: readonly number[], shape: Shape): Buffer;
  concat(xs: readonly View[], axis: number): Buffer;
  /** U[0, 1) from a counter: element i depends on (`seed`, i) alone. See `src/random/counter.ts`. */
  uniform(length: number, seed: number): Buffer;
  /** x / (1 - p) where the number of that stream is at least p, else 0. */
  dropout(x: Buffer, p: number, seed: number): Buffer;
}
