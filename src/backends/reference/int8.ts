/**
 * The 8-bit format of frozen linear layers, written to be read: the definition that every fast kernel equals bit for bit.
 *
 * A product of whole numbers is much faster than one of floats, and a frozen weight changes never, so it can be rounded once:
 *
 * - **Weights** [n, k], each row by itself: w ≈ s_n · q with q in -63..63 and s_n = largest |w| of the row / 63.
 * - **Activations** [m, k], each row by itself and anew in each product: x ≈ s · (q - z) with q in 0..127. The range of a row goes from
 *   its least to its largest number and always holds 0, so s = (largest - least) / 127, and the zero point z is the q of 0, which is
 *   thereby exact.
 * - **Forward** y = x Wᵀ + b: Σ_k (q_x - z) q_w is a whole number, and y is that times s, times s_n, plus the bias.
 * - **Backward** dx = dy W: s_n belongs to the axis that is summed over, so dy is multiplied by it first; the rows of the result are
 *   rounded as activations are.
 *
 * Why 63 and 127: processors multiply pairs of such numbers, and some add four products in 16 bits: 4 · 127 · 63 = 32004 still fits.
 * No sum ever saturates, whole numbers are added in any order with the same result, and so results depend neither on the
 * instructions nor on the number of threads. (7-bit activations with their least and largest number: Jacob et al., 2018.)
 *
 * All arithmetic is that of float32 with one rounding for each operation; numbers are rounded to the nearest, ties to even.
 *
 * **NaN and infinity** never disappear. A row of activations with one of them, or with a range beyond the largest float, gives a row
 * of NaN. A row of a weight with one of them makes its column of y NaN, and all of dx.
 */
import type { FloatArray } from '../backend.ts';

/** Weights are whole numbers up to this, of either sign. */
const LARGEST_WEIGHT = 63;
/** Activations are whole numbers from 0 to this. */
const LARGEST_ACTIVATION = 127;
/** Scales are not smaller, so that their reciprocals are finite. */
const LEAST_SCALE = Math.fround(1e-30);
/** Most rows and columns of a matrix: each sum of products then fits 32 bits. */
export const LARGEST_DEPTH = 1 << 18;

const { fround } = Math;

/** A matrix [n, k] of weights, each row with a scale of its own; NaN for a row that holds NaN or an infinity. */
export interface Int8Weights {
  readonly opaque: 'int8';
  readonly bytes: number;
  /** n · k */
  readonly length: number;
  readonly n: number;
  readonly k: number;
  /** [n, k] -63 to 63 */
  readonly q: Int8Array;
  /** [n] */
  readonly scales: Float32Array;
}

/** A matrix [m, k] of activations, each row with a scale and a zero point of its own: x ≈ scale · (q - zero). */
export interface Int8Rows {
  readonly m: number;
  readonly k: number;
  /** [m, k] 0 to 127 */
  readonly q: Uint8Array;
  /** [m] */
  readonly scales: Float32Array;
  /** [m] 0 to 127 */
  readonly zeros: Int32Array;
}

/** The nearest whole number, of two the even one, for |x| up to 2^22. */
const MAGIC = 1.5 * 2 ** 23;
const roundHalfEven = (x: number): number => fround(x + MAGIC) - MAGIC;

const clamp = (x: number, least: number, largest: number): number => Math.min(Math.max(x, least), largest);

/** A range as the distance of two whole numbers; NaN where it is not finite. */
const scaleOf = (range: number, steps: number): number => {
  const scale = fround(fround(range) * fround(1 / steps));
  return Number.isFinite(scale) ? Math.max(scale, LEAST_SCALE) : Number.NaN;
};

/** Rounds weights [n, k]. @param values of any float type; they are rounded to float32 first */
export function quantizeWeights(values: FloatArray, n: number, k: number): Int8Weights {
  const q = new Int8Array(n * k);
  const scales = new Float32Array(n);
  for (let row = 0; row < n; row++) {
    const w = Float32Array.from(values.subarray(row * k, (row + 1) * k));
    const scale = scaleOf(
      w.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0),
      LARGEST_WEIGHT,
    );
    scales[row] = scale;
    if (Number.isNaN(scale)) continue;
    const inverse = fround(1 / scale);
    for (let i = 0; i < k; i++)
      q[row * k + i] = clamp(roundHalfEven(fround(w[i] * inverse)), -LARGEST_WEIGHT, LARGEST_WEIGHT);
  }
  return { opaque: 'int8', bytes: n * k, length: n * k, n, k, q, scales };
}

/** Rounds activations [m, k]. @param columnScales [k] numbers by which the columns are multiplied before, or null */
export function quantizeRows(values: FloatArray, m: number, k: number, columnScales: Float32Array | null): Int8Rows {
  const q = new Uint8Array(m * k);
  const scales = new Float32Array(m);
  const zeros = new Int32Array(m);
  for (let row = 0; row < m; row++) {
    const x = Float32Array.from(values.subarray(row * k, (row + 1) * k));
    if (columnScales) for (let i = 0; i < k; i++) x[i] *= columnScales[i];
    const least = x.reduce((a, b) => Math.min(a, b), 0);
    const largest = x.reduce((a, b) => Math.max(a, b), 0);
    const scale = scaleOf(largest - least, LARGEST_ACTIVATION);
    scales[row] = scale;
    if (Number.isNaN(scale)) continue;
    const inverse = fround(1 / scale);
    const zero = Math.min(roundHalfEven(fround(-least * inverse)), LARGEST_ACTIVATION);
    zeros[row] = zero;
    for (let i = 0; i < k; i++)
      q[row * k + i] = clamp(roundHalfEven(fround(x[i] * inverse) + zero), 0, LARGEST_ACTIVATION);
  }
  return { m, k, q, scales, zeros };
}

/** The weights as floats [n, k]: s_n · q. */
export function dequantizeWeights({ n, k, q, scales }: Int8Weights): Float32Array {
  return Float32Array.from({ length: n * k }, (_, i) => scales[Math.floor(i / k)] * q[i]);
}

/** y [m, n] = x [m, k] Wᵀ + bias [n] */
export function int8Forward(x: FloatArray, m: number, weights: Int8Weights, bias: FloatArray | null): Float32Array {
  const { n, k, q: w, scales } = weights;
  const rows = quantizeRows(x, m, k, null);
  const y = new Float32Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let l = 0; l < k; l++) sum += (rows.q[i * k + l] - rows.zeros[i]) * w[j * k + l];
      const product = fround(fround(fround(sum) * rows.scales[i]) * scales[j]);
      y[i * n + j] = bias ? product + fround(bias[j]) : product;
    }
  }
  return y;
}

/** dx [m, k] = dy [m, n] W */
export function int8Backward(dy: FloatArray, m: number, weights: Int8Weights): Float32Array {
  const { n, k, q: w, scales } = weights;
  const rows = quantizeRows(dy, m, n, scales);
  const dx = new Float32Array(m * k);
  for (let i = 0; i < m; i++) {
    for (let l = 0; l < k; l++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += (rows.q[i * n + j] - rows.zeros[i]) * w[j * k + l];
      dx[i * k + l] = fround(sum) * rows.scales[i];
    }
  }
  return dx;
}
