// The derivative of attentionBackward, unit by unit as there.
import { AttentionSpec, clear } from './attention-spec';
import { gemm, gemmScratch } from './gemm';
import { at, loadUpTo4, storeUpTo4, sumLanes } from './simd';
import { expRow } from './softmax';

/** Bytes of scratch for units of up to so many queries and keys. */
export function attentionDoubleBackwardScratch(queries: i32, keys: i32): i32 {
  return gemmScratch() + 16 * queries * keys;
}

/**
 * Let L = <a, dq> + <b, dk> + <c, dv> with what attentionBackward gives for dy:
 *
 *     D = dy v^T, d_ij = D_ij - sum_k D_ik P_ik, dS = P d, dq = scale dS k, dk = scale dS^T q, dv = P^T dy.
 *
 * Products of capitals and of d are elementwise. With G = dL/d(dS) = scale (a k^T + q b^T) and g_i = sum_j G_ij P_ij:
 *
 *     dL/dD = E  = P (G - g)
 *     dL/dP = R  = G d - g D + dy c^T
 *     dL/dS = T  = P (R - sum_k R_ik P_ik)        S = scale q k^T
 *
 *     dL/d(dy) = P c + E v        dL/dv = E^T dy
 *     dL/dq = scale (dS b + T k)  dL/dk = scale (dS^T a + T^T q)
 *
 * Dropout multiplies P by a mask where it meets v, so D, dy c^T, and P and E of the third line are multiplied by it.
 *
 * Units [start, end). Of a, b and c those with address 0 are 0; a result with address 0 is left out. gk and gv were cleared
 * before.
 */
export function attentionDoubleBackward(
  q: usize,
  k: usize,
  v: usize,
  logSum: usize,
  dy: usize,
  a: usize,
  b: usize,
  c: usize,
  gq: usize,
  gk: usize,
  gv: usize,
  gdy: usize,
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
  const P = scratch + gemmScratch();
  for (let unit = start; unit < end; unit++) {
    const s = spec.sequence(unit / heads);
    const head = unit % heads;
    const queries = s.queries;
    const keys = s.keys;
    const qAt = s.firstQuery * hidden + head * headDim;
    const kAt = s.firstKey * hidden + head * headDim;
    const size = queries * keys;
    const D = at(P, size);
    const G = at(D, size);
    const R = at(G, size);

    scoreProduct(at(q, qAt), at(k, kAt), 0, P, hidden, headDim, queries, keys, scratch);
    scoreProduct(at(dy, qAt), at(v, kAt), 0, D, hidden, headDim, queries, keys, scratch);
    if (a != 0) scoreProduct(at(a, qAt), at(k, kAt), 0, G, hidden, headDim, queries, keys, scratch);
    if (b != 0) scoreProduct(at(q, qAt), at(b, kAt), a != 0 ? G : 0, G, hidden, headDim, queries, keys, scratch);
    if (a == 0 && b == 0) clear(G, 0, size);
    if (c != 0) scoreProduct(at(dy, qAt), at(c, kAt), 0, R, hidden, headDim, queries, keys, scratch);
    else clear(R, 0, size);

    for (let r = 0; r < queries; r++) {
      const row = r * keys;
      const seen = spec.seen(s, r);
      const cell = (s.firstQuery + r) * heads + head;
      expRow(at(P, row), at(P, row), seen, spec.scale, load<f32>(at(logSum, cell)));
      spec.drop(at(D, row), seen, cell);
      spec.drop(at(R, row), seen, cell);
      secondOrderRow(at(P, row), at(D, row), at(G, row), at(R, row), spec.scale, seen);
      spec.drop(at(P, row), seen, cell);
      spec.drop(at(G, row), seen, cell);
      clear(at(P, row), seen, keys);
      clear(at(D, row), seen, keys);
      clear(at(G, row), seen, keys);
      clear(at(R, row), seen, keys);
    }

    // Now D holds scale dS, G holds E and R holds scale T.
    if (gdy != 0) {
      const to = at(gdy, qAt);
      gemm(G, keys, false, at(v, kAt), hidden, false, 0, 0, to, hidden, headDim, keys, 0, queries, scratch);
      if (c != 0) gemm(P, keys, false, at(c, kAt), hidden, false, to, hidden, to, hidden, headDim, keys, 0, queries, scratch);
    }
    if (gv != 0) gemm(G, keys, true, at(dy, qAt), hidden, false, 0, 0, at(gv, kAt), hidden, headDim, queries, 0, keys, scratch);
    if (gq != 0) {
      const to = at(gq, qAt);
      gemm(R, keys, false, at(k, kAt), hidden, false, 0, 0, to, hidden, headDim, keys, 0, queries, scratch);
      if (b != 0) gemm(D, keys, false, at(b, kAt), hidden, false, to, hidden, to, hidden, headDim, keys, 0, queries, scratch);
    }
    if (gk != 0) {
      const to = at(gk, kAt);
      gemm(R, keys, true, at(q, qAt), hidden, false, 0, 0, to, hidden, headDim, queries, 0, keys, scratch);
      if (a != 0) gemm(D, keys, true, at(a, qAt), hidden, false, to, hidden, to, hidden, headDim, queries, 0, keys, scratch);
    }
  }
}

/** to [queries, keys] = init + x y^T for rows of x and y that lie `hidden` floats apart. */
@inline
function scoreProduct(
  x: usize,
  y: usize,
  init: usize,
  to: usize,
  hidden: i32,
  headDim: i32,
  queries: i32,
  keys: i32,
  scratch: usize,
): void {
  gemm(x, hidden, false, y, hidden, true, init, keys, to, keys, keys, headDim, 0, queries, scratch);
}

/**
 * One row: D becomes scale dS, G (without its scale before) becomes E, and R (dy c^T before) becomes scale T. With the sums
 * m = sum(P D), g = sum(P G), h = sum(P G D) and w = sum(P R before), sum(P R) = h - 2 m g + w.
 */
function secondOrderRow(P: usize, D: usize, G: usize, R: usize, scale: f32, n: i32): void {
  let sumD = f32x4.splat(0);
  let sumG = f32x4.splat(0);
  let sumGD = f32x4.splat(0);
  let sumR = f32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    // Lanes after the row count for nothing: a probability of 0, and finite numbers.
    const p = loadUpTo4(at(P, i), n - i, 0);
    const d = loadUpTo4(at(D, i), n - i, 0);
    const pg = f32x4.mul(p, loadUpTo4(at(G, i), n - i, 0));
    sumD = f32x4.add(sumD, f32x4.mul(p, d));
    sumG = f32x4.add(sumG, pg);
    sumGD = f32x4.add(sumGD, f32x4.mul(pg, d));
    sumR = f32x4.add(sumR, f32x4.mul(p, loadUpTo4(at(R, i), n - i, 0)));
  }
  const m = sumLanes(sumD);
  const g = sumLanes(sumG) * scale;
  const meanR = sumLanes(sumGD) * scale - 2 * m * g + sumLanes(sumR);
  const scales = f32x4.splat(scale);
  const ms = f32x4.splat(m);
  const gs = f32x4.splat(g);
  const meanRs = f32x4.splat(meanR);
  for (let i = 0; i < n; i += 4) {
    const p = v128.load(at(P, i));
    const dP = v128.load(at(D, i));
    const d = f32x4.sub(dP, ms);
    const G4 = f32x4.mul(v128.load(at(G, i)), scales);
    const r = f32x4.add(f32x4.sub(f32x4.mul(G4, d), f32x4.mul(gs, dP)), v128.load(at(R, i)));
    const scaled = f32x4.mul(p, scales);
    storeUpTo4(at(D, i), f32x4.mul(scaled, d), n - i);
    storeUpTo4(at(G, i), f32x4.mul(p, f32x4.sub(G4, gs)), n - i);
    storeUpTo4(at(R, i), f32x4.mul(scaled, f32x4.sub(r, meanRs)), n - i);
  }
}
