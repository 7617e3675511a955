import {
  type BelongingTable,
  belongingTo,
  factor,
  type Intersection,
  nonEmptyText,
  type Option,
  type OptionValue,
  oneOf,
  option,
  positiveInteger,
  sparsity,
} from '../settings/index.ts';
import { pruningControls } from './controls.ts';
import type { PruningMethod } from './method.ts';
import type { builtIn } from './methods.ts';
import { pruningIterations } from './prune.ts';
import { pruningMethods } from './registry.ts';
import { pruningScopes } from './select.ts';

const namesOf = (methods: readonly PruningMethod[]): string[] => methods.map(({ name }) => name);
const all = () => namesOf(pruningMethods());
const withData = () => namesOf(pruningMethods().filter(({ data }) => data !== undefined));

/** `1; synflow: 100` */
function usualIterations(methods: readonly PruningMethod[]): string {
  const others = methods.filter(({ iterations }) => iterations !== 1);
  return ['1', ...others.map(({ name, iterations }) => `${name}: ${iterations}`)].join('; ');
}

/** Settings of pruning at initialisation; the defaults are those of the SparseAdapter paper where it states one. */
export const pruningSettings = () => {
  const methods = pruningMethods();
  return {
    pruning: option(oneOf(['none', ...namesOf(methods)]), {
      description: `which weights are removed: ${methods.map(({ name, summary }) => `${name} (${summary})`).join(', ')}`,
      placeholder: '<method>',
      default: 'snip',
    }),
    sparsity: option(sparsity, {
      description: 'fraction of weights removed',
      placeholder: '<fraction>',
      default: 0.4,
      for: { pruning: all },
      excludes: 'largeSparse',
    }),
    largeSparse: option(factor, {
      description: 'multiply the width by this factor and prune back to the original parameter count',
      placeholder: '<factor>',
      for: { pruning: all },
      excludes: 'sparsity',
    }),
    pruningScope: option(oneOf(pruningScopes), {
      description: 'one budget for all matrices, or the same sparsity in each',
      placeholder: '<scope>',
      default: 'global',
      for: { pruning: all },
    }),
    pruningTargets: option(nonEmptyText, {
      description:
        "which matrices: all of the adapter's; repo, those that the SparseAdapter authors' code prunes; or a list of parts (bottleneck, lora, ...) and of parameter names with *",
      placeholder: '<what>',
      default: 'all',
      for: { pruning: all },
    }),
    pruningIterations: option(pruningIterations, {
      description: 'rounds of scoring and removing',
      placeholder: '<count>',
      default: 1,
      defaultText: usualIterations(methods),
      for: { pruning: all },
    }),
    pruningControl: option(oneOf(pruningControls), {
      description:
        'a sanity check instead: as many weights of each matrix at random, other weights under the mask, or the lowest scores kept',
      placeholder: '<name>',
      for: { pruning: all },
    }),
    riglSteps: option(positiveInteger, {
      description:
        'move weights while training (RigL): after so many steps the smallest go, and as many come where gradients are largest',
      placeholder: '<steps>',
      for: { pruning: all },
    }),
    pruningExamples: option(positiveInteger, {
      description: 'training examples to score weights with',
      placeholder: '<count>',
      default: 320,
      for: { pruning: withData },
    }),
  };
};

type Declared = Intersection<(typeof builtIn)[number]['options']>;

/** The settings that pruning methods declare, each for its methods alone. @throws Error for one that two declare differently */
export function methodSettings(): BelongingTable<Declared> {
  const owners = new Map<string, { readonly declared: Option<OptionValue>; readonly names: string[] }>();
  for (const { name, options } of pruningMethods()) {
    for (const [key, declared] of Object.entries(options)) {
      const known = owners.get(key);
      if (known && known.declared !== declared) {
        throw new Error(`Two pruning methods declare '${key}' differently; give one another name.`);
      }
      owners.set(key, { declared, names: [...(known?.names ?? []), name] });
    }
  }
  return Object.assign(
    {},
    ...[...owners].map(([key, { declared, names }]) => belongingTo({ pruning: names }, { [key]: declared })),
  );
}
