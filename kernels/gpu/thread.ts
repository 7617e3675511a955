import type { Native } from '../../src/backends/gpu/gpujs.ts';

/**
 * The `this` of a kernel function of gpu.js: the place of its one result in a flat output, and constants that are compiled
 * into the shader.
 *
 * Kernel functions are translated from their JavaScript text, so they are plain functions: no closures, no arrows, no
 * module-level names except the functions below and `apply`. Loops have a constant bound and end early with `break`: gpu.js
 * cuts a loop off after 1,000 rounds where the bound is an argument.
 */
export interface Thread {
  readonly thread: { readonly x: number };
  readonly constants: { readonly bound: number };
}

declare global {
  /** Σ a[startA + i stepA] · b[startB + i stepB] over 0 <= i < count. In kernels only. */
  function strideDot(
    ...operands: [a: number[], b: number[], startA: number, stepA: number, startB: number, stepB: number, count: number]
  ): number;
  /** The block of a bᵀ that `count` blocks of a and of b give, from startA and startB on. In kernels only. */
  function blockDot(
    ...operands: [a: number[][], b: number[][], startA: number, startB: number, count: number]
  ): number[];
  /** The number of a row and a column in a line of blocks, which begins at `start`. In kernels only. */
  function numberOf(...operands: [blocks: number[][], start: number, row: number, column: number]): number;
  /** a / b of integers, rounded to zero. In kernels only. */
  function quotient(a: number, b: number): number;
  /** a - b · quotient(a, b). In kernels only. */
  function remainder(a: number, b: number): number;
  /**
   * Where the i-th element of an array of lengths [., n1, n2, n3, n4, n5] lies when it is walked with the strides s0 to s5. In
   * kernels only.
   */
  function place(
    ...layout: [i: number, n1: number, n2: number, n3: number, n4: number, n5: number, ...Strides]
  ): number;
}
type Strides = [s0: number, s1: number, s2: number, s3: number, s4: number, s5: number];

const integers = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, 'Integer']));

/** JavaScript's numbers become floats, which are exact for indices up to 2^24 only and divide inexactly: here are integers. */
export const natives: readonly Native[] = [
  { name: 'quotient', source: 'int quotient(int a, int b) { return a / b; }' },
  { name: 'remainder', source: 'int remainder(int a, int b) { return a - b * (a / b); }' },
  {
    name: 'strideDot',
    types: { a: 'ArrayTexture(1)', b: 'ArrayTexture(1)', ...integers('startA', 'stepA', 'startB', 'stepB', 'count') },
    returns: 'Number',
    // An index is a place in a texture by a division, which costs more than all the rest. So places are stepped through instead.
    source: `float strideDot(sampler2D a, ivec2 aSize, ivec3 aDim, sampler2D b, ivec2 bSize, ivec3 bDim,
        int startA, int stepA, int startB, int stepB, int count) {
      vec2 sizeA = vec2(aSize);
      vec2 sizeB = vec2(bSize);
      int lineA = startA / aSize.x;
      int lineB = startB / bSize.x;
      vec2 atA = vec2(float(startA - lineA * aSize.x), float(lineA)) + 0.5;
      vec2 atB = vec2(float(startB - lineB * bSize.x), float(lineB)) + 0.5;
      int downA = stepA / aSize.x;
      int downB = stepB / bSize.x;
      vec2 moveA = vec2(float(stepA - downA * aSize.x), float(downA));
      vec2 moveB = vec2(float(stepB - downB * bSize.x), float(downB));
      float total = 0.0;
      for (int i = 0; i < 65535; i++) {
        if (i >= count) break;
        total += TEXEL(a, atA, sizeA).r * TEXEL(b, atB, sizeB).r;
        atA += moveA;
        atB += moveB;
        if (atA.x > sizeA.x) atA += vec2(-sizeA.x, 1.0);
        if (atB.x > sizeB.x) atB += vec2(-sizeB.x, 1.0);
      }
      return total;
    }`,
  },
  {
    name: 'blockDot',
    types: { a: 'ArrayTexture(4)', b: 'ArrayTexture(4)', ...integers('startA', 'startB', 'count') },
    returns: 'Array(4)',
    // Two fetches for eight products, where strideDot takes sixteen. The order of the sums is the same.
    source: `vec4 blockDot(sampler2D a, ivec2 aSize, ivec3 aDim, sampler2D b, ivec2 bSize, ivec3 bDim,
        int startA, int startB, int count) {
      vec2 sizeA = vec2(aSize);
      vec2 sizeB = vec2(bSize);
      int lineA = startA / aSize.x;
      int lineB = startB / bSize.x;
      vec2 atA = vec2(float(startA - lineA * aSize.x), float(lineA)) + 0.5;
      vec2 atB = vec2(float(startB - lineB * bSize.x), float(lineB)) + 0.5;
      vec4 total = vec4(0.0);
      for (int i = 0; i < 65535; i++) {
        if (i >= count) break;
        vec4 x = TEXEL(a, atA, sizeA);
        vec4 y = TEXEL(b, atB, sizeB);
        total += x.xxzz * y.xzxz;
        total += x.yyww * y.ywyw;
        atA.x += 1.0;
        atB.x += 1.0;
        if (atA.x > sizeA.x) atA += vec2(-sizeA.x, 1.0);
        if (atB.x > sizeB.x) atB += vec2(-sizeB.x, 1.0);
      }
      return total;
    }`,
  },
  {
    name: 'numberOf',
    types: { blocks: 'ArrayTexture(4)', ...integers('start', 'row', 'column') },
    returns: 'Number',
    source: `float numberOf(sampler2D blocks, ivec2 blocksSize, ivec3 blocksDim, int start, int row, int column) {
      int across = column / 2;
      int down = row / 2;
      int at = start + across;
      int line = at / blocksSize.x;
      vec2 size = vec2(blocksSize);
      vec2 from = vec2(float(at - line * blocksSize.x), float(line)) + 0.5;
      vec4 block = TEXEL(blocks, from, size);
      vec2 pair = row == 2 * down ? block.xy : block.zw;
      return column == 2 * across ? pair.x : pair.y;
    }`,
  },
  {
    name: 'place',
    source: `int place(int i, int n1, int n2, int n3, int n4, int n5, int s0, int s1, int s2, int s3, int s4, int s5) {
      int i4 = i / n5;
      int i3 = i4 / n4;
      int i2 = i3 / n3;
      int i1 = i2 / n2;
      int i0 = i1 / n1;
      return i0 * s0 + (i1 - i0 * n1) * s1 + (i2 - i1 * n2) * s2 + (i3 - i2 * n3) * s3 + (i4 - i3 * n4) * s4 + (i - i4 * n5) * s5;
    }`,
  },
];
