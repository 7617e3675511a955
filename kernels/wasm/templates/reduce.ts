interface Reduction {
  readonly name: 'sum' | 'max';
  /** The value of nothing. */
  readonly neutral: string;
  /** Writes what joins two vectors of four floats. */
  readonly join: (a: string, b: string) => string;
  /** The function that joins the lanes of one. */
  readonly lanes: 'sumLanes' | 'maxLanes';
}

const sum: Reduction = { name: 'sum', neutral: '0', join: (a, b) => `f32x4.add(${a}, ${b})`, lanes: 'sumLanes' };
const max: Reduction = {
  name: 'max',
  neutral: '-Infinity',
  join: (a, b) => `f32x4.max(${a}, ${b})`,
  lanes: 'maxLanes',
};

/** Writes the kernels of a reduction, of the last axis (rows) and of one before it (columns). */
function reduction({ name, neutral, join, lanes }: Reduction): string {
  const row = `row${name[0].toUpperCase()}${name.slice(1)}`;
  return `
export function ${row}(x: usize, n: i32): f32 {
  const neutral = f32x4.splat(${neutral});
  let total = neutral;
  let i = 0;
  while (i + 16 <= n) {
    const stop = min(n - 15, i + ROW_BLOCK);
    let a = neutral;
    let b = neutral;
    let c = neutral;
    let d = neutral;
    for (; i < stop; i += 16) {
      a = ${join('a', 'v128.load(at(x, i))')};
      b = ${join('b', 'v128.load(at(x, i), 16)')};
      c = ${join('c', 'v128.load(at(x, i), 32)')};
      d = ${join('d', 'v128.load(at(x, i), 48)')};
    }
    total = ${join('total', join(join('a', 'b'), join('c', 'd')))};
  }
  for (; i + 4 <= n; i += 4) total = ${join('total', 'v128.load(at(x, i))')};
  if (i < n) total = ${join('total', `loadTail(at(x, i), n - i, ${neutral})`)};
  return ${lanes}(total);
}

/** [rows, n] -> [rows], rows [start, end). */
export function ${name}Rows(x: usize, out: usize, n: i32, start: i32, end: i32): void {
  for (let r = start; r < end; r++) store<f32>(at(out, r), ${row}(at(x, r * n), n));
}

/** \`count\` columns of a matrix with \`rows\` rows that are \`stride\` floats apart. */
@inline
function ${name}OfColumns(x: usize, out: usize, rows: i32, stride: i32, count: i32): void {
  const neutral = f32x4.splat(${neutral});
  const next = <usize>stride << 2;
  let j = 0;
  for (; j + 16 <= count; j += 16) {
    let t0 = neutral;
    let t1 = neutral;
    let t2 = neutral;
    let t3 = neutral;
    let from = at(x, j);
    for (let r = 0; r < rows; ) {
      const stop = min(rows, r + COLUMN_BLOCK);
      let a = neutral;
      let b = neutral;
      let c = neutral;
      let d = neutral;
      for (; r < stop; r++) {
        a = ${join('a', 'v128.load(from)')};
        b = ${join('b', 'v128.load(from, 16)')};
        c = ${join('c', 'v128.load(from, 32)')};
        d = ${join('d', 'v128.load(from, 48)')};
        from += next;
      }
      t0 = ${join('t0', 'a')};
      t1 = ${join('t1', 'b')};
      t2 = ${join('t2', 'c')};
      t3 = ${join('t3', 'd')};
    }
    v128.store(at(out, j), t0);
    v128.store(at(out, j), t1, 16);
    v128.store(at(out, j), t2, 32);
    v128.store(at(out, j), t3, 48);
  }
  for (; j < count; j += 4) {
    let total = neutral;
    let from = at(x, j);
    for (let r = 0; r < rows; ) {
      const stop = min(rows, r + COLUMN_BLOCK);
      let a = neutral;
      for (; r < stop; r++) {
        a = ${join('a', 'v128.load(from)')};
        from += next;
      }
      total = ${join('total', 'a')};
    }
    storeUpTo4(at(out, j), total, count - j);
  }
}

/** [outer, rows, inner] -> [outer, inner], elements [start, end) of the result. */
export function ${name}Columns(x: usize, out: usize, rows: i32, inner: i32, start: i32, end: i32): void {
  for (let i = start; i < end; ) {
    const outer = i / inner;
    const column = i - outer * inner;
    const count = min(inner - column, end - i);
    ${name}OfColumns(at(x, outer * rows * inner + column), at(out, i), rows, inner, count);
    i += count;
  }
}
`;
}

/** Sums and maxima. A long sum is a sum of sums of blocks, so that rounding errors grow with the number of blocks only. */
export const reduce = `
import { at, loadTail, maxLanes, storeUpTo4, sumLanes } from './simd';

/** Floats that one accumulator chain of 16 lanes takes before its result joins the total. */
const ROW_BLOCK = 1024;
/** Rows that one accumulator takes before its result joins the total. */
const COLUMN_BLOCK = 64;
${reduction(sum)}${reduction(max)}`;
