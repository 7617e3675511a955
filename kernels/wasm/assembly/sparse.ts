// Matrices W [n, k] of which few values are kept, in compressed sparse rows (src/backends/reference/sparse.ts): `columns` u8 [kept], counted in their block, and
// `segments` u32 [n, blocks] and one more: where the values of each row begin in each block of 128 columns, so that a segment ends where the next
// begins. Products take 64 tokens at a time as a tile, feature by feature: [features, 64]. The 128 rows of the tile that belong to a block of
// columns stay in the L1 cache while all rows of W are multiplied with them.
import { uniform4 } from './counter';
import { tileColumns } from './gemm';
import { at, atOptional, storeUpTo4 } from './simd';
import { multiplyTile16, multiplyTile32, multiplyTile64, sampleTile32, sampleTile64 } from './sparse-tiles';
import { transpose4 } from './transpose4';

const TOKENS = 64;
/** Tokens that are moved together: so many rows are read or written side by side, and whole cache lines of the tile. */
const GROUP = 16;
/** Bytes of a row of a tile. */
const ROW: usize = TOKENS * 4;
const BLOCK = 128;

/** The four rows of a transposed block that lie after the last one. */
const SLACK: usize = 4 * ROW;
/** Scratch of sampleTile: sums of all entries of a segment over their first tokens. */
const SAMPLE: usize = BLOCK * 32;

@inline
function segment(segments: usize, i: i32): usize {
  return <usize>load<u32>(at(segments, i));
}

/**
 * `to`, dense [n, k], with the values at their places and 0 elsewhere, rows [start, end). `bits` u16 [n, ceil(k / 16)] has a bit for each column, and
 * `patterns` u8 [16, 16] for each four bits how four values are moved to their places.
 */
export function sparseToDense(
  from: usize,
  segments: usize,
  blocks: i32,
  bits: usize,
  patterns: usize,
  to: usize,
  k: i32,
  start: i32,
  end: i32,
): void {
  const groups = (k + 15) >> 4;
  for (let r = start; r < end; r++) {
    let values = from + (segment(segments, r * blocks) << 2);
    let row = at(to, r * k);
    let group = bits + (<usize>(r * groups) << 1);
    let left = k;
    for (; left >= 16; left -= 16) {
      const kept = <i32>load<u16>(group);
      v128.store(row, moved(values, kept, patterns));
      v128.store(row, moved(after(values, kept & 0xf), kept >> 4, patterns), 16);
      v128.store(row, moved(after(values, kept & 0xff), kept >> 8, patterns), 32);
      v128.store(row, moved(after(values, kept & 0xfff), kept >> 12, patterns), 48);
      values = after(values, kept);
      row += 64;
      group += 2;
    }
    for (let kept = left > 0 ? <i32>load<u16>(group) : 0; left > 0; left -= 4) {
      storeUpTo4(row, moved(values, kept, patterns), left);
      values = after(values, kept & 0xf);
      kept >>= 4;
      row += 16;
    }
  }
}

/** The numbers of `from`, dense [n, k], at the places, rows [start, end). The patterns move four numbers from their places to the first lanes. */
export function sparseKeptValues(
  from: usize,
  segments: usize,
  blocks: i32,
  bits: usize,
  patterns: usize,
  to: usize,
  k: i32,
  start: i32,
  end: i32,
): void {
  const groups = (k + 15) >> 4;
  for (let r = start; r < end; r++) {
    const stop = to + (segment(segments, (r + 1) * blocks) << 2);
    let values = to + (segment(segments, r * blocks) << 2);
    let row = at(from, r * k);
    let group = bits + (<usize>(r * groups) << 1);
    // What a store writes after the last kept number of a group is written again by the next one, and never lies after the row.
    for (; values + 64 <= stop; group += 2) {
      const kept = <i32>load<u16>(group);
      v128.store(values, moved(row, kept, patterns));
      v128.store(after(values, kept & 0xf), moved(row + 16, kept >> 4, patterns));
      v128.store(after(values, kept & 0xff), moved(row + 32, kept >> 8, patterns));
      v128.store(after(values, kept & 0xfff), moved(row + 48, kept >> 12, patterns));
      values = after(values, kept);
      row += 64;
    }
    for (; values < stop; group += 2) {
      for (let kept = <i32>load<u16>(group), i = 0; i < 4; i++, kept >>= 4, row += 16) {
        const count = popcnt(kept & 0xf);
        if (count == 0) continue;
        storeUpTo4(values, moved(row, kept, patterns), count);
        values = after(values, kept & 0xf);
      }
    }
  }
}

/** Four numbers, moved as the pattern of the lowest four bits says. */
@inline
function moved(numbers: usize, bits: i32, patterns: usize): v128 {
  return i8x16.swizzle(v128.load(numbers), v128.load(patterns + (<usize>(bits & 0xf) << 4)));
}

/** The address after as many floats as there are bits. */
@inline
function after(address: usize, bits: i32): usize {
  return address + (<usize>popcnt(bits) << 2);
}

/**
 * The values in the order of the transposed matrix: `cursors` i32 hold where each of its segments begins, and are moved. In `out` segments
 * have whole groups of four; what is left of a group was set to 0 before.
 */
export function sparseTransposeValues(
  values: usize,
  segments: usize,
  blocks: i32,
  columns: usize,
  cursors: usize,
  blocksTransposed: i32,
  out: usize,
  start: i32,
  end: i32,
): void {
  for (let r = start; r < end; r++) {
    for (let b = 0; b < blocks; b++) {
      const stop = segment(segments, r * blocks + b + 1);
      for (let e = segment(segments, r * blocks + b); e < stop; e++) {
        const place = next(b * BLOCK + load<u8>(columns + e), cursors, blocksTransposed, r);
        store<f32>(at(out, place), load<f32>(values + (e << 2)));
      }
    }
  }
}

/** The next place in the transposed matrix for an entry of a column and row r. */
@inline
function next(column: i32, cursors: usize, blocksTransposed: i32, r: i32): i32 {
  const cursor = at(cursors, column * blocksTransposed + r / BLOCK);
  const place = load<i32>(cursor);
  store<i32>(cursor, place + 1);
  return place;
}

/** out = scale · both sums of `sparsePair` for each place, in the order of the matrix that is not transposed; `cursors` as above. */
export function sparseGradient(
  sums: usize,
  segments: usize,
  blocks: i32,
  columns: usize,
  cursors: usize,
  blocksTransposed: i32,
  scale: f32,
  out: usize,
  start: i32,
  end: i32,
): void {
  for (let r = start; r < end; r++) {
    for (let b = 0; b < blocks; b++) {
      const stop = segment(segments, r * blocks + b + 1);
      for (let e = segment(segments, r * blocks + b); e < stop; e++) {
        const place = next(b * BLOCK + load<u8>(columns + e), cursors, blocksTransposed, r);
        const from = at(sums, 8 * (place >> 2) + (place & 3));
        store<f32>(out + (e << 2), scale * (load<f32>(from) + load<f32>(from, 16)));
      }
    }
  }
}

/** Bytes of scratch for `sparseProduct` and `sparsePair`, of so many features in tiles that are made or read. */
export function sparseScratch(features: i32): i32 {
  return <i32>(<usize>features * ROW + 3 * SLACK + SAMPLE);
}

/** A tile [features, 64] of up to 64 rows of x [rows, features]; tokens that there are not are 0. */
function tileOf(x: usize, features: i32, tokens: i32, tile: usize): void {
  const ld = <usize>features << 2;
  if (tokens < TOKENS) memory.fill(tile, 0, <usize>features * ROW);
  const fours = tokens & ~3;
  for (let first = 0; first < fours; first += GROUP) {
    const last = min(first + GROUP, fours);
    for (let i = 0; i < features; i += 4) {
      for (let t = first; t < last; t += 4) transpose4(at(x + <usize>t * ld, i), ld, at(tile + <usize>i * ROW, t), ROW);
    }
  }
  for (let t = fours; t < tokens; t++) {
    for (let i = 0; i < features; i++) store<f32>(at(tile + <usize>i * ROW, t), load<f32>(at(x + <usize>t * ld, i)));
  }
}

/** y [tokens, features] = init + the tile transposed; init may be 0 for none. */
function rowsOf(tile: usize, features: i32, tokens: i32, init: usize, y: usize): void {
  const ld = <usize>features << 2;
  const fours = tokens & ~3;
  const inFours = features & ~3;
  for (let first = 0; first < fours; first += GROUP) {
    const last = min(first + GROUP, fours);
    for (let i = 0; i < inFours; i += 4) {
      for (let t = first; t < last; t += 4) {
        const corner = <usize>t * ld + (<usize>i << 2);
        const from = at(tile + <usize>i * ROW, t);
        if (init) addTransposed4(from, init + corner, y + corner, ld);
        else transpose4(from, ROW, y + corner, ld);
      }
    }
  }
  for (let t = 0; t < tokens; t++) {
    for (let i = t < fours ? inFours : 0; i < features; i++) {
      const offset = <usize>t * ld + (<usize>i << 2);
      const sum = load<f32>(at(tile + <usize>i * ROW, t));
      store<f32>(y + offset, init ? load<f32>(init + offset) + sum : sum);
    }
  }
}

/** to = init + the transposed 4 x 4 floats of a tile; rows of `to` and init are `stride` bytes apart. */
@inline
function addTransposed4(from: usize, init: usize, to: usize, stride: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + ROW);
  const r2 = v128.load(from + 2 * ROW);
  const r3 = v128.load(from + 3 * ROW);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, f32x4.add(v128.load(init), v128.shuffle<f32>(low01, low23, 0, 1, 4, 5)));
  v128.store(to + stride, f32x4.add(v128.load(init + stride), v128.shuffle<f32>(low01, low23, 2, 3, 6, 7)));
  v128.store(to + 2 * stride, f32x4.add(v128.load(init + 2 * stride), v128.shuffle<f32>(high01, high23, 0, 1, 4, 5)));
  v128.store(to + 3 * stride, f32x4.add(v128.load(init + 3 * stride), v128.shuffle<f32>(high01, high23, 2, 3, 6, 7)));
}

/** out [n, 64] = bias + W x [k, 64], of so many tokens; of others, W x may be left out. */
function multiply(
  x: usize,
  out: usize,
  bias: usize,
  n: i32,
  k: i32,
  segments: usize,
  columns: usize,
  values: usize,
  tokens: i32,
): void {
  const blocks = (k + BLOCK - 1) / BLOCK;
  for (let j = 0; j < n; j++) {
    const start = f32x4.splat(bias ? load<f32>(at(bias, j)) : 0);
    const row = out + <usize>j * ROW;
    for (let i: usize = 0; i < ROW; i += 16) v128.store(row + i, start);
  }
  if (tokens <= 16) {
    multiplyTile16(x, out, n, blocks, segments, columns, values);
  } else if (tokens <= 32) {
    multiplyTile32(x, out, n, blocks, segments, columns, values);
  } else if (tileColumns == 16) {
    multiplyTile64(x, out, n, blocks, segments, columns, values);
  } else {
    multiplyTile32(x, out, n, blocks, segments, columns, values);
    multiplyTile32(x + ROW / 2, out + ROW / 2, n, blocks, segments, columns, values);
  }
}

/**
 * Rows [start, end) of y = init + bias + x Wᵀ, of x [rows, k] and y [rows, n] or of tiles in their place; `start` is a multiple of 64. A tile that is
 * made has all its tokens: those that there are not are the bias.
 */
export function sparseProduct(
  x: usize,
  ofTiles: bool,
  segments: usize,
  columns: usize,
  values: usize,
  bias: usize,
  init: usize,
  y: usize,
  toTiles: bool,
  n: i32,
  k: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  for (let t = start; t < end; t += TOKENS) {
    const tokens = min(TOKENS, end - t);
    let input = at(x, t * k);
    if (!ofTiles) {
      tileOf(input, k, tokens, scratch);
      input = scratch;
    }
    const out = toTiles ? at(y, t * n) : ofTiles ? scratch : scratch + <usize>k * ROW + SLACK;
    multiply(input, out, bias, n, k, segments, columns, values, tokens);
    if (!toTiles) rowsOf(out, n, tokens, atOptional(init, t * n), at(y, t * n));
  }
}

/**
 * Sums over tokens of y[t, r] x[t, c] at the kept places (r, c) of W [n, k], of y [rows, n] and x [rows, k]; and, unless `out` is 0, out = init + x Wᵀ
 * [rows, n]. Tiles may stand in the place of each. They are divided into `parts`; part p in [start, end) has its own sums at p · `stride` floats,
 * so that no sum depends on who computes it. There are two for each place: over the first four tokens of each eight, and over the others; for each group of four
 * places the first ones of all, then the second. Segments have whole groups.
 */
export function sparsePair(
  y: usize,
  yOfTiles: bool,
  x: usize,
  xOfTiles: bool,
  init: usize,
  out: usize,
  outOfTiles: bool,
  segments: usize,
  columns: usize,
  values: usize,
  sums: usize,
  stride: i32,
  n: i32,
  k: i32,
  rows: i32,
  parts: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const blocks = (k + BLOCK - 1) / BLOCK;
  const tiles = (rows + TOKENS - 1) / TOKENS;
  const outTile = scratch + SAMPLE;
  const xTile = outTile + <usize>n * ROW + SLACK;
  const yTile = xTile + <usize>k * ROW + SLACK;
  for (let part = start; part < end; part++) {
    const to = at(sums, part * stride);
    memory.fill(to, 0, <usize>stride << 2);
    const last = ((part + 1) * tiles) / parts;
    for (let tile = (part * tiles) / parts; tile < last; tile++) {
      const t = tile * TOKENS;
      const tokens = min(TOKENS, rows - t);
      let fromY = at(y, t * n);
      let fromX = at(x, t * k);
      if (!yOfTiles) {
        tileOf(fromY, n, tokens, yTile);
        fromY = yTile;
      }
      if (!xOfTiles) {
        tileOf(fromX, k, tokens, xTile);
        fromX = xTile;
      }
      if (tileColumns == 16) sampleTile64(fromY, fromX, n, blocks, segments, columns, to, scratch);
      else sampleTile32(fromY, fromX, n, blocks, segments, columns, to, scratch);
      if (!out) continue;
      const result = outOfTiles ? at(out, t * n) : outTile;
      multiply(fromX, result, 0, n, k, segments, columns, values, tokens);
      if (!outOfTiles) rowsOf(result, n, tokens, atOptional(init, t * n), at(out, t * n));
    }
  }
}

/** Dropout of tiles [features, 64] in place, as of rows [tokens, features]: tiles [start, end). */
export function dropTiles(x: usize, p: f32, scale: f32, seed: i32, features: i32, start: i32, end: i32): void {
  const seeds = i32x4.splat(seed);
  const limit = f32x4.splat(p);
  const factor = f32x4.splat(scale);
  const step = i32x4.mul(i32x4(0, 1, 2, 3), i32x4.splat(features));
  for (let tile = start; tile < end; tile++) {
    for (let j = 0; j < features; j++) {
      for (let t = tile * TOKENS; t < (tile + 1) * TOKENS; t += 4) {
        const at4 = at(x + <usize>(tile * features + j) * ROW, t - tile * TOKENS);
        const u = uniform4(seeds, i32x4.add(i32x4.splat(t * features + j), step));
        v128.store(at4, v128.and(f32x4.mul(v128.load(at4), factor), f32x4.ge(u, limit)));
      }
    }
  }
}
