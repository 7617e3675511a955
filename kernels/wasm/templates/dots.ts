const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lines = <T>(items: readonly T[], line: (item: T) => string): string => items.map(line).join('\n');

/** Writes the dot products of `rows` rows of a with `columns` rows of b: eight sums each, in two vectors side by side. */
function dots(rows: number, columns: number): string {
  const [is, js] = [upTo(rows), upTo(columns)];
  const sums = is.flatMap((i) => js.map((j) => `s${i}${j}`));
  const step = (read: (pointer: string, half: number) => string) => `
${lines(is, (i) => `    const a${i}l = ${read(`p${i}`, 0)};\n    const a${i}h = ${read(`p${i}`, 1)};`)}
${lines(
  js,
  (j) => `    const b${j}l = ${read(`q${j}`, 0)};
    const b${j}h = ${read(`q${j}`, 1)};
${lines(is, (i) => `    s${i}${j}l = multiplyAdd(a${i}l, b${j}l, s${i}${j}l);\n    s${i}${j}h = multiplyAdd(a${i}h, b${j}h, s${i}${j}h);`)}`,
)}`;
  return `
// lanes [i, 4, 8]: row i of a [rows <= ${rows}, k] times row j of b [columns <= ${columns}, k], summed over every eighth number.
export function dots${rows}x${columns}(
  a: usize, strideA: usize, rows: i32, b: usize, strideB: usize, columns: i32, k: i32, lanes: usize,
): void {
  const zero = f32x4.splat(0);
${lines(sums, (sum) => `  let ${sum}l = zero;\n  let ${sum}h = zero;`)}
${lines(is, (i) => `  let p${i} = a + <usize>min(${i}, rows - 1) * strideA;`)}
${lines(js, (j) => `  let q${j} = b + <usize>min(${j}, columns - 1) * strideB;`)}
  const stop = a + (<usize>(k & ~7) << 2);
  while (p0 < stop) {${step((pointer, half) => `v128.load(${pointer}, ${16 * half})`)}
${lines([...is.map((i) => `p${i}`), ...js.map((j) => `q${j}`)], (pointer) => `    ${pointer} += 32;`)}
  }
  if (k & 7) {
    // What lies after a row is no part of the sum, and may be anything.
    const mask = MASKS + ((8 - (k & 7)) << 2);
    const low = v128.load(mask);
    const high = v128.load(mask, 16);${step((pointer, half) => `v128.and(v128.load(${pointer}, ${16 * half}), ${half === 0 ? 'low' : 'high'})`)}
  }
${lines(
  is.flatMap((i) => js.map((j) => [i, j])),
  ([i, j]) =>
    `  v128.store(lanes, s${i}${j}l, ${128 * i + 32 * j});\n  v128.store(lanes, s${i}${j}h, ${128 * i + 32 * j + 16});`,
)}
}
`;
}

/** Dot products of a few rows, as many as suit the registers of an engine. */
export const dotProducts = `
import { multiplyAdd } from './simd';

/** All bits set in eight words, and in no bit of the next eight. Loaded, since pairs of computed masks are not fused. */
const MASKS = memory.data<i32>([-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0]);
${dots(1, 2)}${dots(1, 4)}${dots(2, 2)}${dots(2, 4)}${dots(3, 1)}`;
