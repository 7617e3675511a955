import type { AttentionSpec, FusedKernel } from '../backend.ts';
import type { WasmBuffer } from './buffer.ts';
import type { WasmBackend } from './index.ts';

/** The last arguments of the kernels. */
type Units = [words: number, headDim: number, mostKeys: number, units: number, scratch: number];

/** Keeps the logarithm of the sum of e^score for each row and head. */
export function packedAttention(backend: WasmBackend): FusedKernel<AttentionSpec, WasmBuffer> {
  const { kernels, memory, scratch } = backend;
  /** Calls `use` with all units of work and the scratch of units of so many queries and keys. */
  const run = (
    spec: AttentionSpec,
    hidden: number,
    scratchOf: (queries: number, keys: number, headDim: number) => number,
    use: (...units: Units) => void,
  ) => {
    const { heads, queryOffsets, keyCounts } = spec;
    const headDim = hidden / heads;
    const mostKeys = keyCounts.reduce((most, keys) => Math.max(most, keys), 0);
    const mostQueries = keyCounts.reduce((most, _, s) => Math.max(most, queryOffsets[s + 1] - queryOffsets[s]), 0);
    memory.borrowInts(specWords(spec, headDim, mostKeys), (words) =>
      use(words, headDim, mostKeys, keyCounts.length * heads, scratchOf(mostQueries, mostKeys, headDim)),
    );
  };
  return {
    readsOutput: true,
    forward(inputs, spec) {
      const [rows, hidden] = inputs[0].shape;
      const output = backend.allocate(rows * hidden);
      const logSum = backend.allocate(rows * spec.heads);
      const [q, k, v] = inputs.map(({ buffer }) => buffer);
      run(spec, hidden, scratch.attentionScratch, (...units) => kernels.attention(q, k, v, output, logSum, ...units));
      return { output, saved: [logSum] };
    },
    backward(inputs, output, [logSum], gradOutput, needs, spec) {
      // Rows that are no keys stay 0.
      const gradients = inputs.map(({ buffer }, i) => (needs[i] ? backend.fill(buffer.length, 0) : null));
      const [q, k, v] = inputs.map(({ buffer }) => buffer);
      const [y, dy] = [output.buffer, gradOutput.buffer];
      const [dq, dk, dv] = gradients;
      run(spec, output.shape[1], scratch.attentionBackwardScratch, (...units) =>
        kernels.attentionBackward(q, k, v, y, logSum, dy, dq, dk, dv, ...units),
      );
      return gradients;
    },
    doubleBackward(inputs, output, [logSum], gradOutput, gradGrads, needs, spec) {
      const functionOf = [...inputs, gradOutput].map(({ buffer }) => buffer);
      const gradients = functionOf.map(({ length }, i) => (needs[i] ? backend.fill(length, 0) : null));
      const [q, k, v, dy] = functionOf;
      const [a, b, c] = gradGrads.map((view) => view?.buffer ?? null);
      const [gq, gk, gv, gdy] = gradients;
      run(spec, output.shape[1], scratch.attentionDoubleBackwardScratch, (...units) =>
        kernels.attentionDoubleBackward(q, k, v, logSum, dy, a, b, c, gq, gk, gv, gdy, ...units),
      );
      return gradients;
    },
  };
}

/** Returns what kernels/wasm/assembly/attention-spec.ts reads. */
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
