import { type AdaptableModel, type Adapter, AdapterSet, type AdapterSettings } from '../adapters/index.ts';
import type { Parameter } from '../nn/index.ts';
import { type Budget, budgetsOf, prunableIn } from '../pruning/index.ts';
import { builtAdapter, sparsityFor } from './large-sparse.ts';
import { ownAdapter } from './model.ts';
import { type AdapterChoice, pruningOf } from './pruning-choice.ts';

/** A tensor or a module: how many weights it has and how many are kept; null where that depends on scores. */
export interface ParameterCount {
  readonly name: string;
  readonly total: number;
  readonly kept: number | null;
}

/**
 * Sums by module: what lies before the component of the tensors' names that leads to the adapter's own, or, where the adapter's
 * name does not occur, before the last component.
 *
 * @param adapter its name
 */
export function byModule(tensors: readonly ParameterCount[], adapter: string): ParameterCount[] {
  const modules = new Map<string, ParameterCount>();
  for (const { name, total, kept } of tensors) {
    const parts = name.split('.');
    const at = parts.indexOf(adapter);
    const module = parts.slice(0, at < 0 ? -1 : at - 1).join('.');
    const sum = modules.get(module) ?? { name: module, total: 0, kept: 0 };
    const both = sum.kept === null || kept === null ? null : sum.kept + kept;
    modules.set(module, { name: module, total: sum.total + total, kept: both });
  }
  return [...modules.values()];
}

/** Parameter counts of an adapter on a model, before any weight is scored. */
export interface AdapterAccount {
  /** As it is built: for Large-Sparse the wide one. */
  readonly adapter: AdapterSettings;
  /** Trained parameters of the adapter: all that are not pruned. */
  readonly trained: number;
  /** Weights that pruning may remove, or could, those that it keeps, and for Large-Sparse those of the narrow, dense adapter. */
  readonly prunable: { readonly total: number; readonly kept: number; readonly dense?: number };
  /** Weights that are never pruned: biases, norms and the like. */
  readonly others: number;
  readonly modules: readonly ParameterCount[];
}

/**
 * Counts the parameters of an adapter by building it on a model without adapters for a moment. Nothing is scored: where matrices
 * share a budget it is not known how many weights each of them keeps.
 *
 * @throws InputError for settings that the adapter or the pruning cannot have
 */
export function countParameters(model: AdaptableModel, settings: AdapterChoice): AdapterAccount {
  const adapters = new AdapterSet(model);
  const adapter = adapters.add(ownAdapter, builtAdapter(settings));
  try {
    const { budgets, pruned, dense } = budgetsFor(adapters, adapter, settings);
    const removedFrom = new Map<Parameter, number | null>();
    for (const { members, removed } of budgets) {
      const each = removed === 0 || members.length === 1 ? removed : null;
      for (const i of members) removedFrom.set(pruned[i], each);
    }
    const removed = budgets.reduce((sum, budget) => sum + budget.removed, 0);
    const prunable = sizeOf(settings.pruning === 'none' ? adapter.prunable : pruned);
    const total = sizeOf(adapter.parameters);
    const tensors = adapter.parameters.map((parameter): ParameterCount => {
      const { name, size } = parameter;
      const gone = removedFrom.has(parameter) ? (removedFrom.get(parameter) ?? null) : 0;
      return { name, total: size, kept: gone === null ? null : size - gone };
    });
    return {
      adapter: adapter.settings,
      trained: total - removed,
      prunable: { total: prunable, kept: prunable - removed, dense },
      others: total - prunable,
      modules: byModule(tensors, adapter.name),
    };
  } finally {
    adapters.remove(adapter.name);
  }
}

const sizeOf = (parameters: readonly Parameter[]): number => parameters.reduce((sum, { size }) => sum + size, 0);

function budgetsFor(
  adapters: AdapterSet,
  adapter: Adapter,
  settings: AdapterChoice,
): { readonly budgets: Budget[]; readonly pruned: Parameter[]; readonly dense?: number } {
  const pruning = pruningOf(settings);
  if (!pruning) return { budgets: [], pruned: [] };
  const { method, scope, targets } = pruning;
  const pruned = prunableIn(adapter, targets);
  const { sparsity, dense } = sparsityFor(adapters, adapter, pruned, settings.adapter, pruning);
  const shapes = pruned.map(({ shape }) => shape);
  return { budgets: budgetsOf(shapes, sparsity, scope, method.densities), pruned, dense };
}
