import type { Effort, Plan, Workload } from '../../benchmarks/plan.ts';
import type { ModelSize } from '../../benchmarks/tasks.ts';

const effort: Effort = { warmUp: { rounds: 1, seconds: 1 }, rounds: 2, seconds: 10 };
const model: ModelSize = { layers: 1, hidden: 16, heads: 2, intermediate: 32, vocabulary: 50, positions: 16 };
const workload: Workload = {
  name: 'tiny, 2 and 3 tokens',
  model,
  bottleneck: 4,
  sparsity: 0.4,
  batches: [[2, 3]],
  peers: ['ours', 'ours-int8'],
};

/** Everything that the suite measures, in sizes that take no time. */
export const tiny: Plan = {
  gemm: { effort: { ...effort, warmUp: { rounds: 0, seconds: 0 } }, shapes: [[8, 24, 16]] },
  step: { effort, workloads: [workload] },
  text: { effort, workload, tokens: [3] },
  scoring: { effort, workloads: [{ ...workload, batches: [[2, 3], [4]] }] },
  epoch: {
    model,
    bottleneck: 4,
    sparsity: 0.4,
    lengths: [3, 4, 2, 5, 3, 4, 2],
    batchSize: 2,
    batchesPerTurn: 2,
    turns: null,
    users: { pairs: 4, rank: 2 },
  },
  memory: { model: { ...model, vocabulary: 30_522, positions: 128 }, pairs: 4, batchSize: 2, rank: 2 },
  generation: {
    effort,
    model,
    bottleneck: 4,
    sparsity: 0.4,
    pairs: [
      [5, 3],
      [4, 2],
    ],
    sourceTokens: 5,
    tokens: 6,
    batchSizes: [1, 3],
    beams: 2,
  },
  scaling: {
    effort,
    model,
    sparsity: 0.4,
    tokens: 12,
    sequenceLengths: [4],
    bottleneck: 4,
    bottlenecks: [8],
    sequenceLength: 6,
  },
  sparse: {
    effort,
    shapes: [{ rows: 8, hidden: 16, bottleneck: 8, small: 4 }],
    densities: [0.25],
    small: 4,
    large: 8,
    steps: [{ name: 'tiny', model, batch: [2, 3] }],
    few: { model, tokens: [3] },
  },
  tokenizer: { effort },
  profile: { effort: { ...effort, rounds: 1 }, steps: 20 },
};
