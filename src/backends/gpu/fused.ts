import type { FusedAttributes, FusedKernel, FusedKernels, FusedName } from '../backend.ts';
import { packedAttention } from './attention.ts';
import type { GpuBackend, GpuBuffer } from './index.ts';
import { normalised, rowsOf, softmaxGradient, softmaxOf } from './softmax.ts';
import { activationGradients, activations, programs } from './sources.ts';

type Kernel<Name extends FusedName> = FusedKernel<FusedAttributes[Name], GpuBuffer>;

/** Those that save passes over the device's memory. What has none here is made of primitives. */
export function fusedKernels(backend: GpuBackend): Partial<FusedKernels<GpuBuffer>> {
  return {
    softmax: softmax(backend),
    logSoftmax: logSoftmax(backend),
    layerNorm: layerNorm(backend),
    gelu: activation(backend, 'gelu'),
    geluTanh: activation(backend, 'geluTanh'),
    silu: activation(backend, 'silu'),
    packedAttention: packedAttention(backend),
  };
}

function softmax(backend: GpuBackend): Kernel<'softmax'> {
  return {
    readsOutput: true,
    forward: ([x]) => ({ output: softmaxOf(backend, x), saved: [] }),
    backward: (_inputs, y, _saved, dy) => [softmaxGradient(backend, y, dy.buffer)],
  };
}

function logSoftmax(backend: GpuBackend): Kernel<'logSoftmax'> {
  return {
    readsOutput: true,
    forward: ([x]) => ({ output: normalised(backend, x, 'logSoftmax'), saved: [] }),
    backward: (_inputs, y, _saved, dy) =>
      backend.scoped((own) => {
        const { n } = rowsOf(y);
        const sums = own(backend.reduce('sum', dy, [y.shape.length - 1]));
        return [backend.run(programs.logSoftmaxBackward, y.buffer.length, [y.buffer, dy.buffer, sums, n])];
      }),
  };
}

/** Keeps the mean and the reciprocal standard deviation of each row. */
function layerNorm(backend: GpuBackend): Kernel<'layerNorm'> {
  return {
    forward([x, weight, bias], { eps }) {
      const { rows, n } = rowsOf(x);
      const mean = backend.run(programs.rowMean, rows, [x.buffer, n], { rounds: n });
      const rstd = backend.run(programs.rowDeviation, rows, [x.buffer, mean, n, eps], { rounds: n });
      const values = [x.buffer, mean, rstd, weight.buffer, bias.buffer, n];
      return { output: backend.run(programs.layerNorm, x.buffer.length, values), saved: [mean, rstd] };
    },
    backward([x, weight], _output, [mean, rstd], dy, needs) {
      const { rows, n } = rowsOf(x);
      const [length, rounds] = [x.buffer.length, n];
      const [normal, slopes] = [[x.buffer, mean, rstd] as const, [dy.buffer, weight.buffer] as const];
      return backend.scoped((own) => {
        let [dx, dw, db]: (GpuBuffer | null)[] = [null, null, null];
        if (needs[0]) {
          const means = own(backend.run(programs.rowMeanGradient, rows, [...slopes, n], { rounds }));
          const products = own(backend.run(programs.rowMeanProduct, rows, [...normal, ...slopes, n], { rounds }));
          dx = backend.run(programs.layerNormBackward, length, [...normal, ...slopes, means, products, n]);
        }
        if (needs[1]) {
          const buffer = own(backend.run(programs.timesNormal, length, [...normal, dy.buffer, n]));
          dw = backend.reduce('sum', { buffer, shape: [rows, n] }, [0]);
        }
        if (needs[2]) db = backend.reduce('sum', { buffer: dy.buffer, shape: [rows, n] }, [0]);
        return [dx, dw, db];
      });
    },
  };
}

function activation<Name extends 'gelu' | 'geluTanh' | 'silu'>(backend: GpuBackend, name: Name): Kernel<Name> {
  return {
    forward: ([{ buffer }]) => ({
      output: backend.run(programs.unary, buffer.length, [buffer], { apply: activations[name] }),
      saved: [],
    }),
    backward: ([{ buffer }], _output, _saved, dy) => [
      backend.run(programs.binary, buffer.length, [buffer, dy.buffer], { apply: activationGradients[name] }),
    ],
  };
}
