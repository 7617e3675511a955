/** The interface of the page for the program that measures: both sides import this. */
import type { Task } from '../tasks.ts';
import type { Outcome } from '../workers/job.ts';

export const engineNames = ['gpu', 'tfjs', 'gpujs', 'wasm'] as const;
export type EngineName = (typeof engineNames)[number];

/** A product of two matrices [n, n], or what a worker process can be asked for. */
export type PageTask = { readonly kind: 'product'; readonly n: number } | Extract<Task, { kind: 'forward' | 'train' }>;

/** In a frame of its own, as each has one current backend. */
export interface Engine {
  describe(): string;
  /** Gives up what was prepared before. */
  prepare(task: PageTask): void;
  /** Does what was prepared and waits for the results. */
  run(): Promise<Outcome>;
}

declare global {
  var engine: Engine | undefined;
}
