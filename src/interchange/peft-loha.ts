import { changedWeightMethod } from './peft-changed-weight.ts';
import { patternOf, pythonPattern } from './peft-lora.ts';

/** LoHa: products of low-rank factors. */
export const peftLoha = changedWeightMethod({
  peftType: 'LOHA',
  kind: 'loha',
  tensors: ['hada_w1_a', 'hada_w1_b', 'hada_w2_a', 'hada_w2_b'],
  fields: [
    ...['r', 'alpha', 'rank_pattern', 'alpha_pattern', 'rank_dropout', 'module_dropout', 'use_effective_conv2d'],
  ],
  options: (label, config, _, modules) => ({
    rank: config.r,
    alpha: config.alpha,
    rankPattern: patternOf(label, config, 'rank_pattern', config.r, modules),
    alphaPattern: patternOf(label, config, 'alpha_pattern', config.alpha, modules),
  }),
  config: (settings, modules) => ({
    alpha: settings.alpha,
    alpha_pattern: pythonPattern('alphaPattern', settings, modules),
    r: settings.rank,
    rank_pattern: pythonPattern('rankPattern', settings, modules),
  }),
});
