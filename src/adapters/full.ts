import { defineFamily } from './family.ts';
import { WeightSwap } from './weight-swap.ts';

/**
 * Full fine-tuning, the reference: every weight of the backbone is trained, no attachment point is used and nothing is prunable.
 * The pretrained weights are kept, so that deactivating it restores them.
 */
export const fullFineTuning = defineFamily({
  kind: 'full',
  summary: 'no adapter: the whole backbone is trained',
  options: {},
  hasPrunable: false,
  title: () => 'full',
  build: ({ backbone }) => ({
    parameters: backbone,
    chains: {},
    weights: new WeightSwap(new Map(backbone.map((parameter) => [parameter, parameter.value]))),
  }),
});
