import type { AttentionSpec, FusedKernel } from '../backend.ts';
import { addressOf, type WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';

/** The last arguments of the kernels. */
type Range = [spec: number, headDim: number, mostKeys: number, start: 0, end: number, scratch: number, bytes: number];

/** Keeps the logarithm of the sum of e^score for each row and head. */
export function packedAttention(backend: WasmBackend): FusedKernel<AttentionSpec, WasmBuffer> {
  const { kernels } = backend;
  /** Calls `use` with all units of work and scratch for `copies` score matrices. */
  const run = (spec: AttentionSpec, hidden: number, copies: number, use: (...range: Range) => void) => {
    const { heads, queryOffsets, keyCounts } = spec;
    const headDim = hidden / heads;
    const mostKeys = keyCounts.reduce((most, keys) => Math.max(most, keys), 0);
    const scores = keyCounts.reduce(
      (most, keys, s) => Math.max(most, keys * (queryOffsets[s + 1] - queryOffsets[s])),
      0,
    );
    backend.withInts(specWords(spec, headDim, mostKeys), (words) =>
      backend.withThreadScratch(kernels.gemmScratch() + 4 * copies * scores, (scratch, bytes) =>
        use(words, headDim, mostKeys, 0, keyCounts.length * heads, scratch, bytes),
      ),
    );
  };
  return {
    forward(inputs, spec) {
      const [rows, hidden] = inputs[0].shape;
      const output = backend.allocate(rows * hidden);
      const logSum = backend.allocate(rows * spec.heads);
      const [q, k, v] = inputs.map(({ buffer }) => buffer.address);
      run(spec, hidden, 1, (...range) => kernels.attention(q, k, v, output.address, logSum.address, ...range));
      return { output, saved: [logSum] };
    },
    backward(inputs, output, [logSum], gradOutput, needs, spec) {
      // Rows that are no keys stay 0.
      const gradients = inputs.map(({ buffer }, i) => (needs[i] ? backend.fill(buffer.length, 0) : null));
      const [q, k, v] = inputs.map(({ buffer }) => buffer.address);
      const [y, l, dy] = [output.buffer, logSum, gradOutput.buffer].map(addressOf);
      const [dq, dk, dv] = gradients.map(addressOf);
      run(spec, output.shape[1], 2, (...range) => kernels.attentionBackward(q, k, v, y, l, dy, dq, dk, dv, ...range));
      return gradients;
    },
    doubleBackward(inputs, output, [logSum], gradOutput, gradGrads, needs, spec) {
      const functionOf = [...inputs, gradOutput];
      const gradients = functionOf.map(({ buffer }, i) => (needs[i] ? backend.fill(buffer.length, 0) : null));
      const [q, k, v, dy] = functionOf.map(({ buffer }) => buffer.address);
      const [a, b, c] = gradGrads.map((u) => addressOf(u?.buffer ?? null));
      const [gq, gk, gv, gdy] = gradients.map(addressOf);
      run(spec, output.shape[1], 4, (...range) =>
        kernels.attentionDoubleBackward(q, k, v, logSum.address, dy, a, b, c, gq, gk, gv, gdy, ...range),
      );
      return gradients;
    },
  };
}

/** What kernels/wasm/assembly/attention-spec.ts reads. */
function specWords(spec: AttentionSpec, headDim: number, mostKeys: number): Int32Array {
  const { heads, scale, queryOffsets, keyOffsets, keyCounts, causal, dropout } = spec;
  const { p, seed } = dropout ?? { p: 0, seed: 0 };
  const words = new Int32Array(7 + 4 * keyCounts.length);
  words.set([heads, headDim, 0, 0, seed, mostKeys, Number(causal)]);
  new Float32Array(words.buffer).set([scale, p], 2);
  keyCounts.forEach((keys, s) => {
    words.set([queryOffsets[s], queryOffsets[s + 1] - queryOffsets[s], keyOffsets[s], keys], 7 + 4 * s);
  });
  return words;
}
