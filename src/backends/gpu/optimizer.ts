import type { OptimizerKernels } from '../backend.ts';
import type { GpuBackend, GpuBuffer } from './index.ts';
import { REDUCED_ROWS } from './programs.ts';
import { binaryFunctions, programs } from './sources.ts';

export function optimizerKernels(backend: GpuBackend): OptimizerKernels<GpuBuffer> {
  return {
    adam(arrays, { gradientScale, l2, beta1, beta2, keep, rate, root, eps }) {
      for (const { w, g, m, v, mask } of arrays) {
        const { length } = w;
        backend.replace(m, backend.run(programs.adamMean, length, [m, g, w, beta1, gradientScale, l2]));
        backend.replace(v, backend.run(programs.adamSquare, length, [v, g, w, beta2, gradientScale, l2]));
        backend.replace(w, backend.run(programs.adamWeight, length, [w, m, v, keep, rate, root, eps]));
        if (mask) backend.replace(w, backend.run(programs.binary, length, [w, mask], { apply: binaryFunctions.mul }));
      }
    },
    sumOfSquares(xs) {
      // One read for all: it waits for everything that was queued before.
      const filled = xs.filter(({ length }) => length > 0);
      if (filled.length === 0) return 0;
      return backend.scoped((own) => {
        const partial = filled.map((x) => {
          const chunks = Math.ceil(x.length / REDUCED_ROWS);
          const buffer = own(backend.run(programs.squares, chunks, [x, x.length], { rounds: REDUCED_ROWS }));
          return { buffer, shape: [chunks] };
        });
        const all = own(backend.concat(partial, 0));
        return backend.readSync(own(backend.reduce('sum', { buffer: all, shape: [1, all.length] }, [1])))[0];
      });
    },
  };
}
