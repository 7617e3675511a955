import { WasmBackend } from '../../src/backends/wasm/index.ts';
import { preferredTile } from '../../src/backends/wasm/simd256.ts';
import { sizeOfTile } from '../../src/backends/wasm/tile.ts';
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

/** The speed of the micro-kernel alone: the best of some products on one thread, times the number of threads. */
export function peak({ threads }: WasmBackend): Job {
  const { kernels, memory, gemmScratch } = new WasmBackend({ threads: 1 });
  const address = (floats: number) => memory.allocate(4 * floats).start;
  // A single panel of the second operand, which no product packs, and rows that fit in the first two levels of cache.
  const [n, k] = [sizeOfTile(preferredTile())[1], 256];
  const jobs = [12, 48, 192].map((m) => {
    const [a, b, c] = [address(m * k), address(n * k), address(m * n)];
    memory.floats(a, m * k).set(weight('x', m * k));
    memory.floats(b, n * k).set(weight('w', n * k));
    const multiply = () => kernels.gemmRows(a, false, b, false, false, null, null, c, m, n, k, m, gemmScratch);
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
