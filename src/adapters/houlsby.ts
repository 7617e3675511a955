import { oneOf, option, probability } from '../settings/index.ts';
import { bottleneckInputs, bottleneckOptions, bottlenecksAt, bottleneckTitle } from './bottleneck.ts';
import { defineFamily } from './family.ts';

/**
 * Houlsby et al. (2019): a bottleneck after the attention and after the feed-forward sublayer of every layer,
 * norm(h + up(f(down(h))) + x). The defaults are those of AdapterHub's `HoulsbyConfig` (`double_seq_bn`) with the bottleneck of
 * the SparseAdapter paper. Form `sparse-adapter` is that of its authors' code: ReLU, a trained LayerNorm on h, dropout inside.
 */
export const houlsby = defineFamily({
  kind: 'houlsby',
  summary: 'bottlenecks after attention and feed-forward',
  options: {
    ...bottleneckOptions({ activation: 'swish', init: 'bert', scale: 1 }),
    form: option(oneOf(['adapterhub', 'sparse-adapter']), {
      description: "AdapterHub's layout, or that of the SparseAdapter authors",
      flag: 'adapter-form',
      default: 'adapterhub',
    }),
    dropout: option(probability, {
      description: 'dropout on the activation inside, by default 0.1 with --adapter-form sparse-adapter',
      flag: 'adapter-dropout',
      default: 0,
    }),
  },
  defaultsFor: ({ form }) => (form === 'sparse-adapter' ? { activation: 'relu', dropout: 0.1 } : {}),
  title: bottleneckTitle('houlsby'),
  build: (context, config) =>
    bottlenecksAt(context.points.residual, context, config, { input: bottleneckInputs.output }),
});
