import type { AttentionSpec, FusedKernel, FusedKernels } from '../backend.ts';
import { secondOperand, type WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';

type Kernel<Attributes> = FusedKernel<Attributes, WasmBuffer>;
const addressOf = (buffer: WasmBuffer | null): number => buffer?.address ?? 0;

/** The fast forward and backward kernels of the fused operations. */
export function fusedKernels(backend: WasmBackend): FusedKernels<WasmBuffer> {
  return {
    linear: linear(backend),
    softmax: alongRows(backend, 'softmax'),
    logSoftmax: alongRows(backend, 'logSoftmax'),
    layerNorm: layerNorm(backend),
    gelu: activation(backend, 'gelu'),
    geluTanh: activation(backend, 'geluTanh'),
    silu: activation(backend, 'silu'),
    dropout: dropout(backend),
    packedAttention: packedAttention(backend),
  };
}

/** y = x Wᵀ + b; dx = dy W, dW = dyᵀ x, db = column sums of dy. */
function linear(backend: WasmBackend): Kernel<unknown> {
  return {
    forward([x, weight, bias]) {
      const [m, k] = x.shape;
      const n = weight.shape[0];
      const output = backend.allocate(m * n);
      const [a, biasAt] = [x.buffer.address, addressOf(bias?.buffer ?? null)];
      const b = secondOperand(weight.buffer);
      backend.gemm({ a, ...b, transposeB: true, bias: biasAt, c: output.address, m, n, k });
      return { output, saved: [] };
    },
    backward([x, weight, bias], _output, _saved, dy, needs) {
      const [rows, n] = x.shape;
      const columns = weight.shape[0];
      const product = (transposeA: boolean, a: WasmBuffer, b: WasmBuffer, m: number, k: number) => {
        const out = backend.allocate(m * n);
        backend.gemm({ a: a.address, transposeA, ...secondOperand(b), c: out.address, m, n, k });
        return out;
      };
      const dx = needs[0] ? product(false, dy.buffer, weight.buffer, rows, columns) : null;
      const dw = needs[1] ? product(true, dy.buffer, x.buffer, columns, rows) : null;
      if (!bias) return [dx, dw];
      return [dx, dw, needs[2] ? backend.reduce('sum', dy, [0]) : null];
    },
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

/** The mask is made again in the backward pass, from the counter. */
function dropout(backend: WasmBackend): Kernel<{ readonly p: number; readonly seed: number }> {
  const apply = (x: WasmBuffer, { p, seed }: { readonly p: number; readonly seed: number }) => {
    const out = backend.allocate(x.length);
    backend.kernels.dropout(x.address, out.address, p, 1 / (1 - p), seed, 0, x.length);
    return out;
  };
  return {
    forward: ([x], attributes) => ({ output: apply(x.buffer, attributes), saved: [] }),
    backward: (_inputs, _output, _saved, dy, _needs, attributes) => [apply(dy.buffer, attributes)],
  };
}

/** Keeps the logarithm of the sum of e^score for each row and head. */
function packedAttention(backend: WasmBackend): Kernel<AttentionSpec> {
  const { kernels } = backend;
  /** Calls `use` with the addresses of offsets, key counts and scratch for `copies` score matrices. */
  const prepare = (
    { offsets, keyCounts }: AttentionSpec,
    copies: number,
    use: (offsets: number, keyCounts: number, mostKeys: number, scratch: number, scratchBytes: number) => void,
  ) => {
    let scores = 0;
    keyCounts.forEach((keys, s) => {
      scores = Math.max(scores, keys * (offsets[s + 1] - offsets[s]));
    });
    const mostKeys = keyCounts.reduce((most, keys) => Math.max(most, keys), 0);
    backend.withInts(offsets, (offsetsAt) =>
      backend.withInts(keyCounts, (keyCountsAt) =>
        backend.withThreadScratch(kernels.gemmScratch() + 4 * copies * scores, (scratch, bytes) =>
          use(offsetsAt, keyCountsAt, mostKeys, scratch, bytes),
        ),
      ),
    );
  };
  return {
    forward(inputs, spec) {
      const [rows, hidden] = inputs[0].shape;
      const { heads, scale, keyCounts, dropout } = spec;
      const output = backend.allocate(rows * hidden);
      const logSum = backend.allocate(rows * heads);
      const [q, k, v] = inputs.map((input) => input.buffer.address);
      const [p, seed, units] = [dropout?.p ?? 0, dropout?.seed ?? 0, keyCounts.length * heads];
      const [y, l, headDim] = [output.address, logSum.address, hidden / heads];
      prepare(spec, 1, (offsets, counts, most, scratch, bytes) =>
        kernels.attention(
          q,
          k,
          v,
          y,
          l,
          offsets,
          counts,
          heads,
          headDim,
          scale,
          p,
          seed,
          most,
          0,
          units,
          scratch,
          bytes,
        ),
      );
      return { output, saved: [logSum] };
    },
    backward(inputs, output, [logSum], dy, needs, spec) {
      const [rows, hidden] = inputs[0].shape;
      const { heads, scale, keyCounts, dropout } = spec;
      const gradients = needs.map((needed) => (needed ? backend.fill(rows * hidden, 0) : null));
      const [q, k, v] = inputs.map((input) => input.buffer.address);
      const [dq, dk, dv] = gradients.map(addressOf);
      const [p, seed, units] = [dropout?.p ?? 0, dropout?.seed ?? 0, keyCounts.length * heads];
      const [y, l, g, headDim] = [output.buffer.address, logSum.address, dy.buffer.address, hidden / heads];
      prepare(spec, 2, (offsets, counts, most, scratch, bytes) =>
        kernels.attentionBackward(
          ...([q, k, v, y, l, g, dq, dk, dv] as const),
          ...([offsets, counts, heads, headDim, scale, p, seed, most, 0, units, scratch, bytes] as const),
        ),
      );
      return gradients;
    },
  };
}
