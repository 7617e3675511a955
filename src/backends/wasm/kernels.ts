import type { BinaryOp, UnaryOp } from '../backend.ts';
import { baseline, baselineId, relaxed, relaxedId } from './binary.ts';
import { decodeHex } from './hex.ts';
import { applyPatch } from './patch.ts';

/** Byte address in the linear memory; 0 where something optional is missing. */
type Address = number;

/** out = f(x). */
type Map = (x: Address, out: Address, start: number, end: number) => void;
type Map2 = (x: Address, dy: Address, dx: Address, start: number, end: number) => void;
type Map3 = (x: Address, dy: Address, u: Address, out: Address, start: number, end: number) => void;
/** out = f(a, b), walked as the layout says. */
type Walk2 = (a: Address, b: Address, out: Address, layout: Address, start: number, end: number) => void;
type Rows = (x: Address, out: Address, n: number, start: number, end: number) => void;
type RowsBackward = (y: Address, dy: Address, dx: Address, n: number, start: number, end: number) => void;
type Columns = (x: Address, out: Address, rows: number, inner: number, start: number, end: number) => void;

type Gather = (table: Address, ids: Address, out: Address, width: number, start: number, end: number) => void;

type GemmSkinny = (
  a: Address,
  ldA: number,
  b: Address,
  ldB: number,
  init: Address,
  ldInit: number,
  c: Address,
  ldC: number,
  rows: number,
  k: number,
  start: number,
  end: number,
) => void;
type Gemm = (
  a: Address,
  transposeA: boolean,
  b: Address,
  transposeB: boolean,
  f16B: boolean,
  bias: Address,
  init: Address,
  c: Address,
  m: number,
  n: number,
  k: number,
  start: number,
  end: number,
  scratch: Address,
  scratchBytes: number,
) => void;

type Attended = [q: Address, k: Address, v: Address];
/** `spec` is laid out as attention-spec.ts says. */
type AttentionRange = [
  ...[spec: Address, headDim: number, mostKeys: number],
  ...[start: number, end: number, scratch: Address, scratchBytes: number],
];

/**
 * The exports of the kernels in `kernels/wasm/assembly`, which say more about each. Lengths and leading dimensions count
 * floats. Every kernel works on the range [start, end) of its result. `scratchBytes` is for the pool that divides ranges (see
 * threads.ts); a kernel itself takes no notice of it.
 */
export interface Kernels extends Record<UnaryOp, Map>, Record<BinaryOp, Walk2> {
  heapBase(): Address;
  /** From halves, from bfloat16 and from float64 to floats. */
  widenF16: Map;
  widenBf16: Map;
  narrowF64: Map;
  fill(out: Address, value: number, start: number, end: number): void;
  uniform(out: Address, seed: number, start: number, end: number): void;
  dropout(x: Address, out: Address, p: number, scale: number, seed: number, start: number, end: number): void;

  select(condition: Address, a: Address, b: Address, out: Address, layout: Address, start: number, end: number): void;
  copy(from: Address, to: Address, layout: Address, start: number, end: number): void;
  transpose(
    from: Address,
    to: Address,
    layout: Address,
    rows: number,
    columns: number,
    strideFrom: number,
    strideTo: number,
    start: number,
    end: number,
  ): void;
  gather: Gather;
  /** The same from a table of halves. */
  gatherF16: Gather;
  scatterAdd(x: Address, ids: Address, out: Address, width: number, count: number, start: number, end: number): void;

  sumRows: Rows;
  maxRows: Rows;
  sumColumns: Columns;
  maxColumns: Columns;

  gelu: Map;
  geluTanh: Map;
  silu: Map;
  geluBackward: Map2;
  geluTanhBackward: Map2;
  siluBackward: Map2;
  reluBackward: Map2;
  tanhBackward: Map2;
  /** out = scale · x ⊙ y, without y scale · x. */
  scaledProduct(x: Address, y: Address, scale: number, out: Address, start: number, end: number): void;
  geluDoubleBackward: Map3;
  geluTanhDoubleBackward: Map3;
  siluDoubleBackward: Map3;

  softmax: Rows;
  logSoftmax: Rows;
  softmaxBackward: RowsBackward;
  logSoftmaxBackward: RowsBackward;
  crossEntropy(
    x: Address,
    classes: Address,
    losses: Address,
    sums: Address,
    n: number,
    start: number,
    end: number,
  ): void;
  crossEntropyBackward(
    x: Address,
    classes: Address,
    sums: Address,
    dy: Address,
    dx: Address,
    n: number,
    start: number,
    end: number,
  ): void;
  crossEntropyDoubleBackward(
    x: Address,
    classes: Address,
    sums: Address,
    dy: Address,
    u: Address,
    gx: Address,
    gdy: Address,
    n: number,
    start: number,
    end: number,
  ): void;
  layerNorm(
    x: Address,
    weight: Address,
    bias: Address,
    out: Address,
    mean: Address,
    rstd: Address,
    n: number,
    eps: number,
    start: number,
    end: number,
  ): void;
  layerNormBackward(
    x: Address,
    weight: Address,
    dy: Address,
    mean: Address,
    rstd: Address,
    dx: Address,
    n: number,
    start: number,
    end: number,
  ): void;
  layerNormDoubleBackward(
    x: Address,
    weight: Address,
    dy: Address,
    mean: Address,
    rstd: Address,
    u: Address,
    gx: Address,
    gdy: Address,
    n: number,
    start: number,
    end: number,
  ): void;
  layerNormBackwardParameters(
    x: Address,
    dy: Address,
    mean: Address,
    rstd: Address,
    dweight: Address,
    dbias: Address,
    rows: number,
    n: number,
    start: number,
    end: number,
  ): void;

  adam(table: Address, coefficients: Address, start: number, end: number): void;
  squares(table: Address, out: Address, start: number, end: number): void;

  /** Columns of a tile of a product: 8, or 16 for engines that fuse pairs of 128-bit operations. */
  readonly tileColumns: WebAssembly.Global<'i32'>;
  /** Bytes of scratch for one call of `gemmColumns`, `gemmRows` and `gemmBatch`. */
  gemmScratch(): number;
  /** A product of contiguous matrices; the range counts its columns. */
  gemmColumns: Gemm;
  /** The same; the range counts its rows. */
  gemmRows: Gemm;
  /** The range counts products of the batch. */
  gemmBatch(
    a: Address,
    transposeA: boolean,
    b: Address,
    transposeB: boolean,
    c: Address,
    m: number,
    n: number,
    k: number,
    start: number,
    end: number,
    scratch: Address,
    scratchBytes: number,
  ): void;
  /** The same for a few rows of contiguous a and transposed b; the range counts columns. */
  gemmSkinny: GemmSkinny;
  /** The same with b of halves; scratch for four rows of it as floats. */
  gemmSkinnyF16: (...args: [...Parameters<GemmSkinny>, scratch: Address, scratchBytes: number]) => void;
  attention(...args: [...Attended, out: Address, logSum: Address, ...AttentionRange]): void;
  attentionBackward(
    ...args: [
      ...Attended,
      ...[out: Address, logSum: Address, dy: Address],
      ...[dq: Address, dk: Address, dv: Address],
      ...AttentionRange,
    ]
  ): void;
  attentionDoubleBackward(
    ...args: [
      ...Attended,
      ...[logSum: Address, dy: Address],
      ...[a: Address, b: Address, c: Address],
      ...[gq: Address, gk: Address, gv: Address, gdy: Address],
      ...AttentionRange,
    ]
  ): void;
}

let compiled: WebAssembly.Module | null = null;

/** The compiled kernels, the same for all memories and threads. */
export function kernelModule(): WebAssembly.Module {
  compiled ??= compile();
  return compiled;
}

/**
 * With relaxed SIMD (fused multiply-add) where the engine knows it: a module with an unknown instruction does not validate.
 * SPARSE_ADAPTER_FMA=0 leaves it out, so that results are those of engines without it: same kernels, and to the bit with the same
 * major version of Node.js.
 */
function compile(): WebAssembly.Module {
  const bytes = decodeHex(relaxed);
  hasFusedMultiplyAdd = globalThis.process?.env?.SPARSE_ADAPTER_FMA !== '0' && WebAssembly.validate(bytes);
  return new WebAssembly.Module(hasFusedMultiplyAdd ? bytes : applyPatch(bytes, baseline));
}

let hasFusedMultiplyAdd = false;

/** Whether the kernels compute a b + c with one rounding; known once they are compiled. */
export const fusesMultiplyAdd = (): boolean => hasFusedMultiplyAdd;

/** What tells these kernels from others: results are the same bits only with the same ones. Known once they are compiled. */
export const kernelsId = (): string => (hasFusedMultiplyAdd ? relaxedId : baselineId);

export const isCompiled = (): boolean => compiled !== null;

/** The kernels on a memory. */
export function instantiate(memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(kernelModule(), { env: { memory } });
  return exports as unknown as Kernels;
}
