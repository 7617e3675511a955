import { isOfNorm, lnTuning } from '../adapters/index.ts';
import { inFile } from './fields.ts';
import type { PeftMethod } from './peft-method.ts';
import type { Weight } from './portable.ts';

/** The layer normalisations of the weights, from their names in our models. */
const normsOf = (weights: readonly Weight[]): string[] => [
  ...new Set(weights.filter(isOfNorm).map(({ name }) => name.replace(/\.\w+$/, ''))),
];

/** LN tuning: normalisations as they are, inside a wrapper. */
export const peftLnTuning: PeftMethod = {
  peftType: 'LN_TUNING',
  kind: 'ln-tuning',
  prefix: 'base_model.model.',
  warnings: () => [],
  fields: ['target_modules', 'exclude_modules', 'modules_to_save'],

  fileName: (name) => peftLnTuning.prefix + name.replace(/\.(\w+)$/, '.ln_tuning_layers.$1'),

  ownWeight(weight) {
    const [, module, kind] = /^base_model\.model\.(.*)\.ln_tuning_layers\.(weight|bias)$/.exec(weight.name) ?? [];
    return module === undefined ? null : { ...weight, name: `${module}.${kind}` };
  },

  config: ({ adapter }, modulesToSave) => ({ modules_to_save: modulesToSave, target_modules: normsOf(adapter) }),

  meant: (_label, _config, weights) => ({ weights, warnings: [] }),

  settings: (label, _, weights) => inFile(label, () => lnTuning.configure({ normModules: normsOf(weights) })),
};
