import type { LayerNames } from '../../../models/index.ts';
import { sublayerEnd } from '../sublayer.ts';
import type { EncoderSite } from './encoder-site.ts';
import { type GraphScheme, selfAttention } from './self-attention-nodes.ts';

/** The layer of BERT and its relatives: attention, then a perceptron, each with a norm after it. @param path of the layer */
export function postNormLayer(
  site: EncoderSite,
  path: string,
  names: LayerNames,
  x: string,
  scheme?: GraphScheme,
): string {
  const { graph, config, parts } = site;
  const { hidden_act, layer_norm_eps: eps } = config;
  const at = (name: keyof LayerNames) => `${path}.${names[name]}`;
  const [query, key, value] = (['query', 'key', 'value'] as const).map((part) => graph.linear(x, at(part)));
  const context = selfAttention(site, at('self'), { query, key, value }, scheme);
  const y = sublayerEnd(graph, parts, at('attentionEnd'), graph.linear(context, at('attentionDense')), {
    x,
    norm: (sum) => graph.layerNorm(sum, at('attentionNorm'), eps),
  });
  const inner = graph.activation(hidden_act, graph.linear(y, at('inner')));
  return sublayerEnd(graph, parts, at('end'), graph.linear(inner, at('dense')), {
    x: y,
    norm: (sum) => graph.layerNorm(sum, at('norm'), eps),
  });
}
