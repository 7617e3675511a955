import type { FusedKernel, FusedKernels } from '../backend.ts';
import { packedAttention } from './attention.ts';
import { bottleneck } from './bottleneck.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';

export type Kernel<Attributes> = FusedKernel<Attributes, WasmBuffer>;

/** The address of a buffer, 0 where there is none. */
export const addressOf = (buffer: WasmBuffer | null): number => buffer?.address ?? 0;

/** The fast kernels of the fused operations, forward and backward. */
export function fusedKernels(backend: WasmBackend): FusedKernels<WasmBuffer> {
  return {
    softmax: alongRows(backend, 'softmax'),
    logSoftmax: alongRows(backend, 'logSoftmax'),
    layerNorm: layerNorm(backend),
    gelu: activation(backend, 'gelu'),
    geluTanh: activation(backend, 'geluTanh'),
    silu: activation(backend, 'silu'),
    bottleneck: bottleneck(backend),
    packedAttention: packedAttention(backend),
  };
}

function alongRows(backend: WasmBackend, name: 'softmax' | 'logSoftmax'): Kernel<unknown> {
  const forward = backend.kernels[name];
  const backward = backend.kernels[`${name}Backward`];
  return {
    forward([{ buffer, shape }]) {
      const n = shape[shape.length - 1];
      const output = backend.allocate(buffer.length);
      forward(buffer.address, output.address, n, 0, n && buffer.length / n);
      return { output, saved: [] };
    },
    backward(_inputs, { buffer, shape }, _saved, dy) {
      const n = shape[shape.length - 1];
      const dx = backend.allocate(buffer.length);
      backward(buffer.address, dy.buffer.address, dx.address, n, 0, n && buffer.length / n);
      return [dx];
    },
  };
}

/** Keeps the mean and the reciprocal standard deviation of each row. */
function layerNorm(backend: WasmBackend): Kernel<{ readonly eps: number }> {
  const { kernels } = backend;
  return {
    forward([{ buffer, shape }, weight, bias], { eps }) {
      const n = shape[shape.length - 1];
      const rows = n && buffer.length / n;
      const [output, mean, rstd] = [buffer.length, rows, rows].map((length) => backend.allocate(length));
      const [x, w, b] = [buffer, weight.buffer, bias.buffer].map(addressOf);
      kernels.layerNorm(x, w, b, output.address, mean.address, rstd.address, n, eps, 0, rows);
      return { output, saved: [mean, rstd] };
    },
    backward([{ buffer, shape }, weight], _output, [mean, rstd], gradOutput, needs) {
      const n = shape[shape.length - 1];
      const rows = mean.length;
      const [x, w, dy, m, s] = [buffer, weight.buffer, gradOutput.buffer, mean, rstd].map(addressOf);
      let dx: WasmBuffer | null = null;
      if (needs[0]) {
        dx = backend.allocate(buffer.length);
        kernels.layerNormBackward(x, w, dy, m, s, dx.address, n, 0, rows);
      }
      if (!needs[1] && !needs[2]) return [dx, null, null];
      const [dw, db] = [backend.allocate(n), backend.allocate(n)];
      kernels.layerNormBackwardParameters(x, dy, m, s, dw.address, db.address, rows, n, 0, n);
      return [dx, dw, db].map((gradient, i) => {
        if (gradient && !needs[i]) backend.free(gradient);
        return needs[i] ? gradient : null;
      });
    },
  };
}

function activation(backend: WasmBackend, name: 'gelu' | 'geluTanh' | 'silu'): Kernel<unknown> {
  const forward = backend.kernels[name];
  const backward = backend.kernels[`${name}Backward`];
  return {
    forward([{ buffer }]) {
      const output = backend.allocate(buffer.length);
      forward(buffer.address, output.address, 0, buffer.length);
      return { output, saved: [] };
    },
    backward([{ buffer }], _output, _saved, dy) {
      const dx = backend.allocate(buffer.length);
      backward(buffer.address, dy.buffer.address, dx.address, 0, buffer.length);
      return [dx];
    },
  };
}
