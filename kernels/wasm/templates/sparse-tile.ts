const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const lines = <T>(items: readonly T[], line: (item: T) => string): string => items.map(line).join('\n');

/** Vectors of a row of a tile: its 64 tokens. */
const ROW = 16;
/** The bytes of 128 such rows, those of a block of columns, as a power of two. */
const BLOCK_SHIFT = 15;

/** Adds `entries` columns of the matrix, times a row of the input each, to the sums of one row of the result. */
const entries = (count: number, vectors: number): string => `
${lines(
  upTo(count),
  (e) => `        const p${e} = input + (<usize>load<u8>(column, ${e}) << 8);
        const w${e} = v128.load32_splat(value, ${4 * e});
${lines(upTo(vectors), (i) => `        c${i} = multiplyAdd(w${e}, v128.load(p${e}, ${16 * i}), c${i});`)}`,
)}`;

/** Writes the product with a tile of which \`vectors\` of each row are computed: all 64 tokens, 32 or 16. */
function multiply(vectors: number, together: number): string {
  return `
/** out [n, ${4 * vectors} tokens] += W in [k, ${4 * vectors} tokens] for rows of 64 tokens. */
export function multiplyTile${4 * vectors}(
  x: usize, out: usize, n: i32, blocks: i32, segments: usize, columns: usize, values: usize,
): void {
  for (let b = 0; b < blocks; b++) {
    const input = x + (<usize>b << ${BLOCK_SHIFT});
    let segment = segments + (<usize>b << 2);
    let to = out;
    for (let j = 0; j < n; j++) {
      const start = <usize>load<u32>(segment);
      const end = <usize>load<u32>(segment, 4);
      if (start < end) {
        let column = columns + start;
        let value = values + (start << 2);
        const stop = values + (end << 2);
${lines(upTo(vectors), (i) => `        let c${i} = v128.load(to, ${16 * i});`)}
        for (; value + ${4 * (together - 1)} < stop; ) {${entries(together, vectors)}
          column += ${together};
          value += ${4 * together};
        }${
          together > 1
            ? `
        for (; value < stop; ) {${entries(1, vectors)}
          column += 1;
          value += 4;
        }`
            : ''
        }
${lines(upTo(vectors), (i) => `        v128.store(to, c${i}, ${16 * i});`)}
      }
      segment += <usize>blocks << 2;
      to += 256;
    }
  }
}
`;
}

/**
 * The sums of an entry over 32 tokens: in <name>0 and <name>1 every eighth product, the first four and the last four of them. The row that all
 * entries share is in the registers d<first> and after.
 */
const half = (entry: number, name: string, first: number): string =>
  lines(upTo(ROW / 2), (i) => {
    const product = `d${first + i}, v128.load(p${entry}, ${16 * (first + i)})`;
    const sum = `${name}${i % 2}`;
    return i < 2
      ? `          let ${sum} = f32x4.mul(${product});`
      : `          ${sum} = multiplyAdd(${product}, ${sum});`;
  });

/**
 * Adds the four lanes of both sums of each of four entries to what is at \`to\`; \`sums\` writes those of one entry. Two entries are joined before the
 * next are computed, as their sums would not fit the registers.
 */
const addLanes = (sums: (entry: number) => string): string => `
${lines(
  upTo(2),
  (two) => `${sums(2 * two)}
${sums(2 * two + 1)}
${lines(upTo(2), (h) => {
  const [low, high] = [`a${2 * two}${h}`, `a${2 * two + 1}${h}`];
  return `          const e${two}${h} = f32x4.add(v128.shuffle<f32>(${low}, ${high}, 0, 4, 1, 5), v128.shuffle<f32>(${low}, ${high}, 2, 6, 3, 7));`;
})}`,
)}
${lines(upTo(2), (h) => `          const t${h} = f32x4.add(v128.load(to, ${16 * h}), f32x4.add(v128.shuffle<f32>(e0${h}, e1${h}, 0, 1, 4, 5), v128.shuffle<f32>(e0${h}, e1${h}, 2, 3, 6, 7)));`)}
          v128.store(to, t0);
          v128.store(to, t1, 16);`;

const pointer = (e: number): string => `          const p${e} = block + (<usize>load<u8>(column, ${e}) << 8);`;
const loadRow = (first: number, count: number): string =>
  lines(upTo(count), (i) => `        const d${first + i} = v128.load(row, ${16 * (first + i)});`);

/** Writes the loop over the groups of four entries of a segment. */
const groups = (body: string): string => `
        for (let column = first; column < stop; column += 4) {${body}
        }`;

const walk = (body: string): string => `
  for (let b = 0; b < blocks; b++) {
    const block = x + (<usize>b << ${BLOCK_SHIFT});
    let segment = segments + (<usize>b << 2);
    let row = y;
    for (let j = 0; j < n; j++) {
      const start = <usize>load<u32>(segment);
      const end = <usize>load<u32>(segment, 4);
      if (start < end) {
        const first = columns + start;
        const stop = columns + end;
        let to = sums + (start << 3);${body}
      }
      segment += <usize>blocks << 2;
      row += 256;
    }
  }`;

const parameters = `
  y: usize, x: usize, n: i32, blocks: i32, segments: usize, columns: usize, sums: usize, scratch: usize,
`;

/** The same numbers with the row of y in registers as a whole, and in two halves of which the first leaves its sums in scratch. */
const sample = `
/** sums += the sums over the 64 tokens of y[row] x[column] at the places of a matrix whose segments have whole groups of four; see sparse.ts. */
export function sampleTile64(${parameters}): void {${walk(`
${loadRow(0, ROW)}${groups(`${addLanes(
  (e) => `${pointer(e)}
${half(e, `a${e}`, 0)}
${half(e, `b${e}`, ROW / 2)}
${lines(upTo(2), (h) => `          a${e}${h} = f32x4.add(a${e}${h}, b${e}${h});`)}`,
)}
          to += 32;`)}`)}
}

/** The same for 128-bit registers, which hold half a row. */
export function sampleTile32(${parameters}): void {${walk(`
        let part = scratch;
        {
${loadRow(0, ROW / 2)}${groups(`
${lines(
  upTo(4),
  (e) => `${pointer(e)}
${half(e, `a${e}`, 0)}
${lines(upTo(2), (h) => `          v128.store(part, a${e}${h}, ${32 * e + 16 * h});`)}`,
)}
          part += 128;`)}
        }
        part = scratch;
${loadRow(ROW / 2, ROW / 2)}${groups(`${addLanes(
  (e) => `${pointer(e)}
${half(e, `a${e}`, ROW / 2)}
${lines(upTo(2), (h) => `          a${e}${h} = f32x4.add(v128.load(part, ${32 * e + 16 * h}), a${e}${h});`)}`,
)}
          part += 128;
          to += 32;`)}`)}
}
`;

/** Products of a sparse matrix and a tile of 64 tokens, for engines with 256-bit registers and with those of 128. */
export const sparseTiles = `
import { multiplyAdd } from './simd';
${multiply(ROW, 2)}${multiply(ROW / 2, 1)}${multiply(ROW / 4, 2)}${sample}`;
