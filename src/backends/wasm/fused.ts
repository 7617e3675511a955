import type { FusedKernel, FusedKernels, View } from '../backend.ts';
import { packedAttention } from './attention.ts';
import { bottleneck } from './bottleneck.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';

type Fused<Attributes> = FusedKernel<Attributes, WasmBuffer>;

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

function alongRows(backend: WasmBackend, name: 'softmax' | 'logSoftmax'): Fused<unknown> {
  const forward = backend.kernels[name];
  const backward = backend.kernels[`${name}Backward`];
  return {
    readsOutput: true,
    forward([x]) {
      const [rows, n] = rowsOf(x);
      const output = backend.allocate(x.buffer.length);
      forward(x.buffer, output, n, rows);
      return { output, saved: [] };
    },
    backward(_inputs, y, _saved, dy) {
      const [rows, n] = rowsOf(y);
      const dx = backend.allocate(y.buffer.length);
      backward(y.buffer, dy.buffer, dx, n, rows);
      return [dx];
    },
  };
}

/** Returns how many rows an array has, and how long they are. */
function rowsOf({ buffer, shape }: View<WasmBuffer>): [rows: number, n: number] {
  const n = shape[shape.length - 1];
  return [n && buffer.length / n, n];
}

/** Keeps two numbers of each row, from which a logit gives its probability. */
function crossEntropy(backend: WasmBackend): Fused<{ readonly targets: Int32Array }> {
  const { kernels, memory } = backend;
  return {
    forward([{ buffer: x, shape }], { targets }) {
      const [rows, n] = shape;
      const [output, sums] = [backend.allocate(rows), backend.allocate(2 * rows)];
      memory.borrowInts(targets, (classes) => kernels.crossEntropy(x, classes, output, sums, n, rows));
      return { output, saved: [sums] };
    },
    backward([{ buffer: x, shape }], _output, [sums], dy, _needs, { targets }) {
      const [rows, n] = shape;
      const dx = backend.allocate(x.length);
      memory.borrowInts(targets, (classes) => kernels.crossEntropyBackward(x, classes, sums, dy.buffer, dx, n, rows));
      return [dx];
    },
    doubleBackward([{ buffer: x, shape }], _output, [sums], dy, [u], needs, { targets }) {
      if (!u) return null;
      const [rows, n] = shape;
      const [gx, gdy] = [x.length, rows].map((length, i) => (needs[i] ? backend.allocate(length) : null));
      memory.borrowInts(targets, (classes) =>
        kernels.crossEntropyDoubleBackward(x, classes, sums, dy.buffer, u.buffer, gx, gdy, n, rows),
      );
      return [gx, gdy];
    },
  };
}

/** Keeps the mean and the reciprocal standard deviation of each row. */
function layerNorm(backend: WasmBackend): Fused<{ readonly eps: number }> {
  const { kernels } = backend;
  return {
    forward([x, { buffer: weight }, { buffer: bias }], { eps }) {
      const [rows, n] = rowsOf(x);
      const output = backend.allocate(x.buffer.length);
      const [mean, rstd] = [backend.allocate(rows), backend.allocate(rows)];
      kernels.layerNorm(x.buffer, weight, bias, output, mean, rstd, n, eps, rows);
      return { output, saved: [mean, rstd] };
    },
    backward([x, { buffer: weight }], _output, [mean, rstd], { buffer: dy }, needs) {
      const [rows, n] = rowsOf(x);
      let dx: WasmBuffer | null = null;
      if (needs[0]) {
        dx = backend.allocate(x.buffer.length);
        kernels.layerNormBackward(x.buffer, weight, dy, mean, rstd, dx, n, rows);
      }
      if (!needs[1] && !needs[2]) return [dx, null, null];
      const [dweight, dbias] = [backend.allocate(n), backend.allocate(n)];
      kernels.layerNormBackwardParameters(x.buffer, dy, mean, rstd, dweight, dbias, rows, n, n);
      return [dx, dweight, dbias].map((gradient, i) => {
        if (gradient && !needs[i]) backend.free(gradient);
        return needs[i] ? gradient : null;
      });
    },
    doubleBackward([x, { buffer: weight }], _output, [mean, rstd], { buffer: dy }, [u, ...others], needs) {
      // With a trained weight and bias there are more terms, which the composition knows.
      if (!u || others.some((other) => other) || needs[1] || needs[2]) return null;
      const [rows, n] = rowsOf(x);
      const [gx, gdy] = [needs[0], needs[3]].map((needed) => (needed ? backend.allocate(x.buffer.length) : null));
      kernels.layerNormDoubleBackward(x.buffer, weight, dy, mean, rstd, u.buffer, gx, gdy, n, rows);
      return [gx, null, null, gdy];
    },
  };
}

function activation(backend: WasmBackend, name: 'gelu' | 'geluTanh' | 'silu'): Fused<unknown> {
  const forward = backend.kernels[name];
  const backward = backend.kernels[`${name}Backward`];
  const doubleBackward = backend.kernels[`${name}DoubleBackward`];
  return {
    forward([{ buffer: x }]) {
      const output = backend.allocate(x.length);
      forward(x, output, x.length);
      return { output, saved: [] };
    },
    backward([{ buffer: x }], _output, _saved, dy) {
      const dx = backend.allocate(x.length);
      backward(x, dy.buffer, dx, x.length);
      return [dx];
    },
    /** Gives the derivatives of dx = dy f'(x): u dy f''(x), and u f'(x), which `backward` computes. */
    doubleBackward([{ buffer: x }], _output, _saved, dy, [u], needs) {
      if (!u) return null;
      const [gx, gdy] = needs.map((needed) => (needed ? backend.allocate(x.length) : null));
      if (gx) doubleBackward(x, dy.buffer, u.buffer, gx, x.length);
      if (gdy) backward(x, u.buffer, gdy, x.length);
      return [gx, gdy];
    },
  };
}
