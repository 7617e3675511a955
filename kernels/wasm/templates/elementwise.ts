import type { BinaryOp, UnaryOp } from '../../../src/backends/backend.ts';

/** Writes a function of vectors of four floats, which are AssemblyScript expressions. */
type Write = (...operands: string[]) => string;

const unary: Record<UnaryOp, Write> = {
  neg: (x) => `f32x4.neg(${x})`,
  exp: (x) => `math.exp(${x})`,
  log: (x) => `math.log(${x})`,
  tanh: (x) => `math.tanh(${x})`,
  sigmoid: (x) => `math.sigmoid(${x})`,
  erf: (x) => `math.erf(${x})`,
  relu: (x) => `f32x4.max(${x}, f32x4.splat(0))`,
  sqrt: (x) => `f32x4.sqrt(${x})`,
  rsqrt: (x) => `f32x4.div(f32x4.splat(1), f32x4.sqrt(${x}))`,
  abs: (x) => `f32x4.abs(${x})`,
  sign: (x) => `math.sign(${x})`,
  heaviside: (x) => `v128.and(f32x4.gt(${x}, f32x4.splat(0)), f32x4.splat(1))`,
};

const binary: Record<BinaryOp, Write> = {
  add: (a, b) => `f32x4.add(${a}, ${b})`,
  sub: (a, b) => `f32x4.sub(${a}, ${b})`,
  mul: (a, b) => `f32x4.mul(${a}, ${b})`,
  div: (a, b) => `f32x4.div(${a}, ${b})`,
  pow: (a, b) => `math.pow(${a}, ${b})`,
  maximum: (a, b) => `f32x4.max(${a}, ${b})`,
  minimum: (a, b) => `f32x4.min(${a}, ${b})`,
  equal: (a, b) => `v128.and(f32x4.eq(${a}, ${b}), f32x4.splat(1))`,
  less: (a, b) => `v128.and(f32x4.lt(${a}, ${b}), f32x4.splat(1))`,
};

const smooth = ['gelu', 'geluTanh', 'silu'] as const;

/**
 * Writes a kernel for operands of one shape: elements [start, end) of `y`. `start` is a multiple of 16, and the last step may
 * write into the padding of the buffer.
 *
 * @param step vectors of one step; with two, their stores side by side let V8 fuse them (see tile.ts)
 */
function map(name: string, operands: readonly string[], out: string, step: 1 | 2, y: Write): string {
  const first = y(...operands.map((operand) => `v128.load(${operand} + i)`));
  const second = y(...operands.map((operand) => `v128.load(${operand} + i, 16)`));
  const pointers = [...operands, out].map((pointer) => `${pointer}: usize`).join(', ');
  return `
export function ${name}(${pointers}, start: i32, end: i32): void {
  const stop = <usize>end << 2;
  for (let i = <usize>start << 2; i < stop; i += ${16 * step}) {
    const low = ${first};
    ${step === 2 ? `const high = ${second};` : ''}
    v128.store(${out} + i, low);
    ${step === 2 ? `v128.store(${out} + i, high, 16);` : ''}
  }
}
`;
}

/** Writes a kernel for operands that broadcast: elements [start, end) of y(a, b). An operand with step 0 is one number. */
function walk(name: string, y: Write): string {
  return `
export function ${name}(a: usize, b: usize, out: usize, layout: usize, start: i32, end: i32): void {
  const n = innerLength(layout);
  const stepA = step(layout, 0);
  const stepB = step(layout, 1);
  for (let i = start; i < end; ) {
    const outer = i / n;
    const column = i - outer * n;
    const count = min(n - column, end - i);
    const fromA = at(a, offsetOf(layout, 0, outer) + stepA * column);
    const fromB = at(b, offsetOf(layout, 1, outer) + stepB * column);
    const to = at(out, i);
    let va = v128.load32_splat(fromA);
    let vb = v128.load32_splat(fromB);
    let j = 0;
    for (; j + 4 <= count; j += 4) {
      if (stepA) va = v128.load(at(fromA, j));
      if (stepB) vb = v128.load(at(fromB, j));
      v128.store(at(to, j), ${y('va', 'vb')});
    }
    if (j < count) {
      if (stepA) va = v128.load(at(fromA, j));
      if (stepB) vb = v128.load(at(fromB, j));
      storeTail(at(to, j), ${y('va', 'vb')}, count - j);
    }
    i += count;
  }
}
`;
}

/** The elementwise kernels. They differ in an instruction, or in how many vectors a step of the loop computes. */
export const elementwise = `
import * as f from './activations';
import { innerLength, offsetOf, step } from './layout';
import * as math from './math';
import { at, storeTail } from './simd';
${[
  ...Object.entries(unary).map(([name, y]) => map(name, ['x'], 'out', 2, y)),
  ...Object.entries(binary).map(([name, y]) => walk(name, y)),
  ...smooth.map((name) => map(name, ['x'], 'out', 2, (x) => `f.${name}(${x})`)),
  ...[...smooth, 'tanh'].map((name) =>
    map(`${name}Backward`, ['x', 'dy'], 'dx', 2, (x, dy) => `f32x4.mul(${dy}, f.${name}Slope(${x}))`),
  ),
  // dy where x > 0, else 0; also where x is NaN. Selected, not multiplied: 0 times infinity is not 0.
  map('reluBackward', ['x', 'dy'], 'dx', 1, (x, dy) => `v128.andnot(${dy}, f32x4.le(${x}, f32x4.splat(0)))`),
  ...smooth.map((name) =>
    map(
      `${name}DoubleBackward`,
      ['x', 'dy', 'u'],
      'out',
      1,
      (x, dy, u) => `f32x4.mul(f32x4.mul(${dy}, ${u}), f.${name}Curvature(${x}))`,
    ),
  ),
].join('')}`;
