import { bottleneckInputs, bottleneckOptions, bottlenecksAt, bottleneckTitle } from './bottleneck.ts';
import { defineFamily } from './family.ts';

/**
 * The scaled parallel adapter of He et al. (2022), AdapterHub's `ParallelConfig` (`par_bn`): a bottleneck beside the feed-forward
 * sublayer that reads its input, norm(h + s · up(f(down(x))) + x) with s = 4. With `scale` 1 it is the parallel adapter.
 */
export const parallel = defineFamily({
  kind: 'parallel',
  summary: 'scaled bottlenecks beside feed-forward',
  options: bottleneckOptions({ activation: 'relu', init: 'mam_adapter', scale: 4 }),
  title: bottleneckTitle('parallel'),
  build: (context, config) => {
    const points = context.points.residual.filter(({ sublayer }) => sublayer === 'feedForward');
    return bottlenecksAt(points, context, config, { input: bottleneckInputs.input });
  },
});
