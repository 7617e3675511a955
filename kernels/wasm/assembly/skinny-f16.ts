// Products of a few rows with a matrix of float16.
import { atF16, widenF16 } from './f16';
import { at, atOptional } from './simd';
import { multiplyFour, SKINNY_SCRATCH } from './skinny';

/**
 * `gemmSkinny` for b of float16: four rows of b at a time are widened into scratch, which needs 4 k floats more, so the sums are the
 * same.
 */
export function gemmSkinnyF16(
  a: usize,
  b: usize,
  bias: usize,
  init: usize,
  c: usize,
  rows: i32,
  n: i32,
  k: i32,
  start: i32,
  end: i32,
  scratch: usize,
): void {
  const widened = scratch + SKINNY_SCRATCH;
  for (let j = start; j < end; j += 4) {
    const columns = min(4, end - j);
    widenF16(atF16(b, j * k), widened, 0, columns * k);
    multiplyFour(a, widened, atOptional(bias, j), atOptional(init, j), at(c, j), n, rows, columns, k, scratch);
  }
}
