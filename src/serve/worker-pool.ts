import { availableParallelism } from 'node:os';
import { environmentVariable } from '../environment.ts';
import type { AnswererSpec } from './answerer.ts';
import { WorkerAnswerer } from './worker-answerer.ts';

/** Options of several workers. */
export interface WorkerPoolOptions {
  readonly workers: number;
  /** Threads that compute in each. Default: SPARSE_ADAPTER_THREADS, or an equal share of the cores. */
  readonly threads?: number;
  readonly onRestart?: (reason: string) => void;
}

/** Starts workers that each have all of a description. @throws InputError for what cannot be loaded */
export async function openWorkers(
  spec: AnswererSpec,
  { workers, threads, onRestart }: WorkerPoolOptions,
): Promise<WorkerAnswerer[]> {
  const share = threads ?? shareOf(workers);
  const opening = Array.from({ length: workers }, () => WorkerAnswerer.open(spec, { threads: share, onRestart }));
  const results = await Promise.allSettled(opening);
  const failed = results.find((result) => result.status === 'rejected');
  const started = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (!failed) return started;
  for (const worker of started) worker.dispose();
  throw failed.reason;
}

/** Threads of each worker, where nothing is said. */
function shareOf(workers: number): number {
  const wished = Number(environmentVariable('SPARSE_ADAPTER_THREADS'));
  if (Number.isSafeInteger(wished) && wished > 0) return wished;
  return Math.max(1, Math.floor(availableParallelism() / workers));
}
