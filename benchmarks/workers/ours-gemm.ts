import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { type Job, repeats, timed } from './job.ts';
import { weight } from './numbers.ts';

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

export function gemm({ m, n, k }: Product, backend: WasmBackend): Job {
  const [x, w] = [backend.upload(weight('x', m * k)), backend.upload(weight('w', n * k))];
  const spec = { batch: 1, m, n, k, transposeA: false, transposeB: true };
  const count = repeats({ m, n, k });
  return {
    run: async () => {
      const { seconds } = await timed(() => {
        for (let i = 1; i < count; i++) backend.free(backend.matmul(x, w, spec));
      });
      const last = await timed(() => backend.matmul(x, w, spec));
      const value = backend.readSync(last.result)[m * n - 1];
      backend.free(last.result);
      return { seconds: (seconds + last.seconds) / count, value };
    },
  };
}

/** Blocks that fit in the first two levels of cache of any processor: rows, columns, depth. */
const CACHED: readonly Product[] = [
  { m: 12, n: 192, k: 256 },
  { m: 48, n: 192, k: 256 },
  { m: 192, n: 192, k: 256 },
];

/**
 * The speed of the micro-kernel alone: blocks whose second operand is packed beforehand and whose first one is packed once for
 * many columns. The best of these on one thread, times the number of threads.
 */
export function peak({ threads }: WasmBackend): Job {
  const { kernels, memory } = new WasmBackend({ threads: 1 });
  const address = (floats: number) => memory.allocate(4 * floats + kernels.panelScratch()).start;
  const jobs = CACHED.map(({ m, n, k }) => {
    const [a, b, c, scratch] = [address(m * k), address(n * k), address(m * n), address(0)];
    const packed = address(kernels.packedBytes(n, k) / 4);
    memory.floats(a, m * k).set(weight('x', m * k));
    memory.floats(b, n * k).set(weight('w', n * k));
    kernels.packB(b, k, true, k, packed, 0, n);
    const multiply = () => kernels.gemmPacked(a, k, false, packed, 0, 0, 0, c, n, n, k, 0, m, scratch, 0);
    return { flop: 2 * m * n * k, count: repeats({ m, n, k }), multiply };
  });
  return {
    run: async () => {
      let [best, total] = [0, 0];
      for (const { flop, count, multiply } of jobs) {
        const { seconds } = await timed(() => {
          for (let i = 0; i < count; i++) multiply();
        });
        best = Math.max(best, (flop * count) / seconds / 1e9);
        total += seconds;
      }
      return { seconds: total, value: best * threads };
    },
  };
}
