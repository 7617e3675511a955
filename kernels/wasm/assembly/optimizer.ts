// Passes of an optimiser over all its arrays in one call. An array is cut into blocks of BLOCK floats; ranges count blocks.
//
// A table has one entry per array, Int32 words: [number of its first block, length, addresses: up to 5].
import { at, loadUpTo4, sumLanes } from './simd';

const BLOCK = 1024;
const ENTRY = 28;

/** The entry of block number `block`, at or after `entry`. */
@inline
function entryOf(entry: usize, block: i32): usize {
  while (block >= load<i32>(entry) + (load<i32>(entry, 4) + BLOCK - 1) / BLOCK) entry += ENTRY;
  return entry;
}

/** Where the block begins in array number `i` of its entry. */
@inline
function address(entry: usize, i: i32, block: i32): usize {
  return at(<usize>load<u32>(entry + (<usize>i << 2), 8), (block - load<i32>(entry)) * BLOCK);
}

/** The floats of the block. */
@inline
function lengthOf(entry: usize, block: i32): i32 {
  return min(BLOCK, load<i32>(entry, 4) - (block - load<i32>(entry)) * BLOCK);
}

/** Places in the list of coefficients. */
const SCALE = 0;
const L2 = 1;
const BETA1 = 2;
const REST1 = 3;
const BETA2 = 4;
const REST2 = 5;
const DECAY = 6;
const STEP_SIZE = 7;
const ROOT_SCALE = 8;
const EPS = 9;

/** A coefficient in all lanes. */
@inline
function c(coefficients: usize, i: i32): v128 {
  return v128.load32_splat(coefficients + (<usize>i << 2));
}

/**
 * g' = scale g + l2 w, m = beta1 m + rest1 g', v = beta2 v + rest2 g'^2, w = decay w - stepSize m / (rootScale sqrt(v) + eps) for the
 * arrays w, g, m, v and mask of each entry; with a mask (address not 0), w = 0 where it is 0.
 */
export function adam(table: usize, coefficients: usize, start: i32, end: i32): void {
  for (let block = start; block < end; block++) {
    table = entryOf(table, block);
    const count = lengthOf(table, block);
    const w = address(table, 0, block);
    const g = address(table, 1, block);
    const m = address(table, 2, block);
    const v = address(table, 3, block);
    update(w, g, m, v, count, coefficients);
    if (load<i32>(table, 24) != 0) clear(w, address(table, 4, block), count);
  }
}

/** As in templates/elementwise.ts, two vectors at a time; the last step may write into the padding of the arrays. */
function update(w: usize, g: usize, m: usize, v: usize, count: i32, coefficients: usize): void {
  const stop = <usize>count << 2;
  for (let i: usize = 0; i < stop; i += 32) {
    const w0 = v128.load(w + i);
    const w1 = v128.load(w + i, 16);
    const g0 = gradient(v128.load(g + i), w0, coefficients);
    const g1 = gradient(v128.load(g + i, 16), w1, coefficients);
    const m0 = average(v128.load(m + i), g0, c(coefficients, BETA1), c(coefficients, REST1));
    const m1 = average(v128.load(m + i, 16), g1, c(coefficients, BETA1), c(coefficients, REST1));
    const v0 = average(v128.load(v + i), f32x4.mul(g0, g0), c(coefficients, BETA2), c(coefficients, REST2));
    const v1 = average(v128.load(v + i, 16), f32x4.mul(g1, g1), c(coefficients, BETA2), c(coefficients, REST2));
    v128.store(m + i, m0);
    v128.store(m + i, m1, 16);
    v128.store(v + i, v0);
    v128.store(v + i, v1, 16);
    const y0 = moved(w0, m0, v0, coefficients);
    const y1 = moved(w1, m1, v1, coefficients);
    v128.store(w + i, y0);
    v128.store(w + i, y1, 16);
  }
}

@inline
function gradient(g: v128, w: v128, coefficients: usize): v128 {
  return f32x4.add(f32x4.mul(g, c(coefficients, SCALE)), f32x4.mul(w, c(coefficients, L2)));
}

@inline
function average(old: v128, x: v128, beta: v128, rest: v128): v128 {
  return f32x4.add(f32x4.mul(old, beta), f32x4.mul(x, rest));
}

@inline
function moved(w: v128, m: v128, v: v128, coefficients: usize): v128 {
  const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(v), c(coefficients, ROOT_SCALE)), c(coefficients, EPS));
  const step = f32x4.mul(f32x4.div(m, denominator), c(coefficients, STEP_SIZE));
  return f32x4.sub(f32x4.mul(w, c(coefficients, DECAY)), step);
}

/** x = 0 where the mask is 0. */
function clear(x: usize, mask: usize, count: i32): void {
  const stop = <usize>count << 2;
  const zero = f32x4.splat(0);
  for (let i: usize = 0; i < stop; i += 16) {
    v128.store(x + i, v128.and(v128.load(x + i), f32x4.ne(v128.load(mask + i), zero)));
  }
}

/** out[block] = the sum of squares of the block of the first array of its entry. */
export function squares(table: usize, out: usize, start: i32, end: i32): void {
  for (let block = start; block < end; block++) {
    table = entryOf(table, block);
    store<f32>(at(out, block), sumOfSquares(address(table, 0, block), lengthOf(table, block)));
  }
}

function sumOfSquares(x: usize, n: i32): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c = f32x4.splat(0);
  let d = f32x4.splat(0);
  let i = 0;
  for (; i + 16 <= n; i += 16) {
    const p = v128.load(at(x, i));
    const q = v128.load(at(x, i), 16);
    const r = v128.load(at(x, i), 32);
    const s = v128.load(at(x, i), 48);
    a = f32x4.add(a, f32x4.mul(p, p));
    b = f32x4.add(b, f32x4.mul(q, q));
    c = f32x4.add(c, f32x4.mul(r, r));
    d = f32x4.add(d, f32x4.mul(s, s));
  }
  for (; i < n; i += 4) {
    const p = loadUpTo4(at(x, i), n - i, 0);
    a = f32x4.add(a, f32x4.mul(p, p));
  }
  return sumLanes(f32x4.add(f32x4.add(a, b), f32x4.add(c, d)));
}
