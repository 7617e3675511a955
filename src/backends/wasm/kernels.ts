/**
 * The kernels of `kernels/wasm/assembly`, each declared once. A declaration has the name and the arguments of its kernel and returns
 * the work of a call. Its last argument is the range: how many rows, columns, ... of the result are computed, all of them by one call;
 * threads divide it as `by...` says. The types of the calls (calls.ts), their division (threads.ts) and the jobs of the workers
 * (job.ts) follow from here.
 *
 * Lengths and leading dimensions (`ld`) count floats. The assembly says more about each kernel; where a call has one argument for the
 * range, the kernel has its two ends, so that a thread can compute a part.
 */
import type { BinaryOp, UnaryOp } from '../backend.ts';
import {
  by,
  byColumns,
  byNumbers,
  byNumbersInPlace,
  byRows,
  type Kernel,
  type Optional,
  type Pointer,
  type Range,
  type Scratch,
} from './declaration.ts';

/** A multiplication and an addition of a product take an eighth of what moving a number does. */
const PRODUCT = 1 / 8;
const INT8_PRODUCT = PRODUCT / 3;
/** Numbers of a block of the optimisers' arrays. */
export const BLOCK = 1024;

const unary = byNumbers((x: Pointer, out: Pointer, numbers: Range) => numbers);
const binary = byNumbers((a: Pointer, b: Pointer, out: Pointer, layout: Pointer, numbers: Range) => numbers);
const slope = byNumbersInPlace((x: Pointer, dy: Pointer, dx: Pointer, numbers: Range) => numbers);
const curvature = byNumbers((x: Pointer, dy: Pointer, u: Pointer, out: Pointer, numbers: Range) => numbers);
const convert = byNumbers((from: Pointer, to: Pointer, numbers: Range) => numbers);
const alongRows = byRows((x: Pointer, out: Pointer, n: number, rows: Range) => rows * n);
const alongRowsBackward = byRows((y: Pointer, dy: Pointer, dx: Pointer, n: number, rows: Range) => rows * n);
const alongColumns = byColumns(
  (x: Pointer, out: Pointer, rows: number, inner: number, numbers: Range) => numbers * rows,
);
const gather = byRows((table: Pointer, ids: Pointer, out: Pointer, width: number, rows: Range) => rows * width);

const elementwise = {
  neg: unary,
  exp: unary,
  log: unary,
  tanh: unary,
  sigmoid: unary,
  relu: unary,
  sqrt: unary,
  rsqrt: unary,
  abs: unary,
  sign: unary,
  erf: unary,
  heaviside: unary,
  add: binary,
  sub: binary,
  mul: binary,
  div: binary,
  pow: binary,
  maximum: binary,
  minimum: binary,
  equal: binary,
  less: binary,
} satisfies Record<UnaryOp, typeof unary> & Record<BinaryOp, typeof binary>;

const sparse = byRows(
  (
    from: Pointer,
    segments: Pointer,
    blocks: number,
    bits: Pointer,
    patterns: Pointer,
    to: Pointer,
    k: number,
    rows: Range,
  ) => rows * k,
);
/** One thread computes all: each number has its place after the one before. */
const inOrder = by({ unit: 2 ** 30, once: true });
/** A sparse product takes about a quarter of what a dense one does. */
const SPARSE_PRODUCT = PRODUCT / 4;

export const kernels = {
  ...elementwise,
  select: byNumbers(
    (condition: Pointer, a: Pointer, b: Pointer, out: Pointer, layout: Pointer, numbers: Range) => numbers,
  ),
  fill: byNumbers((out: Pointer, value: number, numbers: Range) => numbers),
  uniform: byNumbers((out: Pointer, seed: number, numbers: Range) => numbers),
  dropout: byNumbersInPlace(
    (x: Pointer, out: Pointer, p: number, scale: number, seed: number, numbers: Range) => numbers,
  ),
  /** out = scale · x ⊙ y, without y scale · x. */
  scaledProduct: byNumbersInPlace((x: Pointer, y: Optional, scale: number, out: Pointer, numbers: Range) => numbers),
  widenF16: convert,
  widenBf16: convert,
  narrowF64: convert,

  gelu: unary,
  geluTanh: unary,
  silu: unary,
  geluBackward: slope,
  geluTanhBackward: slope,
  siluBackward: slope,
  reluBackward: slope,
  tanhBackward: slope,
  geluDoubleBackward: curvature,
  geluTanhDoubleBackward: curvature,
  siluDoubleBackward: curvature,

  copy: byNumbers((from: Pointer, to: Pointer, layout: Pointer, numbers: Range) => numbers),
  transpose: byRows(
    (
      from: Pointer,
      to: Pointer,
      layout: Pointer,
      rows: number,
      columns: number,
      strideFrom: number,
      strideTo: number,
      blocksOf16Rows: Range,
    ) => blocksOf16Rows * 16 * columns,
  ),
  gather,
  gatherF16: gather,
  scatterAdd: by({ unit: 16, once: true })(
    (x: Pointer, ids: Pointer, out: Pointer, width: number, count: number, columns: Range) => columns * count,
  ),

  sumRows: alongRows,
  maxRows: alongRows,
  sumColumns: alongColumns,
  maxColumns: alongColumns,

  softmax: alongRows,
  logSoftmax: alongRows,
  softmaxBackward: alongRowsBackward,
  logSoftmaxBackward: alongRowsBackward,
  crossEntropy: byRows(
    (x: Pointer, classes: Pointer, losses: Pointer, sums: Pointer, n: number, rows: Range) => rows * n,
  ),
  crossEntropyBackward: byRows(
    (x: Pointer, classes: Pointer, sums: Pointer, dy: Pointer, dx: Pointer, n: number, rows: Range) => rows * n,
  ),
  crossEntropyDoubleBackward: byRows(
    (
      x: Pointer,
      classes: Pointer,
      sums: Pointer,
      dy: Pointer,
      u: Pointer,
      gx: Optional,
      gdy: Optional,
      n: number,
      rows: Range,
    ) => rows * n,
  ),
  layerNorm: byRows(
    (
      x: Pointer,
      weight: Pointer,
      bias: Pointer,
      out: Pointer,
      mean: Pointer,
      rstd: Pointer,
      n: number,
      eps: number,
      rows: Range,
    ) => rows * n,
  ),
  layerNormBackward: byRows(
    (x: Pointer, weight: Pointer, dy: Pointer, mean: Pointer, rstd: Pointer, dx: Pointer, n: number, rows: Range) =>
      rows * n,
  ),
  layerNormDoubleBackward: byRows(
    (
      x: Pointer,
      weight: Pointer,
      dy: Pointer,
      mean: Pointer,
      rstd: Pointer,
      u: Pointer,
      gx: Optional,
      gdy: Optional,
      n: number,
      rows: Range,
    ) => rows * n,
  ),
  layerNormBackwardParameters: byColumns(
    (
      x: Pointer,
      dy: Pointer,
      mean: Pointer,
      rstd: Pointer,
      dweight: Pointer,
      dbias: Pointer,
      rows: number,
      n: number,
      columns: Range,
    ) => columns * rows,
  ),

  adam: by({ unit: 1, once: true })((table: Pointer, coefficients: Pointer, blocks: Range) => blocks * BLOCK),
  squares: byRows((table: Pointer, out: Pointer, blocks: Range) => blocks * BLOCK),

  /** A product of contiguous matrices; threads share its columns. */
  gemmColumns: by({ unit: 48, scratch: true })(
    (
      a: Pointer,
      transposeA: boolean,
      b: Pointer,
      transposeB: boolean,
      f16B: boolean,
      bias: Optional,
      init: Optional,
      c: Pointer,
      m: number,
      n: number,
      k: number,
      columns: Range,
      scratch: Scratch,
    ) => columns * m * k * PRODUCT,
  ),
  /** The same; threads share its rows, and each piece of rows packs all of b. */
  gemmRows: by({ unit: 6, onlyEqualParts: true, scratch: true })(
    (
      a: Pointer,
      transposeA: boolean,
      b: Pointer,
      transposeB: boolean,
      f16B: boolean,
      bias: Optional,
      init: Optional,
      c: Pointer,
      m: number,
      n: number,
      k: number,
      rows: Range,
      scratch: Scratch,
    ) => rows * n * k * PRODUCT,
  ),
  gemmBatch: by({ unit: 1, scratch: true })(
    (
      a: Pointer,
      transposeA: boolean,
      b: Pointer,
      transposeB: boolean,
      c: Pointer,
      m: number,
      n: number,
      k: number,
      products: Range,
      scratch: Scratch,
    ) => products * m * n * k * PRODUCT,
  ),
  /** A product of a few rows with a transposed b of k columns. */
  gemmSkinny: by({ unit: 4, scratch: true })(
    (
      a: Pointer,
      b: Pointer,
      bias: Optional,
      init: Optional,
      c: Pointer,
      rows: number,
      n: number,
      k: number,
      columns: Range,
      scratch: Scratch,
    ) => columns * rows * k * PRODUCT,
  ),
  /** A product of a few rows with b as it lies. */
  gemmStrips: by({ unit: 48 })(
    (
      a: Pointer,
      b: Pointer,
      bias: Optional,
      init: Optional,
      c: Pointer,
      rows: number,
      n: number,
      k: number,
      columns: Range,
    ) => columns * rows * k * PRODUCT,
  ),
  /** A product of a few rows with a transposed b, of float16; scratch for four rows of it as floats, too. */
  gemmSkinnyF16: by({ unit: 4, scratch: true })(
    (
      a: Pointer,
      b: Pointer,
      bias: Optional,
      init: Optional,
      c: Pointer,
      rows: number,
      n: number,
      k: number,
      columns: Range,
      scratch: Scratch,
    ) => columns * rows * k * PRODUCT,
  ),
  /** Matrices of 8 bits: rounded rows, panels of a weight, and sums over its rows. */
  quantizeInt8: byRows(
    (x: Pointer, columnScales: Optional, q: Pointer, scales: Pointer, zeros: Pointer, k: number, rows: Range) =>
      rows * k,
  ),
  widenInt8: by({ unit: 1024 })((from: Pointer, to: Pointer, numbers: Range) => numbers / 4),
  packInt8: by({ unit: 16, scratch: true })(
    (
      w: Pointer,
      f16: boolean,
      panels: Pointer,
      scales: Pointer,
      sums: Pointer,
      n: number,
      k: number,
      rows: Range,
      scratch: Scratch,
    ) => rows * k,
  ),
  sumInt8: byColumns((panels: Pointer, sums: Pointer, n: number, k: number, columns: Range) => (columns * n) / 4),
  /** Their product; threads share its columns. */
  multiplyInt8: by({ unit: 16, scratch: true })(
    (
      kind: number,
      q: Pointer,
      scales: Pointer,
      zeros: Pointer,
      panels: Pointer,
      transposed: boolean,
      sums: Pointer,
      columnScales: Optional,
      bias: Optional,
      c: Pointer,
      m: number,
      n: number,
      depth: number,
      columns: Range,
      scratch: Scratch,
    ) => columns * m * depth * INT8_PRODUCT,
  ),
  /** Matrices without their zeros: values [kept] to a dense matrix of k columns, and back. */
  sparseToDense: sparse,
  sparseKeptValues: sparse,
  sparseTransposeValues: inOrder(
    (
      values: Pointer,
      segments: Pointer,
      blocks: number,
      columns: Pointer,
      cursors: Pointer,
      blocksTransposed: number,
      out: Pointer,
      rows: Range,
    ) => rows,
  ),
  sparseGradient: inOrder(
    (
      sums: Pointer,
      segments: Pointer,
      blocks: number,
      columns: Pointer,
      cursors: Pointer,
      blocksTransposed: number,
      scale: number,
      out: Pointer,
      rows: Range,
    ) => rows,
  ),
  /** Their products; threads share tiles of 64 rows, or parts of the sums over all rows. */
  sparseProduct: by({ unit: 64, scratch: true })(
    (
      x: Pointer,
      ofTiles: boolean,
      segments: Pointer,
      columns: Pointer,
      values: Pointer,
      bias: Optional,
      init: Optional,
      y: Pointer,
      toTiles: boolean,
      n: number,
      k: number,
      rows: Range,
      scratch: Scratch,
    ) => rows * n * k * SPARSE_PRODUCT,
  ),
  sparsePair: by({ unit: 1, scratch: true })(
    (
      y: Pointer,
      yOfTiles: boolean,
      x: Pointer,
      xOfTiles: boolean,
      init: Optional,
      out: Optional,
      outOfTiles: boolean,
      segments: Pointer,
      columns: Pointer,
      values: Optional,
      sums: Pointer,
      stride: number,
      n: number,
      k: number,
      rows: number,
      parts: number,
      own: Range,
      scratch: Scratch,
    ) => (own / parts) * rows * n * k * 2 * SPARSE_PRODUCT,
  ),
  dropTiles: by({ unit: 1, once: true })(
    (x: Pointer, p: number, scale: number, seed: number, features: number, tiles: Range) => tiles * features * 64,
  ),
  attention: by({ unit: 1, scratch: true })(
    (
      q: Pointer,
      k: Pointer,
      v: Pointer,
      out: Pointer,
      logSum: Pointer,
      words: Pointer,
      headDim: number,
      mostKeys: number,
      units: Range,
      scratch: Scratch,
    ) => units * headDim * mostKeys,
  ),
  attentionBackward: by({ unit: 1, scratch: true })(
    (
      q: Pointer,
      k: Pointer,
      v: Pointer,
      out: Pointer,
      logSum: Pointer,
      dy: Pointer,
      dq: Optional,
      dk: Optional,
      dv: Optional,
      words: Pointer,
      headDim: number,
      mostKeys: number,
      units: Range,
      scratch: Scratch,
    ) => units * headDim * mostKeys,
  ),
  attentionDoubleBackward: by({ unit: 1, scratch: true })(
    (
      q: Pointer,
      k: Pointer,
      v: Pointer,
      logSum: Pointer,
      dy: Pointer,
      a: Optional,
      b: Optional,
      c: Optional,
      gq: Optional,
      gk: Optional,
      gv: Optional,
      gdy: Optional,
      words: Pointer,
      headDim: number,
      mostKeys: number,
      units: Range,
      scratch: Scratch,
    ) => units * headDim * mostKeys,
  ),
};

export type KernelName = keyof typeof kernels;

/** The names in the order in which jobs count them. */
export const kernelNames = Object.keys(kernels) as KernelName[];

/** The calls of the kernels, with the arguments of their declarations. */
export type Calls = {
  readonly [Name in KernelName]: (typeof kernels)[Name] extends Kernel<infer Arguments>
    ? (...args: Arguments) => void
    : never;
};
