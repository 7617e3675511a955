import { InputError } from '../errors.ts';
import type { ResidualPoint } from '../models/index.ts';
import { boolean, names, oneOf, option } from '../settings/index.ts';
import {
  bottleneckInputs,
  bottleneckOptions,
  bottleneckResiduals,
  bottlenecksAt,
  bottleneckTitle,
} from './bottleneck.ts';
import { defineFamily } from './family.ts';

const namesOf = <Names extends string>(table: Readonly<Record<Names, unknown>>): Names[] =>
  Object.keys(table) as Names[];

/**
 * The inner widths that a pattern gives layers, by their numbers.
 *
 * @param pattern such as `0=32`
 * @throws InputError for an entry that is none, a layer that the model does not have, and one that comes twice
 */
export function layerWidths(pattern: readonly string[], layers = Number.POSITIVE_INFINITY): Map<number, number> {
  const widths = new Map<number, number>();
  for (const entry of pattern) {
    const [layer, width] = (/^(\d+)=(\d+)$/.exec(entry) ?? []).slice(1).map(Number);
    const fail = (problem: string) => new InputError(`bottleneck: bottleneckPattern has '${entry}'; ${problem}.`);
    if (layer === undefined || width === 0) throw fail("each entry must be a layer's number, = and a width above 0");
    if (layer >= layers) throw fail(`the layers are 0 to ${layers - 1}`);
    if (widths.has(layer)) throw fail('this layer is there twice');
    widths.set(layer, width);
  }
  return widths;
}

/**
 * Bottlenecks with every switch of AdapterHub's `BnConfig` that changes where they sit and what they read, of which `houlsby`,
 * `pfeiffer` and `parallel` are settings: norm(r + n(s · up(f(down(m(i)))) + x), with m and n nothing or trained LayerNorms.
 */
export const bottleneckAdapter = defineFamily({
  kind: 'bottleneck',
  summary: "bottlenecks with all switches of AdapterHub's BnConfig",
  options: {
    ...bottleneckOptions({ activation: 'relu', init: 'bert', scale: 1 }),
    bottleneckPattern: option(names, {
      description:
        "other inner widths of some layers, by number: 0=32; in BART the decoder's follow those of the encoder",
      placeholder: '<layer=width>',
      default: [],
      defaultText: 'none',
      isOptional: true,
    }),
    sublayers: option(oneOf(['both', 'attention', 'feed-forward']), {
      description: 'the sublayers at whose end they are',
      default: 'both',
    }),
    reads: option(oneOf(namesOf(bottleneckInputs)), {
      description: "what they read: the sublayer's output, its normalised result, or its input",
      default: 'output',
    }),
    addsTo: option(oneOf(namesOf(bottleneckResiduals)), {
      description: "what they add to: the sublayer's output, its normalised result, or the sum before that norm",
      default: 'output',
    }),
    normBefore: option(boolean, { description: 'a trained LayerNorm on what they read', default: false }),
    normAfter: option(oneOf(['none', 'contribution', 'sum']), {
      description: 'a trained LayerNorm on what they add, or on the sum',
      default: 'none',
    }),
    endsSublayer: option(boolean, {
      description: "their result is the sublayer's, without its residual connection and norm",
      default: false,
    }),
  },
  title: bottleneckTitle('bottleneck'),
  build: (context, config) => {
    const { sublayers, reads, addsTo, normBefore, normAfter, endsSublayer, bottleneckPattern, ...common } = config;
    const { layers } = context;
    const widths = layerWidths(bottleneckPattern ?? [], layers.length);
    const place = sublayers === 'feed-forward' ? 'feedForward' : sublayers;
    const points = context.points.residual.filter(({ sublayer }) => place === 'both' || sublayer === place);
    const widthAt = ({ name }: ResidualPoint): number =>
      widths.get(layers.findIndex((layer) => name.startsWith(`${layer}.`))) ?? common.bottleneck;
    const wiring = {
      input: bottleneckInputs[reads],
      residual: bottleneckResiduals[addsTo],
      ...{ normBefore, normAfter, endsSublayer },
    };
    return bottlenecksAt(points, context, common, wiring, widthAt);
  },
});
