import type { AttentionSpec, FusedKernel, View } from '../backend.ts';
import type { GpuBackend, GpuBuffer } from './index.ts';
import { softmaxGradient, softmaxOf } from './softmax.ts';
import { programs } from './sources.ts';

/**
 * All sequences and heads of a batch at once, whatever their lengths. With the scores S = scale · q kᵀ, P = softmax(S) and A = P
 * dropped out:
 *
 *     y = A v      dv = Aᵀ dy      dA = dy vᵀ      dS from dP      dq = scale · dS k      dk = scale · dSᵀ q
 *
 * Keeps P.
 */
export function packedAttention(backend: GpuBackend): FusedKernel<AttentionSpec, GpuBuffer> {
  /** The probabilities that are used; P itself without dropout. */
  const dropOut = (p: GpuBuffer, { dropout }: AttentionSpec): GpuBuffer =>
    dropout ? backend.dropout(p, dropout.p, dropout.seed) : p;

  return {
    forward([q, k, v], spec) {
      const plan = planOf(spec, q, k);
      return backend.scoped((own) => {
        const scores = own(attentionScores(backend, plan, q.buffer, k.buffer, spec.scale));
        const p = softmaxOf(backend, { buffer: scores, shape: plan.shape });
        const used = dropOut(p, spec);
        if (used !== p) own(used);
        return { output: attentionRows(backend, plan, used, v.buffer, 1), saved: [p] };
      });
    },
    backward([q, k, v], _output, [p], { buffer: dy }, needs, spec) {
      const plan = planOf(spec, q, k);
      return backend.scoped((own) => {
        let [dq, dk, dv]: (GpuBuffer | null)[] = [null, null, null];
        if (needs[0] || needs[1]) {
          const da = own(attentionScores(backend, plan, dy, v.buffer, 1));
          const dp = dropOut(da, spec);
          if (dp !== da) own(dp);
          const ds = own(softmaxGradient(backend, { buffer: p, shape: plan.shape }, dp));
          if (needs[0]) dq = attentionRows(backend, plan, ds, k.buffer, spec.scale);
          if (needs[1]) dk = attentionColumns(backend, plan, ds, q.buffer, spec.scale);
        }
        if (needs[2]) {
          const used = dropOut(p, spec);
          if (used !== p) own(used);
          dv = attentionColumns(backend, plan, used, dy, 1);
        }
        return [dq, dk, dv];
      });
    },
  };
}

/** The layout of a batch as the kernels want it: for each row what it sees, or who sees it. */
interface Plan {
  /** Of the scores: [rows, heads, width]. */
  readonly shape: readonly [number, number, number];
  readonly headDim: number;
  readonly keyRows: number;
  /** [rows] the first key row of each query row, and how many. */
  readonly firstKey: Float32Array;
  readonly seen: Float32Array;
  /** [key rows] the first query row that sees a key row, how many do, and which key of its sequence it is. */
  readonly firstQuery: Float32Array;
  readonly seeing: Float32Array;
  readonly key: Float32Array;
  readonly mostQueries: number;
}

function planOf({ heads, queryOffsets, keyOffsets, keyCounts, causal }: AttentionSpec, q: View, k: View): Plan {
  const [[rows, hidden], [keyRows]] = [q.shape, k.shape];
  const [firstKey, seen] = [new Float32Array(rows), new Float32Array(rows)];
  const [firstQuery, seeing, key] = [0, 1, 2].map(() => new Float32Array(keyRows));
  let mostQueries = 0;
  keyCounts.forEach((keys, s) => {
    const [start, end] = [queryOffsets[s], queryOffsets[s + 1]];
    mostQueries = Math.max(mostQueries, end - start);
    // A causal row sees one key more than the row before it.
    for (let row = start; row < end; row++) {
      firstKey[row] = keyOffsets[s];
      seen[row] = causal ? keys - (end - 1 - row) : keys;
    }
    for (let j = 0; j < keys; j++) {
      const unseen = causal ? Math.max(0, j - (keys - (end - start))) : 0;
      firstQuery[keyOffsets[s] + j] = start + unseen;
      seeing[keyOffsets[s] + j] = end - start - unseen;
      key[keyOffsets[s] + j] = j;
    }
  });
  const width = keyCounts.reduce((most, keys) => Math.max(most, keys), 0);
  return {
    shape: [rows, heads, width],
    headDim: hidden / heads,
    keyRows,
    ...{ firstKey, seen, firstQuery, seeing, key, mostQueries },
  };
}

/** scale · a bᵀ inside each sequence and head. */
function attentionScores(backend: GpuBackend, plan: Plan, a: GpuBuffer, b: GpuBuffer, scale: number): GpuBuffer {
  const { shape, firstKey, seen, headDim } = plan;
  const [rows, heads, width] = shape;
  const values = [a, b, firstKey, seen, heads, headDim, width, scale];
  return backend.run(programs.attentionScores, rows * heads * width, values, { rounds: headDim });
}

/** scale · scores times the key rows `b`: for each query row. */
function attentionRows(backend: GpuBackend, plan: Plan, scores: GpuBuffer, b: GpuBuffer, scale: number): GpuBuffer {
  const { shape, firstKey, seen, headDim } = plan;
  const [rows, heads, width] = shape;
  const values = [scores, b, firstKey, seen, heads, headDim, width, scale];
  return backend.run(programs.attentionRows, rows * heads * headDim, values, { rounds: width });
}

/** scale · scoresᵀ times the query rows `a`: for each key row. */
function attentionColumns(backend: GpuBackend, plan: Plan, scores: GpuBuffer, a: GpuBuffer, scale: number): GpuBuffer {
  const { shape, keyRows, firstQuery, seeing, key, headDim, mostQueries } = plan;
  const [, heads, width] = shape;
  const values = [scores, a, firstQuery, seeing, key, heads, headDim, width, scale];
  return backend.run(programs.attentionColumns, keyRows * heads * headDim, values, { rounds: mostQueries });
}
