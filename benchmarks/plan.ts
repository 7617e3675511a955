/** All sizes and efforts of the suite in one place. */
import mrpcLengths from './mrpc-lengths.json' with { type: 'json' };
import type { ModelSize, ModelTask, PairTask } from './tasks.ts';

const bert = { vocabulary: 30_522, positions: 512 };
/** all-MiniLM-L6 and BERT-base (Devlin et al., 2019). */
export const minilm: ModelSize = { ...bert, layers: 6, hidden: 384, heads: 12, intermediate: 1536 };
export const bertBase: ModelSize = { ...bert, layers: 12, hidden: 768, heads: 12, intermediate: 3072 };

/** BART-base (Lewis et al., 2020), layers on each side. */
export const bartBase: ModelSize = { ...bertBase, layers: 6, vocabulary: 50_265, positions: 1024 };

/** How long to measure. A runner takes part until it has done its rounds or used up its seconds. */
export interface Effort {
  readonly warmUp: { readonly rounds: number; readonly seconds: number };
  readonly rounds: number;
  readonly seconds: number;
}

/** A training step or forward pass to measure, and the peers that can do it in minutes. */
export interface Workload extends ModelTask {
  readonly name: string;
  readonly peers: readonly PeerName[];
}

export type PeerName =
  | 'ours'
  | 'ours-int8'
  | 'torch'
  | 'torch-bfloat16'
  | 'torch-int8'
  | 'torch-debian'
  | 'torch-as-is'
  | 'peft'
  | 'peft-bfloat16'
  | 'onnx'
  | 'tfjs'
  | 'jax'
  | 'rust-tokenizers'
  | 'hf-tokenizers';

/** PyTorch at its best, in all precisions, and as Debian has it. */
const torches: readonly PeerName[] = ['torch', 'torch-bfloat16', 'torch-int8', 'torch-debian'];

/** A wide adapter, and the width of a dense one to compare it with. */
interface AdapterShape {
  readonly rows: number;
  readonly hidden: number;
  readonly bottleneck: number;
  readonly small: number;
}

export interface SparsePlan {
  readonly effort: Effort;
  readonly shapes: readonly AdapterShape[];
  /** Fractions of weights that are kept. */
  readonly densities: readonly number[];
  /** Whole steps with a dense adapter of the small width and a sparse one of the large one. */
  readonly small: number;
  readonly large: number;
  readonly steps: readonly { readonly name: string; readonly model: ModelSize; readonly batch: readonly number[] }[];
  /** Steps and forward passes of one text of few tokens, with the large adapter in each form. */
  readonly few: { readonly model: ModelSize; readonly tokens: readonly number[] };
}

export interface Plan {
  readonly gemm: {
    readonly effort: Effort;
    /** Rows of x, columns of the result, length of the sums. */
    readonly shapes: readonly (readonly [m: number, n: number, k: number])[];
  };
  readonly step: { readonly effort: Effort; readonly workloads: readonly Workload[] };
  /** One text at a time, on one thread. */
  readonly text: {
    readonly effort: Effort;
    readonly workload: Omit<Workload, 'name' | 'batches'>;
    readonly tokens: readonly number[];
  };
  readonly scoring: { readonly effort: Effort; readonly workloads: readonly Workload[] };
  readonly epoch: {
    readonly model: ModelSize;
    readonly bottleneck: number;
    readonly sparsity: number;
    /** Tokens of each pair. */
    readonly lengths: readonly number[];
    readonly batchSize: number;
    /** The peers take turns of so many batches. */
    readonly batchesPerTurn: number;
    /** Null: the whole epoch. */
    readonly turns: number | null;
    /** For an epoch as users run it: pairs of the training set, all if null, and the rank of LoRA. */
    readonly users: { readonly pairs: number | null; readonly rank: number };
  };
  /** A run with random weights. */
  readonly memory: {
    readonly model: ModelSize;
    readonly pairs: number;
    readonly batchSize: number;
    readonly rank: number;
  };
  readonly generation: {
    readonly effort: Effort;
    readonly model: ModelSize;
    readonly bottleneck: number;
    readonly sparsity: number;
    /** Tokens to read and to write, of each pair of a training step. */
    readonly pairs: PairTask['pairs'];
    /** Tokens of a text to read, and of the one to write for it. */
    readonly sourceTokens: number;
    readonly tokens: number;
    /** Texts at a time. */
    readonly batchSizes: readonly number[];
    readonly beams: number;
  };
  readonly scaling: {
    readonly effort: Effort;
    readonly model: ModelSize;
    readonly sparsity: number;
    /** Tokens of a batch, whatever the length of its sequences. */
    readonly tokens: number;
    readonly sequenceLengths: readonly number[];
    /** For the measurements by sequence length. */
    readonly bottleneck: number;
    readonly bottlenecks: readonly number[];
    /** For the measurements by bottleneck. */
    readonly sequenceLength: number;
  };
  readonly sparse: SparsePlan;
  readonly tokenizer: { readonly effort: Effort };
  /** Of the workloads of `step`. */
  readonly profile: { readonly effort: Effort; readonly steps: number };
}

/** `count` sequences of one length. */
export const batchOf = (count: number, length: number): number[] => Array.from({ length: count }, () => length);

const miniStep: Workload = {
  name: 'MiniLM, 16 x 64',
  model: minilm,
  bottleneck: 48,
  sparsity: 0.4,
  batches: [batchOf(16, 64)],
  peers: ['ours', 'ours-int8', ...torches, 'torch-as-is', 'onnx', 'tfjs', 'jax'],
};
const baseStep: Workload = {
  name: 'BERT-base, 8 x 128',
  model: bertBase,
  bottleneck: 64,
  sparsity: 0.4,
  batches: [batchOf(8, 128)],
  // A step of jax-js would take more than three minutes.
  peers: ['ours', 'ours-int8', ...torches, 'torch-as-is', 'onnx', 'tfjs'],
};
const baseMrpc: Workload = {
  ...baseStep,
  name: 'BERT-base, 32 of MRPC',
  batches: [mrpcLengths.slice(0, 32)],
  peers: ['ours', 'ours-int8', ...torches, 'torch-as-is', 'onnx'],
};

const scorers: readonly PeerName[] = ['ours', 'ours-int8', 'torch'];

export const full: Plan = {
  gemm: {
    effort: { warmUp: { rounds: 3, seconds: 2 }, rounds: 15, seconds: 5 },
    shapes: [
      [512, 768, 768],
      [512, 3072, 768],
      [512, 768, 3072],
      [512, 64, 768],
      [16, 768, 768],
      [1, 768, 768],
    ],
  },
  step: {
    effort: { warmUp: { rounds: 3, seconds: 8 }, rounds: 9, seconds: 60 },
    workloads: [miniStep, baseStep, baseMrpc],
  },
  text: {
    effort: { warmUp: { rounds: 50, seconds: 4 }, rounds: 200, seconds: 20 },
    workload: { ...miniStep, peers: ['ours', 'ours-int8', 'torch', 'torch-int8', 'onnx'] },
    tokens: [16, 32, 64],
  },
  scoring: {
    effort: { warmUp: { rounds: 2, seconds: 8 }, rounds: 5, seconds: 60 },
    workloads: [
      { ...miniStep, batches: [miniStep.batches[0], miniStep.batches[0]], peers: scorers },
      { ...baseStep, batches: [baseStep.batches[0], baseStep.batches[0]], peers: scorers },
    ],
  },
  epoch: {
    model: minilm,
    bottleneck: 64,
    sparsity: 0.4,
    lengths: mrpcLengths,
    batchSize: 16,
    batchesPerTurn: 10,
    turns: null,
    users: { pairs: null, rank: 8 },
  },
  memory: { model: bertBase, pairs: 64, batchSize: 16, rank: 8 },
  generation: {
    effort: { warmUp: { rounds: 1, seconds: 4 }, rounds: 3, seconds: 15 },
    model: bartBase,
    bottleneck: 48,
    sparsity: 0.4,
    pairs: Array.from({ length: 4 }, () => [128, 32] as const),
    sourceTokens: 128,
    tokens: 16,
    batchSizes: [1, 8],
    beams: 4,
  },
  scaling: {
    effort: { warmUp: { rounds: 3, seconds: 5 }, rounds: 7, seconds: 20 },
    model: minilm,
    sparsity: 0.4,
    tokens: 1024,
    sequenceLengths: [32, 64, 128, 256, 512],
    bottleneck: 64,
    bottlenecks: [16, 32, 64, 128, 256, 512],
    sequenceLength: 64,
  },
  sparse: {
    effort: { warmUp: { rounds: 3, seconds: 5 }, rounds: 9, seconds: 30 },
    shapes: [
      { rows: 1024, hidden: 768, bottleneck: 256, small: 64 },
      { rows: 1024, hidden: 384, bottleneck: 256, small: 64 },
      { rows: 64, hidden: 768, bottleneck: 256, small: 64 },
      { rows: 16, hidden: 768, bottleneck: 256, small: 64 },
    ],
    densities: [1, 0.65, 0.4, 0.25, 0.2, 0.1],
    small: 64,
    large: 256,
    steps: [
      { name: 'MiniLM, 16 x 64', model: minilm, batch: batchOf(16, 64) },
      { name: 'BERT-base, 8 x 128', model: bertBase, batch: batchOf(8, 128) },
    ],
    few: { model: minilm, tokens: [16, 32] },
  },
  tokenizer: { effort: { warmUp: { rounds: 3, seconds: 5 }, rounds: 9, seconds: 20 } },
  profile: { effort: { warmUp: { rounds: 1, seconds: 60 }, rounds: 1, seconds: 60 }, steps: 10 },
};

const hasty: Effort = { warmUp: { rounds: 2, seconds: 3 }, rounds: 3, seconds: 10 };

/** The same sizes with fewer rounds, and a part of the epoch: minutes, for a look. */
export const quick: Plan = {
  gemm: { ...full.gemm, effort: { ...hasty, rounds: 7, seconds: 2 } },
  step: { ...full.step, effort: hasty },
  text: { ...full.text, effort: { ...full.text.effort, rounds: 30 } },
  scoring: { ...full.scoring, effort: { ...hasty, rounds: 2 } },
  epoch: { ...full.epoch, turns: 3, users: { ...full.epoch.users, pairs: 640 } },
  memory: { ...full.memory, pairs: 32 },
  generation: { ...full.generation, effort: { ...full.generation.effort, rounds: 1 } },
  scaling: { ...full.scaling, effort: hasty },
  sparse: { ...full.sparse, effort: hasty },
  tokenizer: { effort: hasty },
  profile: { ...full.profile, steps: 5 },
};
