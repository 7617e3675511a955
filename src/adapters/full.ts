import { trainedInPlace } from './backbone-weights.ts';
import { defineFamily } from './family.ts';

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
  build: ({ backbone }) => ({ ...trainedInPlace(backbone), chains: {} }),
});
