// Multi-head attention inside the sequences of a packed batch. A unit of work is one head of one sequence; the probabilities of
// one unit at a time exist, in the scratch memory.
import { AttentionSpec, clear } from './attention-spec';
import { gemm, gemmScratch } from './gemm';
import { at, storeUpTo4 } from './simd';
import { dotRow, expRow, largest, scaleRow } from './softmax';

/**
 * Units [start, end) of out = softmax(scale q k^T) v, unit = sequence * heads + head. logSum [rows, heads] keeps
 * log(sum(e^(scale q k^T))). headDim and mostKeys say how much work a unit is. Scratch: gemmScratch + 4 * scores bytes, scores the
 * largest number of queries * keys of a sequence.
 */
export function attention(
  q: usize,
  k: usize,
  v: usize,
  out: usize,
  logSum: usize,
  words: usize,
  headDim: i32,
  mostKeys: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const spec = changetype<AttentionSpec>(words);
  const heads = spec.heads;
  const scale = spec.scale;
  const hidden = heads * headDim;
  const scores = scratch + gemmScratch();
  for (let unit = start; unit < end; unit++) {
    const s = spec.sequence(unit / heads);
    const head = unit % heads;
    const queries = s.queries;
    const keys = s.keys;
    const qAt = s.firstQuery * hidden + head * headDim;
    const kAt = s.firstKey * hidden + head * headDim;
    gemm(at(q, qAt), hidden, false, at(k, kAt), hidden, true, 0, 0, scores, keys, keys, headDim, 0, queries, scratch);
    let top = largest(scores, spec.seen(s, 0)) * scale;
    for (let r = 0; r < queries; r++) {
      const row = at(scores, r * keys);
      const cell = (s.firstQuery + r) * heads + head;
      const seen = spec.seen(s, r);
      // One row ahead, so that the exponentials need not wait for it.
      const nextTop = r + 1 < queries ? largest(at(row, keys), spec.seen(s, r + 1)) * scale : top;
      const sum = expRow(row, row, seen, scale, top);
      scaleRow(row, seen, 1 / sum);
      store<f32>(at(logSum, cell), top + Mathf.log(sum));
      spec.drop(row, seen, cell);
      clear(row, seen, keys);
      top = nextTop;
    }
    gemm(scores, keys, false, at(v, kAt), hidden, false, 0, 0, at(out, qAt), hidden, headDim, keys, 0, queries, scratch);
  }
}

/**
 * Gradients of units [start, end). With P the probabilities after dropout, P' those before: dv = P^T dy,
 * dS = P' (dP' - sum(dy * out)), dq = scale dS k, dk = scale dS^T q. A gradient whose address is 0 is left out; dk and dv were
 * cleared before (rows that are no keys stay 0). Scratch: gemmScratch + 8 * scores bytes.
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
  words: usize,
  headDim: i32,
  mostKeys: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const spec = changetype<AttentionSpec>(words);
  const heads = spec.heads;
  const hidden = heads * headDim;
  const probabilities = scratch + gemmScratch();
  for (let unit = start; unit < end; unit++) {
    const s = spec.sequence(unit / heads);
    const head = unit % heads;
    const queries = s.queries;
    const keys = s.keys;
    const qAt = s.firstQuery * hidden + head * headDim;
    const kAt = s.firstKey * hidden + head * headDim;
    const gradients = at(probabilities, queries * keys);
    gemm(at(q, qAt), hidden, false, at(k, kAt), hidden, true, 0, 0, probabilities, keys, keys, headDim, 0, queries, scratch);
    for (let r = 0; r < queries; r++) {
      const row = at(probabilities, r * keys);
      const seen = spec.seen(s, r);
      expRow(row, row, seen, spec.scale, load<f32>(at(logSum, (s.firstQuery + r) * heads + head)));
      clear(row, seen, keys);
    }
    if (dq != 0 || dk != 0) {
      // dP, then dS in its place
      gemm(at(dy, qAt), hidden, false, at(v, kAt), hidden, true, 0, 0, gradients, keys, keys, headDim, 0, queries, scratch);
      for (let r = 0; r < queries; r++) {
        const gradient = at(gradients, r * keys);
        const seen = spec.seen(s, r);
        spec.drop(gradient, seen, (s.firstQuery + r) * heads + head);
        const mean = dotRow(at(dy, qAt + r * hidden), at(out, qAt + r * hidden), headDim);
        scoreGradient(at(probabilities, r * keys), gradient, mean, spec.scale, seen);
        clear(gradient, seen, keys);
      }
      if (dq != 0) gemm(gradients, keys, false, at(k, kAt), hidden, false, 0, 0, at(dq, qAt), hidden, headDim, keys, 0, queries, scratch);
      if (dk != 0) gemm(gradients, keys, true, at(q, qAt), hidden, false, 0, 0, at(dk, kAt), hidden, headDim, queries, 0, keys, scratch);
    }
    if (dv != 0) {
      for (let r = 0; r < queries; r++) {
        spec.drop(at(probabilities, r * keys), spec.seen(s, r), (s.firstQuery + r) * heads + head);
      }
      gemm(probabilities, keys, true, at(dy, qAt), hidden, false, 0, 0, at(dv, kAt), hidden, headDim, queries, 0, keys, scratch);
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
