/** Requests to a worker process and its answers. The two sides talk in lines of JSON. */

import type { HeldDType } from '../src/nn/index.ts';

/** The shape of a BERT encoder. */
export interface ModelSize {
  readonly layers: number;
  readonly hidden: number;
  readonly heads: number;
  readonly intermediate: number;
  readonly vocabulary: number;
  readonly positions: number;
}

/** How the frozen matrices of a model are held. */
interface Holding {
  /** Default `float32`. */
  readonly backboneDtype?: HeldDType;
}

/** A model with Houlsby adapters, and batches of sequences given by their lengths in tokens. */
export interface ModelTask extends Holding {
  readonly model: ModelSize;
  readonly bottleneck: number;
  /** Fraction of the adapters' weights that is masked. */
  readonly sparsity: number;
  /** Whether the masks stay ones that may change, beside dense weights. Default false: only kept weights are held. */
  readonly openMasks?: boolean;
  readonly batches: readonly (readonly number[])[];
}

/** An encoder-decoder as BART's, with so many layers on each side, and batches of pairs given by their lengths in tokens. */
export interface PairTask extends Holding {
  readonly model: ModelSize;
  readonly bottleneck: number;
  readonly sparsity: number;
  readonly pairs: readonly (readonly [source: number, target: number])[];
}

/** Texts of `tokens` tokens, for sources of these lengths. */
export interface WritingTask extends Holding {
  readonly model: ModelSize;
  readonly sources: readonly number[];
  readonly tokens: number;
  /** 1: greedy. */
  readonly beams: number;
  /** Whether keys and values of earlier tokens are kept; without, only greedily. */
  readonly cached: boolean;
}

/** One bottleneck adapter, forward and backward. */
export interface AdapterTask {
  readonly rows: number;
  readonly hidden: number;
  readonly bottleneck: number;
  /** All weights; all weights and a mask; or the kept weights alone. */
  readonly form: 'dense' | 'masked' | 'sparse';
  /** Fraction of the weights that a mask prunes. */
  readonly sparsity: number;
}

export type Task =
  /** x Wᵀ for x [m, k] and W [n, k]; `seconds` of a sample are for one product. */
  | { readonly kind: 'gemm'; readonly m: number; readonly n: number; readonly k: number }
  /** The speed of the micro-kernel where nothing has to come from far: `value` is GFLOP/s over all threads. */
  | { readonly kind: 'peak' }
  /** `value` is an element of the gradient of the input. */
  | ({ readonly kind: 'adapter' } & AdapterTask)
  /** Logits of the next batch. */
  | ({ readonly kind: 'forward' } & ModelTask)
  /** Forward, backward, clipping and AdamW for each of the next `perRun` batches. */
  | ({ readonly kind: 'train'; readonly perRun: number } & ModelTask)
  /** The same under a profiler: the parts of a sample are kernels. */
  | ({ readonly kind: 'profile'; readonly perRun: number } & ModelTask)
  /** The same for an encoder-decoder and one batch of pairs. */
  | ({ readonly kind: 'train-pairs' } & PairTask)
  /** Texts, none of which ends early. */
  | ({ readonly kind: 'write' } & WritingTask)
  /** A score of each prunable weight, over all batches. The backbone is in float32 for it, and packed after it. */
  | ({ readonly kind: 'snip' | 'grasp' } & ModelTask)
  /** Ids and places of the tokens of texts; both are paths of files. `value` is the number of tokens. */
  | { readonly kind: 'tokenize'; readonly tokenizer: string; readonly texts: string }
  /**
   * One epoch of LoRA on pairs by a program of its own, from its start to its end: it loads, tokenises, trains and evaluates. `value`
   * is the mean loss; the memory is that program's.
   */
  | ({
      readonly kind: 'program';
      /** A folder with a checkpoint of BERT and its tokenizer. */
      readonly model: string;
      /** A folder with a folder MRPC. */
      readonly data: string;
      readonly batchSize: number;
      readonly rank: number;
    } & Holding)
  /** One epoch of MRPC with MiniLM, from reading the files on. */
  | {
      readonly kind: 'end-to-end';
      /** The folder with GLUE's folders. */
      readonly data: string;
      readonly batchSize: number;
      readonly bottleneck: number;
      readonly sparsity: number;
    };

export interface WorkerInput {
  readonly task: Task;
  readonly threads: number;
  /** Whether answers go to standard output instead of the fourth pipe, which Deno has not. */
  readonly onOutput?: boolean;
}

/** The first line of a worker, when it has prepared its task. */
export interface Ready {
  readonly version: string;
  /** The device: threads, kind of kernels. */
  readonly about: string;
}

/** In place of any other line, and then there is no more. */
export interface Failure {
  readonly error: string;
}

/** The answer to each line `run`. */
export interface Sample {
  readonly seconds: number;
  /** A number that depends on what was computed, the same for all peers: a loss, an element of a product. */
  readonly value: number;
  /** Most memory that the process ever held, in bytes. */
  readonly peakBytes: number;
  /** Bytes of the WebAssembly memory, where the peer tells. */
  readonly linearBytes?: number;
  /** Seconds of the parts of a run. */
  readonly parts?: Readonly<Record<string, number>>;
}
