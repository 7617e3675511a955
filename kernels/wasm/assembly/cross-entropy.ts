// Cross-entropy of rows of n logits with one class each, rows [start, end): loss = log(sum(e^x)) - x[class]. A row whose class is
// negative counts for nothing. No array of probabilities is made: `sums` [rows, 2] keeps the largest x and log(sum(e^(x - largest))),
// apart, as their sum would lose the digits of a small loss among large logits.
import * as math from './math';
import { at, loadUpTo4, storeUpTo4, sumLanes } from './simd';
import { largest } from './softmax';

export function crossEntropy(x: usize, classes: usize, losses: usize, sums: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) {
    const row = at(x, r * n);
    const chosen = load<i32>(at(classes, r));
    if (chosen < 0) {
      store<f32>(at(losses, r), 0);
      continue;
    }
    const top = largest(row, n);
    const shift = f32x4.splat(top);
    let sum = f32x4.splat(0);
    for (let i = 0; i < n; i += 4) {
      // The lanes after the row are e^-infinity = 0.
      sum = f32x4.add(sum, math.exp(f32x4.sub(loadUpTo4(at(row, i), n - i, -Infinity), shift)));
    }
    const logSum = Mathf.log(sumLanes(sum));
    store<f32>(at(sums, 2 * r), top);
    store<f32>(at(sums, 2 * r), logSum, 4);
    store<f32>(at(losses, r), logSum - (load<f32>(at(row, chosen)) - top));
  }
}

@inline
function probability(x: v128, top: v128, logSum: v128): v128 {
  return math.exp(f32x4.sub(f32x4.sub(x, top), logSum));
}

/** dx = dy (p - e_class) with the probabilities p. */
export function crossEntropyBackward(
  x: usize,
  classes: usize,
  sums: usize,
  dy: usize,
  dx: usize,
  n: i32,
  start: i32,
  end: i32,
): void {
  for (let r = start; r < end; r++) {
    const row = at(x, r * n);
    const to = at(dx, r * n);
    const chosen = load<i32>(at(classes, r));
    if (chosen < 0) {
      memory.fill(to, 0, <usize>n << 2);
      continue;
    }
    const top = v128.load32_splat(at(sums, 2 * r));
    const logSum = v128.load32_splat(at(sums, 2 * r), 4);
    const factor = load<f32>(at(dy, r));
    const f = f32x4.splat(factor);
    for (let i = 0; i < n; i += 4) {
      const p = probability(v128.load(at(row, i)), top, logSum);
      storeUpTo4(at(to, i), f32x4.mul(p, f), n - i);
    }
    store<f32>(at(to, chosen), load<f32>(at(to, chosen)) - factor);
  }
}

/**
 * The derivative of L = <u, dx> with dx of `crossEntropyBackward`. With m = sum(u p): gdy = m - u[class] and gx = dy p (u - m).
 * A result with address 0 is left out.
 */
export function crossEntropyDoubleBackward(
  x: usize,
  classes: usize,
  sums: usize,
  dy: usize,
  u: usize,
  gx: usize,
  gdy: usize,
  n: i32,
  start: i32,
  end: i32,
): void {
  for (let r = start; r < end; r++) {
    const row = at(x, r * n);
    const direction = at(u, r * n);
    const chosen = load<i32>(at(classes, r));
    if (chosen < 0) {
      if (gdy != 0) store<f32>(at(gdy, r), 0);
      if (gx != 0) memory.fill(at(gx, r * n), 0, <usize>n << 2);
      continue;
    }
    const top = v128.load32_splat(at(sums, 2 * r));
    const logSum = v128.load32_splat(at(sums, 2 * r), 4);
    let sum = f32x4.splat(0);
    for (let i = 0; i < n; i += 4) {
      const p = probability(loadUpTo4(at(row, i), n - i, -Infinity), top, logSum);
      sum = f32x4.add(sum, f32x4.mul(p, loadUpTo4(at(direction, i), n - i, 0)));
    }
    const mean = sumLanes(sum);
    if (gdy != 0) store<f32>(at(gdy, r), mean - load<f32>(at(direction, chosen)));
    if (gx == 0) continue;
    const f = f32x4.splat(load<f32>(at(dy, r)));
    const m = f32x4.splat(mean);
    for (let i = 0; i < n; i += 4) {
      const p = probability(v128.load(at(row, i)), top, logSum);
      const g = f32x4.mul(f32x4.mul(p, f), f32x4.sub(v128.load(at(direction, i)), m));
      storeUpTo4(at(gx, r * n + i), g, n - i);
    }
  }
}
