import { changedWeightMethod } from './peft-changed-weight.ts';
import { patternOf, pythonPattern } from './peft-lora.ts';

/** LoKr: Kronecker products. */
export const peftLokr = changedWeightMethod({
  peftType: 'LOKR',
  kind: 'lokr',
  tensors: ['lokr_w1', 'lokr_w1_a', 'lokr_w1_b', 'lokr_w2', 'lokr_w2_a', 'lokr_w2_b'],
  fields: [
    ...['r', 'alpha', 'rank_pattern', 'alpha_pattern', 'rank_dropout', 'module_dropout', 'use_effective_conv2d'],
    ...['decompose_both', 'decompose_factor', 'rank_dropout_scale'],
  ],
  options: (label, config, _, modules) => ({
    rank: config.r,
    alpha: config.alpha,
    rankPattern: patternOf(label, config, 'rank_pattern', config.r, modules),
    alphaPattern: patternOf(label, config, 'alpha_pattern', config.alpha, modules),
    decomposeBoth: config.decompose_both,
    decomposeFactor: config.decompose_factor === -1 ? undefined : config.decompose_factor,
  }),
  config: (settings, modules) => ({
    alpha: settings.alpha,
    alpha_pattern: pythonPattern('alphaPattern', settings, modules),
    decompose_both: settings.decomposeBoth,
    decompose_factor: settings.decomposeFactor === 0 ? -1 : settings.decomposeFactor,
    r: settings.rank,
    rank_pattern: pythonPattern('rankPattern', settings, modules),
  }),
});
