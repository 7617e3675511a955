import { bottleneckInputs, bottleneckOptions, bottlenecksAt, bottleneckTitle } from './bottleneck.ts';
import { defineFamily } from './family.ts';

/**
 * Pfeiffer et al. (2021), AdapterHub's `PfeifferConfig` (`seq_bn`): a bottleneck after the feed-forward sublayer that reads its
 * normalised result y = norm(h + x), and then the same norm again: norm(up(f(down(y))) + h + x).
 */
export const pfeiffer = defineFamily({
  kind: 'pfeiffer',
  summary: 'bottlenecks after the norm of feed-forward',
  options: bottleneckOptions({ activation: 'relu', init: 'bert', scale: 1 }),
  title: bottleneckTitle('pfeiffer'),
  build: (context, config) => {
    const points = context.points.residual.filter(({ sublayer }) => sublayer === 'feedForward');
    return bottlenecksAt(points, context, config, { input: bottleneckInputs.normalised });
  },
});
