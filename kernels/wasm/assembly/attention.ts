// Multi-head attention inside the sequences of a packed batch. A unit of work is one head of one sequence; the probabilities of
// one unit at a time exist, in the scratch memory.
import { AttentionSpec, clear } from './attention-spec';
import { uniform4 } from './counter';
import { gemm, gemmScratch, multiplyInPlace, multiplyPacked, packAll, packedSize } from './gemm';
import * as math from './math';
import { transposeBlock } from './shape';
import { at } from './simd';
import { dotRow, expRow, largest, scaleRow } from './softmax';

/**
 * Reads the rows of a head, one number of each cache line, and does nothing else: so many lines are on their way at a time, which
 * the products would fetch one after the other. `scratch` gets a value so that no compiler leaves it out.
 */
function fetch(rows: usize, ld: i32, count: i32, headDim: i32, scratch: usize): void {
  let seen = i32x4.splat(0);
  for (let r = 0; r < count; r++) {
    for (let i = 0; i < headDim; i += 16) seen = v128.or(seen, v128.load(at(rows, i)));
    rows = at(rows, ld);
  }
  v128.store(scratch, seen);
}

/** Bytes of scratch for units of up to so many queries and keys. */
export function attentionScratch(queries: i32, keys: i32): i32 {
  return gemmScratch() + 4 * queries * keys;
}

/**
 * Units [start, end) of out = softmax(scale q k^T) v, unit = sequence * heads + head. logSum [rows, heads] keeps
 * log(sum(e^(scale q k^T))). headDim and mostKeys say how much work a unit is.
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
    fetch(at(k, kAt), hidden, keys, headDim, scores);
    fetch(at(q, qAt), hidden, queries, headDim, scores);
    fetch(at(v, kAt), hidden, keys, headDim, scores);
    fetch(at(out, qAt), hidden, queries, headDim, scores);
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

/** Rows of a block of scores in the backward pass, which stays in the L1 cache: whole tiles of 4 or of 6. */
const ROWS = 24;

/** Floats from a row of scores to the next: whole cache lines, an odd number of them, so that columns do not fall on each other. */
@inline
function leadingDimension(n: i32): i32 {
  return ((n + 15) & ~15) | 16;
}

/** The same for attentionBackward. */
export function attentionBackwardScratch(queries: i32, keys: i32, headDim: i32): i32 {
  const ld = leadingDimension(queries);
  const packed = 2 * (packedSize(headDim, queries) + packedSize(queries, headDim));
  return gemmScratch() + ((packed + (2 + ROWS + keys + headDim) * ld) << 2);
}

/**
 * Gradients of units [start, end). With P the probabilities after dropout, P' those before: dv = P^T dy,
 * dS = P' (dP' - sum(dy * out)), dq = scale dS k, dk = scale dS^T q. A gradient whose address is 0 is left out; dk and dv were
 * cleared before (rows that are no keys stay 0). All matrices of scores are transposed here, as two products of three want them so.
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
  const needsScores = dq != 0 || dk != 0;
  for (let unit = start; unit < end; unit++) {
    const s = spec.sequence(unit / heads);
    const head = unit % heads;
    const queries = s.queries;
    const keys = s.keys;
    const qAt = s.firstQuery * hidden + head * headDim;
    const kAt = s.firstKey * hidden + head * headDim;
    const ld = leadingDimension(queries);
    const alongQ = scratch + gemmScratch();
    const alongDy = at(alongQ, packedSize(headDim, queries));
    const acrossQ = at(alongDy, packedSize(headDim, queries));
    const acrossDy = at(acrossQ, packedSize(queries, headDim));
    const logSums = at(acrossDy, packedSize(queries, headDim));
    const means = at(logSums, ld);
    const probabilities = at(means, ld);
    const gradients = at(probabilities, ROWS * ld);
    const across = at(gradients, keys * ld);

    fetch(at(q, qAt), hidden, queries, headDim, logSums);
    fetch(at(k, kAt), hidden, keys, headDim, logSums);
    if (needsScores) {
      fetch(at(v, kAt), hidden, keys, headDim, logSums);
      fetch(at(out, qAt), hidden, queries, headDim, logSums);
    }
    fetch(at(dy, qAt), hidden, queries, headDim, logSums);
    if (dq != 0) fetch(at(dq, qAt), hidden, queries, headDim, logSums);
    if (dk != 0) fetch(at(dk, kAt), hidden, keys, headDim, logSums);
    if (dv != 0) fetch(at(dv, kAt), hidden, keys, headDim, logSums);
    packAll(at(q, qAt), hidden, true, headDim, queries, alongQ);
    if (needsScores) packAll(at(dy, qAt), hidden, true, headDim, queries, alongDy);
    if (dk != 0) packAll(at(q, qAt), hidden, false, queries, headDim, acrossQ);
    if (dv != 0) packAll(at(dy, qAt), hidden, false, queries, headDim, acrossDy);
    for (let r = 0; r < queries; r++) {
      store<f32>(at(logSums, r), load<f32>(at(logSum, (s.firstQuery + r) * heads + head)));
      if (needsScores) store<f32>(at(means, r), dotRow(at(dy, qAt + r * hidden), at(out, qAt + r * hidden), headDim));
    }
    for (let first = 0; first < keys; first += ROWS) {
      const rows = min(ROWS, keys - first);
      const blockAt = kAt + first * hidden;
      const block = at(gradients, first * ld);
      multiplyPacked(at(k, blockAt), hidden, alongQ, probabilities, ld, rows, queries, headDim);
      if (needsScores) multiplyPacked(at(v, blockAt), hidden, alongDy, block, ld, rows, queries, headDim);
      for (let r = 0; r < rows; r++) {
        const probability = at(probabilities, r * ld);
        const gradient = needsScores ? at(block, r * ld) : 0;
        const unseen = spec.unseen(s, first + r);
        if (spec.p > 0) {
          const next = heads * spec.mostKeys;
          const cell = s.firstQuery * next + head * spec.mostKeys + first + r;
          scoreGradientDropped(probability, gradient, logSums, means, spec, queries, cell, next);
        } else {
          scoreGradient(probability, gradient, logSums, means, spec.scale, queries);
        }
        clear(probability, 0, unseen);
        if (needsScores) clear(gradient, 0, unseen);
      }
      if (dv != 0) multiplyPacked(probabilities, ld, acrossDy, at(dv, blockAt), hidden, rows, headDim, queries);
      if (dk != 0) multiplyPacked(block, ld, acrossQ, at(dk, blockAt), hidden, rows, headDim, queries);
    }
    if (dq != 0) {
      multiplyInPlace(at(k, kAt), hidden, gradients, ld, across, ld, headDim, queries, keys, scratch);
      transposeBlock(across, at(dq, qAt), queries, headDim, ld, hidden);
    }
  }
}

/** e^(scale score - logSum) */
@inline
function probabilityOf(score: v128, logSum: v128, scale: v128): v128 {
  return math.exp(f32x4.sub(f32x4.mul(score, scale), logSum));
}

/** scale * probability * (gradient - mean) */
@inline
function slope(probability: v128, gradient: v128, mean: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.mul(probability, scale), f32x4.sub(gradient, mean));
}

/**
 * Replaces n scores by probabilities and, where their address is not 0, the gradients of these by those of the scores. Writes up
 * to the next eight floats.
 */
function scoreGradient(scores: usize, gradients: usize, logSums: usize, means: usize, scale: f32, n: i32): void {
  const factor = f32x4.splat(scale);
  const stop = <usize>n << 2;
  for (let i: usize = 0; i < stop; i += 32) {
    const p0 = probabilityOf(v128.load(scores + i), v128.load(logSums + i), factor);
    const p1 = probabilityOf(v128.load(scores + i, 16), v128.load(logSums + i, 16), factor);
    v128.store(scores + i, p0);
    v128.store(scores + i, p1, 16);
    if (gradients != 0) {
      const g0 = slope(p0, v128.load(gradients + i), v128.load(means + i), factor);
      const g1 = slope(p1, v128.load(gradients + i, 16), v128.load(means + i, 16), factor);
      v128.store(gradients + i, g0);
      v128.store(gradients + i, g1, 16);
    }
  }
}

/** The same with dropout of both; the first number of the row is number `first` of the stream, each next one `step` later. */
function scoreGradientDropped(
  scores: usize, gradients: usize, logSums: usize, means: usize, spec: AttentionSpec, n: i32, first: i32, step: i32,
): void {
  const factor = f32x4.splat(spec.scale);
  const seed = i32x4.splat(spec.seed);
  const limit = f32x4.splat(spec.p);
  const kept = f32x4.splat(1 / (1 - spec.p));
  const next = i32x4.splat(8 * step);
  // Alike, so that V8 can join them: see tile.ts.
  let indices0 = i32x4.add(i32x4.splat(first), i32x4.mul(i32x4.splat(step), i32x4(0, 1, 2, 3)));
  let indices1 = i32x4.add(i32x4.splat(first), i32x4.mul(i32x4.splat(step), i32x4(4, 5, 6, 7)));
  const stop = <usize>n << 2;
  for (let i: usize = 0; i < stop; i += 32) {
    const isKept0 = f32x4.ge(uniform4(seed, indices0), limit);
    const isKept1 = f32x4.ge(uniform4(seed, indices1), limit);
    const p0 = probabilityOf(v128.load(scores + i), v128.load(logSums + i), factor);
    const p1 = probabilityOf(v128.load(scores + i, 16), v128.load(logSums + i, 16), factor);
    const dropped0 = v128.and(f32x4.mul(p0, kept), isKept0);
    const dropped1 = v128.and(f32x4.mul(p1, kept), isKept1);
    v128.store(scores + i, dropped0);
    v128.store(scores + i, dropped1, 16);
    if (gradients != 0) {
      const d0 = v128.and(f32x4.mul(v128.load(gradients + i), kept), isKept0);
      const d1 = v128.and(f32x4.mul(v128.load(gradients + i, 16), kept), isKept1);
      const g0 = slope(p0, d0, v128.load(means + i), factor);
      const g1 = slope(p1, d1, v128.load(means + i, 16), factor);
      v128.store(gradients + i, g0);
      v128.store(gradients + i, g1, 16);
    }
    indices0 = i32x4.add(indices0, next);
    indices1 = i32x4.add(indices1, next);
  }
}
