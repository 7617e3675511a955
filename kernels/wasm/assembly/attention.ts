// Multi-head attention inside the sequences of a packed batch. A unit of work is one head of one sequence; the probabilities of
// one unit at a time exist, in the scratch memory.
import { dropRow } from './counter';
import { gemm, gemmScratch } from './gemm';
import { at, storeUpTo4 } from './simd';
import { dotRow, expRow, largest, scaleRow } from './softmax';

/**
 * Units [start, end) of out = softmax(scale q k^T) v, unit = sequence * heads + head. `offsets` and `keyCounts` are int32 words.
 * logSum [rows, heads] keeps log(sum(e^(scale q k^T))). Scratch: gemmScratch + 4 * longest * most keys bytes.
 */
export function attention(
  q: usize,
  k: usize,
  v: usize,
  out: usize,
  logSum: usize,
  offsets: usize,
  keyCounts: usize,
  heads: i32,
  headDim: i32,
  scale: f32,
  p: f32,
  seed: i32,
  mostKeys: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const hidden = heads * headDim;
  const scores = scratch + gemmScratch();
  for (let unit = start; unit < end; unit++) {
    const sequence = unit / heads;
    const head = unit - sequence * heads;
    const first = load<i32>(at(offsets, sequence));
    const length = load<i32>(at(offsets, sequence + 1)) - first;
    const keys = load<i32>(at(keyCounts, sequence));
    const corner = first * hidden + head * headDim;
    gemm(at(q, corner), hidden, false, at(k, corner), hidden, true, 0, 0, scores, keys, keys, headDim, 0, length, scratch);
    let top = largest(scores, keys) * scale;
    for (let r = 0; r < length; r++) {
      const row = at(scores, r * keys);
      const cell = (first + r) * heads + head;
      // One row ahead, so that the exponentials need not wait for it.
      const nextTop = r + 1 < length ? largest(at(row, keys), keys) * scale : top;
      const sum = expRow(row, row, keys, scale, top);
      scaleRow(row, keys, 1 / sum);
      store<f32>(at(logSum, cell), top + Mathf.log(sum));
      if (p > 0) dropRow(row, row, keys, p, 1 / (1 - p), seed, cell * mostKeys);
      top = nextTop;
    }
    gemm(scores, keys, false, at(v, corner), hidden, false, 0, 0, at(out, corner), hidden, headDim, keys, 0, length, scratch);
  }
}

/**
 * Gradients of units [start, end). With P the probabilities after dropout, P' those before: dv = P^T dy,
 * dS = P' (dP' - sum(dy * out)), dq = scale dS k, dk = scale dS^T q. A gradient whose address is 0 is left out; dk and dv were
 * cleared before (rows that are no keys stay 0). Scratch: gemmScratch + 8 * longest * most keys bytes.
 */
export function attentionBackward(
  q: usize,
  k: usize,
  v: usize,
  out: usize,
  logSum: usize,
  dy: usize,
  dq: usize,
  dk: usize,
  dv: usize,
  offsets: usize,
  keyCounts: usize,
  heads: i32,
  headDim: i32,
  scale: f32,
  p: f32,
  seed: i32,
  mostKeys: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const hidden = heads * headDim;
  const probabilities = scratch + gemmScratch();
  for (let unit = start; unit < end; unit++) {
    const sequence = unit / heads;
    const head = unit - sequence * heads;
    const first = load<i32>(at(offsets, sequence));
    const length = load<i32>(at(offsets, sequence + 1)) - first;
    const keys = load<i32>(at(keyCounts, sequence));
    const corner = first * hidden + head * headDim;
    const gradients = at(probabilities, length * keys);
    gemm(at(q, corner), hidden, false, at(k, corner), hidden, true, 0, 0, probabilities, keys, keys, headDim, 0, length, scratch);
    for (let r = 0; r < length; r++) {
      const row = at(probabilities, r * keys);
      expRow(row, row, keys, scale, load<f32>(at(logSum, (first + r) * heads + head)));
    }
    if (dq != 0 || dk != 0) {
      // dP, then dS in its place
      gemm(at(dy, corner), hidden, false, at(v, corner), hidden, true, 0, 0, gradients, keys, keys, headDim, 0, length, scratch);
      for (let r = 0; r < length; r++) {
        const cell = (first + r) * heads + head;
        const gradient = at(gradients, r * keys);
        if (p > 0) dropRow(gradient, gradient, keys, p, 1 / (1 - p), seed, cell * mostKeys);
        const place = corner + r * hidden;
        scoreGradient(at(probabilities, r * keys), gradient, dotRow(at(dy, place), at(out, place), headDim), scale, keys);
      }
      if (dq != 0) gemm(gradients, keys, false, at(k, corner), hidden, false, 0, 0, at(dq, corner), hidden, headDim, keys, 0, length, scratch);
      if (dk != 0) gemm(gradients, keys, true, at(q, corner), hidden, false, 0, 0, at(dk, corner), hidden, headDim, length, 0, keys, scratch);
    }
    if (dv != 0) {
      if (p > 0) {
        for (let r = 0; r < length; r++) {
          const row = at(probabilities, r * keys);
          dropRow(row, row, keys, p, 1 / (1 - p), seed, ((first + r) * heads + head) * mostKeys);
        }
      }
      gemm(probabilities, keys, true, at(dy, corner), hidden, false, 0, 0, at(dv, corner), hidden, headDim, length, 0, keys, scratch);
    }
  }
}

/** gradient = scale * probability * (gradient - mean) for one row. */
@inline
function scoreGradient(probability: usize, gradient: usize, mean: f32, scale: f32, n: i32): void {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(scale);
  for (let i = 0; i < n; i += 4) {
    const d = f32x4.sub(v128.load(at(gradient, i)), m);
    const y = f32x4.mul(f32x4.mul(v128.load(at(probability, i)), s), d);
    storeUpTo4(at(gradient, i), y, n - i);
  }
}
