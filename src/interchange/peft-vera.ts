import { configOf, vera } from '../adapters/index.ts';
import { InputError } from '../errors.ts';
import { inFile, refuseFeatures } from './fields.ts';
import { refuseHeadModules } from './modules.ts';
import { targetModules } from './peft-lora.ts';
import type { PeftMethod } from './peft-method.ts';
import { meantWeights, targetNames } from './peft-targets.ts';
import { PLACE, type Weight } from './portable.ts';

const FACTORS = /^(.*)\.vera_lambda_[bd]\.\*$/;

/** The linear layers that have factors, each once. */
const modulesOf = (weights: readonly Weight[]): string[] => [
  ...new Set(weights.flatMap(({ name }) => FACTORS.exec(name)?.[1] ?? [])),
];

/** VeRA: two factors for each layer, and the random matrices of all, which must be in the file. */
export const peftVera: PeftMethod = {
  peftType: 'VERA',
  kind: 'vera',
  prefix: 'base_model.model.',
  warnings: () => [],
  fields: [
    ...['target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern', 'modules_to_save', 'r', 'bias'],
    ...['d_initial', 'fan_in_fan_out', 'init_weights', 'projection_prng_key', 'save_projection', 'vera_dropout'],
  ],

  fileName: (name) => (/^vera_[AB]\./.test(name) ? 'base_model.' : peftVera.prefix) + name.replace(`.${PLACE}`, ''),

  ownWeight(weight) {
    const own =
      /^base_model\.(vera_[AB])$/.exec(weight.name)?.[1] ??
      /^base_model\.model\.(.*\.vera_lambda_[bd])$/.exec(weight.name)?.[1];
    return own === undefined ? null : { ...weight, name: `${own}.${PLACE}` };
  },

  config({ settings, adapter }, modulesToSave) {
    const { rank, dInitial, dropout, targetModules: names, leaveOut } = configOf(settings);
    const modules = modulesOf(adapter);
    return {
      bias: 'none',
      d_initial: dInitial,
      fan_in_fan_out: false,
      init_weights: true,
      layers_pattern: null,
      layers_to_transform: null,
      modules_to_save: modulesToSave,
      projection_prng_key: 0,
      r: rank,
      save_projection: true,
      target_modules: leaveOut ? modules : targetModules(names as readonly string[], modules),
      vera_dropout: dropout,
    };
  },

  meant(label, config, weights) {
    if (config.bias !== 'none') refuseFeatures(label, config, { bias: 'VeRA with trained biases' });
    return meantWeights(label, config, weights, modulesOf(weights));
  },

  settings(label, config, weights) {
    const modules = modulesOf(weights);
    refuseHeadModules(label, 'VeRA', modules);
    if (!['A', 'B'].every((matrix) => weights.some(({ name }) => name === `vera_${matrix}.${PLACE}`))) {
      throw new InputError(
        `${label}: the random matrices of VeRA (vera_A, vera_B) are not in the file; save it with save_projection.`,
      );
    }
    return inFile(label, () =>
      vera.configure({
        rank: (config.r ?? 256) as number,
        dInitial: config.d_initial as number | undefined,
        dropout: config.vera_dropout as number | undefined,
        targetModules: targetNames(config, modules),
      }),
    );
  },
};
