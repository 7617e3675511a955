import { configOf, ia3 } from '../adapters/index.ts';
import { inFile } from './fields.ts';
import { endsIn, ia3Modules, kindOf, refuseHeadModules } from './modules.ts';
import { targetModules } from './peft-lora.ts';
import type { PeftMethod } from './peft-method.ts';
import { meantWeights, targetNames } from './peft-targets.ts';
import { PLACE } from './portable.ts';

const END = `.ia3_l.${PLACE}`;

/** (IA)³: one tensor for each layer. */
export const peftIa3: PeftMethod = {
  peftType: 'IA3',
  kind: 'ia3',
  prefix: 'base_model.model.',
  warnings: () => [],
  fields: [
    ...['target_modules', 'exclude_modules', 'feedforward_modules', 'fan_in_fan_out', 'modules_to_save'],
    'init_ia3_weights',
  ],

  fileName: (name) => peftIa3.prefix + name.replace(END, '.ia3_l'),

  ownWeight(weight) {
    const module = /^base_model\.model\.(.*)\.ia3_l$/.exec(weight.name)?.[1];
    return module === undefined ? null : { ...weight, name: module + END };
  },

  config({ settings, adapter }, modulesToSave) {
    const { targetModules: names, feedforwardModules } = configOf(settings);
    const modules = ia3Modules(adapter);
    const forward = ia3Modules(adapter.filter(({ shape }) => shape[0] === 1));
    const targets = targetModules(names as readonly string[], modules);
    const covered = (short: readonly string[]) =>
      modules.filter((module) => short.some((name) => endsIn(module, name)));
    // Python wants the names of the second list in the first one.
    const ofInputs = [feedforwardModules as readonly string[], forward.map(kindOf)]
      .map((short) => targets.filter((name) => short.includes(name)))
      .find((short) => String(covered(short)) === String(forward));
    return {
      fan_in_fan_out: false,
      feedforward_modules: ofInputs ?? forward,
      init_ia3_weights: true,
      modules_to_save: modulesToSave,
      target_modules: ofInputs ? targets : modules,
    };
  },

  meant: (label, config, weights) => meantWeights(label, config, weights, ia3Modules(weights)),

  settings(label, config, weights) {
    const modules = ia3Modules(weights);
    refuseHeadModules(label, 'IA3', modules);
    // Factors of inputs are a row.
    const ofInputs = ia3Modules(weights.filter(({ shape }) => shape[0] === 1));
    const names = targetNames({ target_modules: config.feedforward_modules }, ofInputs);
    const isExact = names.every((name) =>
      modules.every((module) => !endsIn(module, name) || ofInputs.includes(module)),
    );
    return inFile(label, () =>
      ia3.configure({
        targetModules: targetNames(config, modules),
        feedforwardModules: ofInputs.length === 0 ? ['none'] : isExact ? names : ofInputs,
      }),
    );
  },
};
