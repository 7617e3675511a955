import { normalInit, zerosInit } from '../nn/index.ts';
import { add, mul } from '../ops/arithmetic.ts';
import { matmul } from '../ops/matmul.ts';
import { names, option, positiveInteger, positiveNumber } from '../settings/index.ts';
import { changedWeights } from './changed-weight.ts';
import { defineFamily } from './family.ts';
import { loraSizes, patterns } from './lora.ts';

/**
 * LoHa (Hyeon-Woo et al., 2022): W + s (A₁ B₁) ⊙ (A₂ B₂) with s = alpha / rank, whose rank can be the square of that of the factors.
 * The starting values are PEFT's.
 */
export const loha = defineFamily({
  kind: 'loha',
  summary: 'elementwise products of low-rank changes',
  options: {
    rank: option(positiveInteger, { description: 'rank of each factor', default: 8 }),
    alpha: option(positiveNumber, { description: 'numerator of the scale, alpha / rank', default: 8 }),
    ...patterns,
    targetModules: option(names, {
      description: 'linear layers, by the end of their path',
      default: ['query', 'value'],
    }),
  },
  hasPrunable: false,
  isOnlyLoaded: true,
  title: ({ rank }) => `loha ${rank}`,
  build: (context, config) =>
    changedWeights('loha', context, config.targetModules, ({ name, out, inner }) => {
      const { rank, scale } = loraSizes(config, name);
      return {
        tensors: {
          hada_w1_a: [[out, rank], normalInit(0.1)],
          hada_w1_b: [[rank, inner], normalInit(1)],
          hada_w2_a: [[out, rank], normalInit(1)],
          hada_w2_b: [[rank, inner], zerosInit],
        },
        changed: (weight, { hada_w1_a: a1, hada_w1_b: b1, hada_w2_a: a2, hada_w2_b: b2 }) =>
          add(weight, mul(mul(matmul(a1, b1), matmul(a2, b2)), scale)),
      };
    }),
});
