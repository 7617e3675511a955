import type { FusedKernel, FusedKernels } from '../backend.ts';
import { packedAttention } from './attention.ts';
import { bottleneck } from './bottleneck.ts';
import { addressOf, type WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';

type Kernel<Attributes> = FusedKernel<Attributes, WasmBuffer>;

/** The fast kernels of the fused operations, forward and backward. */
export function fusedKernels(backend: WasmBackend): FusedKernels<WasmBuffer> {
  return {
    softmax: alongRows(backend, 'softmax'),
    logSoftmax: alongRows(backend, 'logSoftmax'),
    crossEntropy: crossEntropy(backend),
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

/** Keeps two numbers of each row, from which a logit gives its probability. */
function crossEntropy(backend: WasmBackend): Kernel<{ readonly targets: Int32Array }> {
  const { kernels } = backend;
  return {
    forward([{ buffer, shape }], { targets }) {
      const [rows, n] = shape;
      const [output, sums] = [backend.allocate(rows), backend.allocate(2 * rows)];
      backend.withInts(targets, (classes) =>
        kernels.crossEntropy(buffer.address, classes, output.address, sums.address, n, 0, rows),
      );
      return { output, saved: [sums] };
    },
    backward([{ buffer, shape }], _output, [sums], dy, _needs, { targets }) {
      const [rows, n] = shape;
      const dx = backend.allocate(buffer.length);
      const [x, l, g] = [buffer, sums, dy.buffer].map(addressOf);
      backend.withInts(targets, (classes) => kernels.crossEntropyBackward(x, classes, l, g, dx.address, n, 0, rows));
      return [dx];
    },
    doubleBackward([{ buffer, shape }], _output, [sums], dy, [u], needs, { targets }) {
      if (!u) return null;
      const [rows, n] = shape;
      const [gx, gdy] = [buffer.length, rows].map((length, i) => (needs[i] ? backend.allocate(length) : null));
      const [x, l, g, direction] = [buffer, sums, dy.buffer, u.buffer].map(addressOf);
      const [toX, toDy] = [gx, gdy].map(addressOf);
      backend.withInts(targets, (classes) =>
        kernels.crossEntropyDoubleBackward(x, classes, l, g, direction, toX, toDy, n, 0, rows),
      );
      return [gx, gdy];
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
    doubleBackward([{ buffer, shape }, weight], _output, [mean, rstd], gradOutput, gradGrads, needs) {
      // With a trained weight and bias there are more terms, which the composition knows.
      if (!gradGrads[0] || gradGrads[1] || gradGrads[2] || needs[1] || needs[2]) return null;
      const [gx, gdy] = [needs[0], needs[3]].map((needed) => (needed ? backend.allocate(buffer.length) : null));
      const n = shape[shape.length - 1];
      const [x, w, dy, m, s, u] = [buffer, weight.buffer, gradOutput.buffer, mean, rstd, gradGrads[0].buffer].map(
        addressOf,
      );
      kernels.layerNormDoubleBackward(x, w, dy, m, s, u, addressOf(gx), addressOf(gdy), n, 0, mean.length);
      return [gx, null, null, gdy];
    },
  };
}

function activation(backend: WasmBackend, name: 'gelu' | 'geluTanh' | 'silu'): Kernel<unknown> {
  const forward = backend.kernels[name];
  const backward = backend.kernels[`${name}Backward`];
  const doubleBackward = backend.kernels[`${name}DoubleBackward`];
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
    /** Of dx = dy f'(x): u dy f''(x) and u f'(x), which is what `backward` computes. */
    doubleBackward([{ buffer }], _output, _saved, dy, [u], needs) {
      if (!u) return null;
      const [gx, gdy] = needs.map((needed) => (needed ? backend.allocate(buffer.length) : null));
      const uAt = u.buffer.address;
      if (gx) doubleBackward(buffer.address, dy.buffer.address, uAt, gx.address, 0, buffer.length);
      if (gdy) backward(buffer.address, uAt, gdy.address, 0, buffer.length);
      return [gx, gdy];
    },
  };
}
