const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lines = <T>(items: readonly T[], line: (item: T) => string): string => items.map(line).join('\n');

/** Writes the micro-kernel for `rows` rows of c and `columns` columns, which are sums in registers. */
function tile(rows: number, columns: 8 | 16): string {
  const [is, js] = [upTo(rows), upTo(columns / 4)];
  const sums = (i: number) => js.map((j) => `c${i}${j}`);
  return `
// c [rows <= ${rows}, columns <= ${columns}] = init + bias + a [${rows}, depth] b [depth, ${columns}]; the rows of b are nextB bytes apart.
export function tile${rows}x${columns}(
  a: usize, rowA: usize, nextA: usize, b: usize, nextB: usize, depth: i32,
  bias: usize, init: usize, ldInit: i32, c: usize, ldC: i32, rows: i32, columns: i32,
): void {
  const zero = f32x4.splat(0);
${lines(is.flatMap(sums), (sum) => `  let ${sum} = zero;`)}
  const last = rows - 1;
  let p0 = a;
${lines(is.slice(1), (i) => `  let p${i} = a + <usize>min(${i}, last) * rowA;`)}
  for (let d = 0; d < depth; d++) {
${lines(js, (j) => `    const b${j} = v128.load(b, ${16 * j});`)}
${lines(
  is,
  (i) => `    const a${i} = v128.load32_splat(p${i});
${lines(js, (j) => `    c${i}${j} = multiplyAdd(a${i}, b${j}, c${i}${j});`)}`,
)}
${lines(is, (i) => `    p${i} += nextA;`)}
    b += nextB;
  }
  finish${columns}(c, bias, init, ${sums(0).join(', ')}, columns);
${lines(
  is.slice(1),
  (i) =>
    `  if (rows > ${i}) finish${columns}(at(c, ${i} * ldC), bias, atOptional(init, ${i} * ldInit), ${sums(i).join(', ')}, columns);`,
)}
}
`;
}

/** Writes what ends a row of a tile: bias and init are added to its sums, and those that there are columns for are stored. */
function finish(columns: 8 | 16): string {
  const js = upTo(columns / 4);
  const add = (from: string) => `  if (${from} != 0) {
${lines(js, (j) => `    v${j} = f32x4.add(v${j}, v128.load(${from}, ${16 * j}));`)}
  }`;
  const storeUpperHalf = `
    if (columns == 16) {
      v128.store(c, v2, 32);
      v128.store(c, v3, 48);
    } else if (columns > 8) {
      storeRow(c + 32, v2, v3, columns - 8);
    }`;
  return `
@inline
function finish${columns}(c: usize, bias: usize, init: usize, ${js.map((j) => `v${j}: v128`).join(', ')}, columns: i32): void {
${add('bias')}
${add('init')}
  if (columns ${columns === 8 ? '==' : '>='} 8) {
    v128.store(c, v0);
    v128.store(c, v1, 16);${columns === 16 ? storeUpperHalf : ''}
  } else {
    storeRow(c, v0, v1, columns);
  }
}
`;
}

/** The micro-kernels of matrix products, for engines without and with fused multiply-add, and for those with 256 bits. */
export const microKernels = `
import { at, atOptional, multiplyAdd, storeTail } from './simd';
${tile(4, 8)}${tile(4, 16)}${tile(6, 8)}${tile(6, 16)}${finish(8)}${finish(16)}
/** The first 1 to 7 of 8 floats. */
function storeRow(c: usize, v0: v128, v1: v128, columns: i32): void {
  if (columns < 4) {
    storeTail(c, v0, columns);
  } else {
    v128.store(c, v0);
    if (columns > 4) storeTail(c + 16, v1, columns - 4);
  }
}
`;
