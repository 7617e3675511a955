import type { AttentionSpec } from '../backend.ts';
import { addressOf, type Kernel } from './fused.ts';
import type { WasmBackend } from './index.ts';

/** Keeps the logarithm of the sum of e^score for each row and head. */
export function packedAttention(backend: WasmBackend): Kernel<AttentionSpec> {
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
