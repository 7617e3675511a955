import { isOfNorm, lnTuning } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { isOff } from '../models/config-json.ts';
import { shown } from '../settings/index.ts';
import { inFile } from './fields.ts';
import { endsIn } from './modules.ts';
import type { PeftMethod } from './peft-method.ts';
import { meantWeights } from './peft-targets.ts';
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

  meant(label, config, weights) {
    const { target_modules: targets, exclude_modules, modules_to_save: saved } = config;
    const isSaved = (module: string) => Array.isArray(saved) && saved.some((name) => endsIn(module, String(name)));
    const norms = normsOf(weights).filter((module) => !isSaved(module));
    // A file has the names that PEFT found, so there is nothing to compare with where it has none.
    if (isOff(targets) || norms.length === 0) return { weights, warnings: [] };
    return meantWeights(label, { target_modules: targets, exclude_modules }, weights, norms, () => true);
  },

  settings(label, { target_modules: targets }, weights) {
    const norms = normsOf(weights);
    if (norms.length === 0) {
      throw new InputError(
        `${label}: LN tuning of layers that are no layer normalisations (target_modules ${shown(targets)}) is not supported; merge the adapter in Python.`,
      );
    }
    return inFile(label, () => lnTuning.configure({ normModules: norms }));
  },
};
