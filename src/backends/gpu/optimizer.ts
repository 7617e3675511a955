import type { OptimizerKernels } from '../backend.ts';
import type { GpuBackend, GpuBuffer } from './index.ts';
import { REDUCED_ROWS } from './programs.ts';
import { binaryFunctions, programs, unaryFunctions } from './sources.ts';

export function optimizerKernels(backend: GpuBackend): OptimizerKernels<GpuBuffer> {
  return {
    adam(arrays, { l2, beta1, beta2, decay, stepSize, rootScale, eps }, gradientScale) {
      backend.scoped((own) => {
        const scale = gradientScale ?? own(backend.fill(1, 1));
        for (const { w, g, m, v, mask } of arrays) {
          const { length } = w;
          backend.replace(m, backend.run(programs.adamMean, length, [m, g, w, scale, beta1, l2]));
          backend.replace(v, backend.run(programs.adamSquare, length, [v, g, w, scale, beta2, l2]));
          backend.replace(w, backend.run(programs.adamWeight, length, [w, m, v, decay, stepSize, rootScale, eps]));
          if (mask) backend.replace(w, backend.run(programs.binary, length, [w, mask], { apply: binaryFunctions.mul }));
        }
      });
    },
    norm(xs) {
      const filled = xs.filter(({ length }) => length > 0);
      if (filled.length === 0) return backend.fill(1, 0);
      return backend.scoped((own) => {
        const partial = filled.map((x) => {
          const chunks = Math.ceil(x.length / REDUCED_ROWS);
          const buffer = own(backend.run(programs.squares, chunks, [x, x.length], { rounds: REDUCED_ROWS }));
          return { buffer, shape: [chunks] };
        });
        const all = own(backend.concat(partial, 0));
        const sum = own(backend.reduce('sum', { buffer: all, shape: [1, all.length] }, [1]));
        return backend.run(programs.unary, 1, [sum], { apply: unaryFunctions.sqrt });
      });
    },
  };
}
