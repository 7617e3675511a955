import { cutBatches } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { prunableIn, prune } from '../pruning/index.ts';
import { batchesOf } from './batch-plan.ts';
import { sparsityFor } from './large-sparse.ts';
import type { TaskModel } from './model.ts';
import { pruningOf } from './pruning-choice.ts';
import type { AdapterPruneReport } from './records.ts';
import type { TaskTypes } from './task.ts';
import { yieldToEvents } from './yield.ts';

export interface PruneModelOptions {
  /** Called with the number of finished passes over batches, and their total; not called by methods that need no data. */
  readonly onBatch?: (done: number, total: number) => void;
  /** When it is aborted its reason is thrown before the next batch, and nothing is pruned. */
  readonly signal?: AbortSignal;
  /** Told in one line of matrices that are left without a weight. */
  readonly onWarning?: (message: string) => void;
}

/**
 * What the settings of a model say about pruning on examples, after all checks that need no score; null for none.
 *
 * @throws InputError as `pruneModel`, but for scores
 */
export function plannedPruning<T extends TaskTypes>(model: TaskModel<T>, items: readonly T['item'][]) {
  const { definition: task, adapter, adapters, random, settings } = model;
  const pruning = pruningOf(settings);
  if (!pruning) return null;
  const { method } = pruning;
  const parameters = prunableIn(adapter, pruning.targets);
  const { sparsity, ...twin } = sparsityFor(adapters, adapter, parameters, settings.adapter, pruning);
  const { data } = method;
  if (data && model.isHeld) {
    throw new InputError(
      `The backbone is held as ${settings.backboneDtype} since the model was used; prune it before, on its weights as they are stored.`,
    );
  }
  const sample = random.fork('pruning sample').sample(items, data ? Math.min(pruning.examples, items.length) : 0);
  const problem = data === 'examples' && sample.length > 0 ? task.aloneProblem?.(sample[0]) : null;
  if (problem) throw new InputError(`${method.name} looks at one example at a time: ${problem}.`);
  return { ...pruning, parameters, sparsity, twin, sample, lossOptions: model.lossOptions(items) };
}

/** Prunes the adapter of a model; see `TaskModel.pruneAdapter`. */
export async function pruneModel<T extends TaskTypes>(
  model: TaskModel<T>,
  items: readonly T['item'][],
  { onBatch, signal, onWarning }: PruneModelOptions = {},
): Promise<AdapterPruneReport | null> {
  const planned = plannedPruning(model, items);
  if (!planned) return null;
  const { definition: task, network, adapter, random, settings } = model;
  const { method, scope, iterations, control, options, parameters, sparsity, twin, sample, lossOptions } = planned;
  const size = method.data === 'examples' ? 1 : batchesOf(settings).batchSize;
  const report = await prune({
    method: method.name,
    sparsity,
    scope,
    iterations,
    control,
    options,
    onWarning,
    parameters,
    chains: adapter.chains,
    base: adapter.parts.base,
    random: random.fork('pruning'),
    losses: cutBatches(sample, { size, lengthOf: (item) => task.tokenCount(item) }).map(
      (batch) => (temperature) => task.loss(network, batch, undefined, { ...lossOptions, temperature }),
    ),
    onBatch: async (done, total) => {
      onBatch?.(done, total);
      await yieldToEvents();
      signal?.throwIfAborted();
    },
  });
  return { ...report, ...twin };
}
