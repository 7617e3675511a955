import type { Source } from '../../src/backends/gpu/gpujs.ts';

/**
 * What gpu.js gives a kernel function as `this`: the place of its one result in a flat output, and constants that are compiled
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

/** JavaScript's numbers become floats, which are exact for indices up to 2^24 only and divide inexactly: here are integers. */
export const natives: readonly Source[] = [
  { name: 'quotient', source: 'int quotient(int a, int b) { return a / b; }' },
  { name: 'remainder', source: 'int remainder(int a, int b) { return a - b * (a / b); }' },
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
