import { normalInit, zerosInit } from '../nn/index.ts';
import { mul } from '../ops/arithmetic.ts';
import { names, option, positiveInteger, positiveNumber } from '../settings/index.ts';
import { changedWeights } from './changed-weight.ts';
import { defineFamily } from './family.ts';
import { loraSizes, patterns } from './lora.ts';
import { withLowRank } from './low-rank.ts';

/**
 * AdaLoRA (Zhang et al., 2023) as it is once trained: W + s B (E ⊙ A), A [rank, in], E [rank, 1], B [out, rank]. Training lowers the
 * ranks of layers; the scale stays that of the rank at its beginning, s = alpha / (rank + 10⁻⁵).
 */
export const adalora = defineFamily({
  kind: 'adalora',
  summary: 'low-rank changes with ranks that training chose',
  options: {
    rank: option(positiveInteger, { description: 'rank at the beginning of training', default: 12 }),
    alpha: option(positiveNumber, { description: 'numerator of the scale', default: 8 }),
    rankPattern: patterns.rankPattern,
    targetModules: option(names, {
      description: 'linear layers, by the end of their path',
      default: ['query', 'value'],
    }),
  },
  hasPrunable: false,
  isOnlyLoaded: true,
  title: ({ rank }) => `adalora ${rank}`,
  build: (context, config) =>
    changedWeights('adalora', context, config.targetModules, ({ name, out, inner }) => {
      const { rank } = loraSizes(config, name);
      const scale = config.alpha / (config.rank + 1e-5);
      return {
        tensors: {
          lora_A: [[rank, inner], normalInit(0.02)],
          lora_E: [[rank, 1], zerosInit],
          lora_B: [[out, rank], normalInit(0.02)],
        },
        changed: (weight, { lora_A: a, lora_E: e, lora_B: b }) => withLowRank(weight, mul(a, e), b, scale),
      };
    }),
});
