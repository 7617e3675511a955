import { GPU } from 'gpu.js';

/** The matrix product of gpu.js' introduction: one kernel, a loop in each thread; nested arrays go in and come out. */
export function naiveProduct(
  mode: 'headlessgl' | 'webgl2',
  size: number,
): (a: Float32Array, b: Float32Array) => () => ArrayLike<number>[] {
  const source = `function (a, b) {
    let total = 0;
    for (let i = 0; i < this.constants.size; i++) total += a[this.thread.y][i] * b[i][this.thread.x];
    return total;
  }`;
  const settings = { output: [size, size], constants: { size }, precision: 'single' as const };
  const kernel = new GPU({ mode }).createKernel(source as never, settings);
  const nested = (values: Float32Array) =>
    Array.from({ length: size }, (_, row) => Array.from(values.subarray(row * size, (row + 1) * size)));
  return (a, b) => {
    const [left, right] = [a, b].map(nested);
    return () => kernel(left as never, right as never) as ArrayLike<number>[];
  };
}
