import { InputError } from '../errors.ts';
import type { AttachmentPoints } from '../models/index.ts';
import { boolean, type ConfigOf, option } from '../settings/index.ts';
import { defineFamily } from './family.ts';
import { parallel } from './parallel.ts';
import { type PrefixConfig, prefixedAttentions, prefixesAt, prefixOptions } from './prefix.ts';

/**
 * The prefix with the number of parameters that is nearest to that of the bottlenecks: the inner width of its network follows,
 * of a flat one the length.
 *
 * @throws InputError if even the smallest one has more
 */
function equalPrefix(points: AttachmentPoints, config: PrefixConfig & ConfigOf<typeof parallel.options>): PrefixConfig {
  const { bottleneck, prefixLength, prefixFlat } = config;
  const attention = prefixedAttentions(points, config);
  const hidden = attention[0].hiddenSize;
  const layers = points.residual.filter(({ sublayer }) => sublayer === 'feedForward').length;
  const stacks = new Set(attention.map(({ stack }) => stack)).size;
  const budget = layers * (2 * bottleneck * hidden + bottleneck + hidden);
  const width = 2 * attention.length * hidden;
  const size = prefixFlat
    ? Math.round(budget / width)
    : Math.round((budget - stacks * prefixLength * hidden - width) / (stacks * (hidden + 1) + width));
  if (size < 1) {
    throw new InputError(
      `mam: a prefix cannot be as small as the ${budget} parameters of the bottlenecks; raise bottleneck or lower prefixLength.`,
    );
  }
  return { ...config, ...(prefixFlat ? { prefixLength: size } : { prefixBottleneck: size }) };
}

/**
 * The Mix-And-Match adapter of He et al. (2022), AdapterHub's `MAMConfig`: a prefix in every attention and a scaled parallel
 * adapter beside feed-forward. With `equalSplit` both have the same number of parameters, as in the SparseAdapter paper's Table 4.
 */
export const mam = defineFamily({
  kind: 'mam',
  summary: 'prefixes, and scaled bottlenecks beside feed-forward',
  options: {
    ...prefixOptions({ bottleneck: 800 }),
    ...parallel.options,
    equalSplit: option(boolean, {
      description: 'as many parameters for the prefix as for the bottlenecks',
      default: false,
    }),
  },
  withoutEffect: ({ prefixFlat, equalSplit }) => {
    const computed = prefixFlat ? 'prefixLength' : 'prefixBottleneck';
    return { ...(prefixFlat && { prefixBottleneck: 'prefixFlat' }), ...(equalSplit && { [computed]: 'equalSplit' }) };
  },
  title: ({ bottleneck, prefixLength }) => `mam ${bottleneck} + ${prefixLength}`,
  build: (context, { equalSplit, ...config }) => {
    const chosen = equalSplit ? equalPrefix(context.points, config) : config;
    const inAttention = prefixesAt(context, chosen);
    const besideFeedForward = parallel.build(context, config);
    const { ejected } = inAttention;
    return {
      ...besideFeedForward,
      ...inAttention,
      chains: { ...inAttention.chains, ...besideFeedForward.chains },
      ejected: ejected && (() => ({ ...ejected(), options: { prefixFlat: true, equalSplit: false } })),
    };
  },
});
