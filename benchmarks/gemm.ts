/**
 * Speed of matrix products x Wᵀ on the wasm backend, in GFLOP/s and relative to a plain JavaScript loop.
 *
 *     npm run bench -- [--threads 1] [--tile 4x8 | 4x16]
 *
 * `--tile 4x16` also makes V8 fuse pairs of 128-bit operations (Node >= 24). The kernels and the loop are measured in turns, so
 * that other work on the machine slows both.
 */

import { parseArgs } from 'node:util';
import v8 from 'node:v8';
import { WasmBackend } from '../src/backends/wasm/index.ts';

const { values: options } = parseArgs({
  options: { threads: { type: 'string', default: '1' }, tile: { type: 'string', default: '4x8' } },
});
const tile = options.tile === '4x16' ? '4x16' : '4x8';
if (tile === '4x16') v8.setFlagsFromString('--experimental-wasm-revectorize');
const wasm = new WasmBackend({ threads: Number(options.threads), tileColumns: tile === '4x16' ? 16 : 8 });

/** Rows of x, columns of the result, length of the sums. */
const shapes: readonly (readonly [number, number, number])[] = [
  [512, 768, 768],
  [512, 3072, 768],
  [512, 768, 3072],
  [512, 64, 768],
  [512, 768, 64],
  [1024, 384, 384],
  [1024, 1536, 384],
  [1024, 384, 1536],
  [16, 768, 768],
  [1, 768, 768],
  [64, 64, 32],
];
const ROUNDS = 15;
/** Each measurement repeats a product until it is about this much work. */
const FLOP_PER_ROUND = 2e8;
/** Rows that the loop computes, which is too slow for all of them. */
const LOOP_ROWS = 16;

/** c = x b with scalars, in the order of loops that JavaScript runs fastest. */
function plainLoop(x: Float32Array, b: Float32Array, c: Float32Array, rows: number, n: number, k: number): void {
  c.fill(0);
  for (let i = 0; i < rows; i++) {
    for (let l = 0; l < k; l++) {
      const a = x[i * k + l];
      const [to, from] = [i * n, l * n];
      for (let j = 0; j < n; j++) c[to + j] += a * b[from + j];
    }
  }
}

/** GFLOP/s of `repeats` calls. */
function speed(flop: number, repeats: number, run: () => void): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) run();
  return (flop * repeats) / (performance.now() - start) / 1e6;
}

const median = (xs: readonly number[]): number => xs.toSorted((a, b) => a - b)[xs.length >> 1];
const ramp = (length: number): Float32Array => Float32Array.from({ length }, (_, i) => (i % 17) / 17 - 0.5);

console.log(`node ${process.version}, ${wasm.threads} thread(s), tile ${tile}; best and median of ${ROUNDS} rounds`);
const table = shapes.map(([m, n, k]) => {
  const [hostX, hostW] = [ramp(m * k), ramp(n * k)];
  const [x, w, c] = [wasm.upload(hostX), wasm.upload(hostW), new Float32Array(LOOP_ROWS * n)];
  const spec = { batch: 1, m, n, k, transposeA: false, transposeB: true };
  const flop = 2 * m * n * k;
  const rows = Math.min(m, LOOP_ROWS);
  const kernels: number[] = [];
  const loops: number[] = [];
  for (let round = -3; round < ROUNDS; round++) {
    const kernel = speed(flop, Math.ceil(FLOP_PER_ROUND / flop), () => wasm.free(wasm.matmul(x, w, spec)));
    const loop = speed(2 * rows * n * k, 1, () => plainLoop(hostX, hostW, c, rows, n, k));
    if (round < 0) continue; // the engine still compiles
    kernels.push(kernel);
    loops.push(loop);
  }
  wasm.free(x);
  wasm.free(w);
  return {
    shape: `${m} x ${n} x ${k}`,
    'best GFLOP/s': Number(Math.max(...kernels).toFixed(1)),
    'median GFLOP/s': Number(median(kernels).toFixed(1)),
    'plain loop': Number(median(loops).toFixed(2)),
    ratio: Number(median(kernels.map((kernel, i) => kernel / loops[i])).toFixed(1)),
  };
});
console.table(table);
