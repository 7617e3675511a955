// Layer normalisation of rows of n floats: y = (x - mean) rstd * weight + bias.
import { rowSum } from './reduce';
import { at, loadTail, loadUpTo4, storeUpTo4, sumLanes } from './simd';

/** Mean and reciprocal standard deviation of rows [start, end) are kept for the backward pass. */
export function layerNorm(
  x: usize,
  weight: usize,
  bias: usize,
  out: usize,
  mean: usize,
  rstd: usize,
  n: i32,
  eps: f32,
  start: i32,
  end: i32,
): void {
  for (let r = start; r < end; r++) {
    const from = at(x, r * n);
    const to = at(out, r * n);
    const m = rowSum(from, n) / <f32>n;
    const s: f32 = 1 / sqrt<f32>(squaredDeviation(from, n, m) / <f32>n + eps);
    store<f32>(at(mean, r), m);
    store<f32>(at(rstd, r), s);
    for (let i = 0; i < n; i += 4) {
      const z = f32x4.mul(f32x4.sub(v128.load(at(from, i)), f32x4.splat(m)), f32x4.splat(s));
      const y = f32x4.add(f32x4.mul(z, v128.load(at(weight, i))), v128.load(at(bias, i)));
      storeUpTo4(at(to, i), y, n - i);
    }
  }
}

function squaredDeviation(x: usize, n: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let s = f32x4.splat(0);
  let t = f32x4.splat(0);
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const a = f32x4.sub(v128.load(at(x, i)), m);
    const b = f32x4.sub(v128.load(at(x, i), 16), m);
    s = f32x4.add(s, f32x4.mul(a, a));
    t = f32x4.add(t, f32x4.mul(b, b));
  }
  s = f32x4.add(s, t);
  for (; i < n; i += 4) {
    const a = f32x4.sub(loadUpTo4(at(x, i), n - i, mean), m);
    s = f32x4.add(s, f32x4.mul(a, a));
  }
  return sumLanes(s);
}

/** With z = (x - mean) rstd and g = dy * weight: dx = rstd (g - mean(g) - z mean(g z)), rows [start, end). */
export function layerNormBackward(
  x: usize,
  weight: usize,
  dy: usize,
  mean: usize,
  rstd: usize,
  dx: usize,
  n: i32,
  start: i32,
  end: i32,
): void {
  for (let r = start; r < end; r++) {
    const row = r * n;
    const m = f32x4.splat(load<f32>(at(mean, r)));
    const s = load<f32>(at(rstd, r));
    const s4 = f32x4.splat(s);
    let sumG = f32x4.splat(0);
    let sumGz = f32x4.splat(0);
    let i = 0;
    for (; i + 4 <= n; i += 4) {
      const g = f32x4.mul(v128.load(at(dy, row + i)), v128.load(at(weight, i)));
      sumG = f32x4.add(sumG, g);
      sumGz = f32x4.add(sumGz, f32x4.mul(g, f32x4.mul(f32x4.sub(v128.load(at(x, row + i)), m), s4)));
    }
    if (i < n) {
      const g = f32x4.mul(loadTail(at(dy, row + i), n - i, 0), loadTail(at(weight, i), n - i, 0));
      const z = f32x4.mul(f32x4.sub(loadTail(at(x, row + i), n - i, 0), m), s4);
      sumG = f32x4.add(sumG, g);
      sumGz = f32x4.add(sumGz, f32x4.mul(g, z));
    }
    const meanG = f32x4.splat(sumLanes(sumG) / <f32>n);
    const meanGz = f32x4.splat(sumLanes(sumGz) / <f32>n);
    for (i = 0; i < n; i += 4) {
      const g = f32x4.mul(v128.load(at(dy, row + i)), v128.load(at(weight, i)));
      const z = f32x4.mul(f32x4.sub(v128.load(at(x, row + i)), m), s4);
      const d = f32x4.mul(s4, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(z, meanGz)));
      storeUpTo4(at(dx, row + i), d, n - i);
    }
  }
}

/**
 * The derivative of layerNormBackward. With g, z and s = rstd as there, dx = s (g - mean(g) - z mean(g z)); for L = <u, dx>,
 * cg = mean(g z), cu = mean(u z), K = sum(u g) - n (mean(u) mean(g) + cg cu) and v = -(cg u + cu g),
 *
 *     dL/d(dy) = weight s (u - mean(u) - z cu)
 *     dL/dx    = s^2 (v - mean(v) + 2 cg cu z - K z / n),
 *
 * the last term from ds/dx = -s^2 z / n, the others from dz/dx. Rows [start, end); a result with address 0 is left out.
 */
export function layerNormDoubleBackward(
  x: usize,
  weight: usize,
  dy: usize,
  mean: usize,
  rstd: usize,
  u: usize,
  gx: usize,
  gdy: usize,
  n: i32,
  start: i32,
  end: i32,
): void {
  for (let r = start; r < end; r++) {
    const row = r * n;
    const m = f32x4.splat(load<f32>(at(mean, r)));
    const s4 = f32x4.splat(load<f32>(at(rstd, r)));
    let sumG = f32x4.splat(0);
    let sumU = f32x4.splat(0);
    let sumGz = f32x4.splat(0);
    let sumUz = f32x4.splat(0);
    let sumUg = f32x4.splat(0);
    for (let i = 0; i < n; i += 4) {
      const g = f32x4.mul(loadUpTo4(at(dy, row + i), n - i, 0), loadUpTo4(at(weight, i), n - i, 0));
      const u4 = loadUpTo4(at(u, row + i), n - i, 0);
      const z = f32x4.mul(f32x4.sub(loadUpTo4(at(x, row + i), n - i, 0), m), s4);
      sumG = f32x4.add(sumG, g);
      sumU = f32x4.add(sumU, u4);
      sumGz = f32x4.add(sumGz, f32x4.mul(g, z));
      sumUz = f32x4.add(sumUz, f32x4.mul(u4, z));
      sumUg = f32x4.add(sumUg, f32x4.mul(u4, g));
    }
    const count = <f32>n;
    const meanG = sumLanes(sumG) / count;
    const meanU = sumLanes(sumU) / count;
    const cg = sumLanes(sumGz) / count;
    const cu = sumLanes(sumUz) / count;
    const k = sumLanes(sumUg) / count - meanU * meanG - cg * cu;
    const meanV = -(cg * meanU + cu * meanG);
    const alongZ = f32x4.splat(2 * cg * cu - k);
    for (let i = 0; i < n; i += 4) {
      const w = v128.load(at(weight, i));
      const u4 = v128.load(at(u, row + i));
      const z = f32x4.mul(f32x4.sub(v128.load(at(x, row + i)), m), s4);
      if (gdy != 0) {
        const t = f32x4.sub(f32x4.sub(u4, f32x4.splat(meanU)), f32x4.mul(z, f32x4.splat(cu)));
        storeUpTo4(at(gdy, row + i), f32x4.mul(f32x4.mul(w, s4), t), n - i);
      }
      if (gx != 0) {
        const g = f32x4.mul(v128.load(at(dy, row + i)), w);
        const minusV = f32x4.add(f32x4.mul(f32x4.splat(cg), u4), f32x4.mul(f32x4.splat(cu), g));
        const t = f32x4.sub(f32x4.mul(alongZ, z), f32x4.add(minusV, f32x4.splat(meanV)));
        storeUpTo4(at(gx, row + i), f32x4.mul(f32x4.mul(s4, s4), t), n - i);
      }
    }
  }
}

/** dweight = sum over rows of dy z, dbias = sum over rows of dy; columns [start, end), start a multiple of 4. */
export function layerNormBackwardParameters(
  x: usize,
  dy: usize,
  mean: usize,
  rstd: usize,
  dweight: usize,
  dbias: usize,
  rows: i32,
  n: i32,
  start: i32,
  end: i32,
): void {
  for (let i = start; i < end; i += 4) {
    let totalW = f32x4.splat(0);
    let totalB = f32x4.splat(0);
    for (let r = 0; r < rows; ) {
      const stop = min(rows, r + 64);
      let w = f32x4.splat(0);
      let b = f32x4.splat(0);
      for (; r < stop; r++) {
        const g = v128.load(at(dy, r * n + i));
        const d = f32x4.sub(v128.load(at(x, r * n + i)), v128.load32_splat(at(mean, r)));
        w = f32x4.add(w, f32x4.mul(g, f32x4.mul(d, v128.load32_splat(at(rstd, r)))));
        b = f32x4.add(b, g);
      }
      totalW = f32x4.add(totalW, w);
      totalB = f32x4.add(totalB, b);
    }
    storeUpTo4(at(dweight, i), totalW, end - i);
    storeUpTo4(at(dbias, i), totalB, end - i);
  }
}
