const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lines = <T>(items: readonly T[], line: (item: T) => string): string => items.map(line).join('\n');

/** An instruction sequence for sums of products of small whole numbers. All give the same sums. */
interface Kind {
  /** Blocks of b (64 bytes each) that one turn of the loop takes. */
  readonly blocks: 1 | 2;
  /** Text of `c += a b` from the names of the sum and of the blocks of b and a. */
  readonly add: (c: string, b: readonly string[], a: readonly string[]) => string;
}

const dot = (b: string, a: string): string => `i16x8.relaxed_dot_i8x16_i7x16_s(${b}, ${a})`;

const kinds = {
  /** Products are added by pairs in 16 bits, two pairs at a time, before they are widened: for AVX2. */
  pairs: {
    blocks: 2,
    add: (c, b, a) =>
      `${c} = i32x4.add(${c}, i32x4.dot_i16x8_s(i16x8.add(${dot(b[0], a[0])}, ${dot(b[1], a[1])}), ones));`,
  },
  /** One instruction for four products and the sum: VNNI, and the dot products of arm64. */
  fours: { blocks: 1, add: (c, b, a) => `${c} = i32x4.relaxed_dot_i8x16_i7x16_add_s(${b[0]}, ${a[0]}, ${c});` },
  /** Numbers of 16 bits, widened before: for engines without relaxed SIMD. */
  widened: { blocks: 1, add: (c, b, a) => `${c} = i32x4.add(${c}, i32x4.dot_i16x8_s(${b[0]}, ${a[0]}));` },
} satisfies Record<string, Kind>;

/** Writes the micro-kernel of a kind for `rows` rows of c and `columns` columns, which are sums in registers. */
function tile(name: keyof typeof kinds, rows: number, columns: 8 | 16): string {
  const kind: Kind = kinds[name];
  const [is, js, blocks] = [upTo(rows), upTo(columns / 4), upTo(kind.blocks)];
  return `
// c [${rows}, ${columns}] = (a [${rows}, 4 steps] b [4 steps, ${columns}] - zero sum) scale columnScale + bias
export function ${name}${rows}x${columns}(
  a: usize, rowA: usize, b: usize, steps: i32, scales: usize, zeros: usize, sums: usize, columnScales: usize, bias: usize, c: usize, nextC: usize,
): void {
${name === 'pairs' ? '  // A splat of a constant would be made anew in each turn of the loop.\n  const ones = i32x4.splat(pairOfOnes);' : ''}
${lines(is, (i) => `  let p${i} = a + ${i} * rowA;`)}
${lines(js, (j) => `  const s${j} = v128.load(sums, ${16 * j});`)}
${lines(
  is,
  (i) => `  const z${i} = v128.load32_splat(zeros, ${4 * i});
${lines(js, (j) => `  let c${i}${j} = i32x4.mul(s${j}, z${i});`)}`,
)}
  for (let step = 0; step < steps; step += ${kind.blocks}) {
${lines(blocks, (t) => lines(js, (j) => `    const b${t}${j} = v128.load(b, ${64 * t + 16 * j});`))}
${lines(
  is,
  (i) => `${lines(blocks, (t) => `    const a${t}${i} = v128.load32_splat(p${i}, ${4 * t});`)}
${lines(js, (j) => {
  const [b, a] = ['b', 'a'].map((x) => blocks.map((t) => `${x}${t}${x === 'b' ? j : i}`));
  return `    ${kind.add(`c${i}${j}`, b, a)}`;
})}`,
)}
    b += ${64 * kind.blocks};
${lines(is, (i) => `    p${i} += ${4 * kind.blocks};`)}
  }
${lines(
  is,
  (i) => `  const r${i} = v128.load32_splat(scales, ${4 * i});
${lines(js, (j) => `  let y${i}${j} = f32x4.mul(f32x4.convert_i32x4_s(c${i}${j}), r${i});`)}`,
)}
${lines(js, (j) => `  const k${j} = v128.load(columnScales, ${16 * j});`)}
${lines(js, (j) => `  const h${j} = v128.load(bias, ${16 * j});`)}
${lines(
  is,
  (i) => `${lines(js, (j) => `  y${i}${j} = f32x4.add(f32x4.mul(y${i}${j}, k${j}), h${j});`)}
${lines(js, (j) => `  v128.store(c, y${i}${j}, ${16 * j});`)}
${i < rows - 1 ? '  c += nextC;' : ''}`,
)}
}
`;
}

/** The tiles there are: name, rows, columns. */
const tiles = [
  ['pairs', 3, 16],
  ['pairs', 1, 16],
  ['pairs', 4, 8],
  ['pairs', 1, 8],
  ['fours', 4, 16],
  ['fours', 1, 16],
  ['fours', 6, 8],
  ['fours', 1, 8],
  ['widened', 4, 8],
  ['widened', 1, 8],
] as const;

/** The micro-kernels of 8-bit products. */
export const int8MicroKernels = `
/** Two ones of 16 bits. The host might change it, so the compiler does not know it. */
export let pairOfOnes: i32 = 0x00010001;
${tiles.map(([name, rows, columns]) => tile(name, rows, columns)).join('')}`;
