import type { ModernBertConfig } from '../../../models/modernbert.ts';
import { unseenUnless } from '../attention.ts';
import { areNear } from '../distances.ts';
import { sublayerEnd } from '../sublayer.ts';
import type { EncoderGraph, EncoderSite } from './encoder-site.ts';
import { rotary } from './rotary-scheme.ts';
import { type GraphScheme, selfAttention } from './self-attention-nodes.ts';
import { summedEmbeddings } from './summed-embeddings.ts';

/** A layer with norms before its attention, unless it is the first one, and before its gated perceptron. @param path of the layer */
function modernBertLayer(site: EncoderSite, path: string, x: string, isFirst: boolean, scheme: GraphScheme): string {
  const { graph, config, parts } = site;
  const linear = (value: string, name: string) => graph.linear(value, `${path}.${name}`);
  const norm = (value: string, name: string) => graph.layerNorm(value, `${path}.${name}`, config.layer_norm_eps);
  const end = (name: string, h: string, input: string) =>
    sublayerEnd(graph, parts, `${path}.${name}`, h, { x: input, norm: (sum) => sum });
  const read = isFirst ? x : norm(x, 'attn_norm');
  const [query, key, value] = graph.split(linear(read, 'attn.Wqkv'), 3);
  const context = selfAttention(site, `${path}.attn`, { query, key, value }, scheme);
  const y = end('attention_adapters', linear(context, 'attn.Wo'), x);
  const [active, gate] = graph.split(linear(norm(y, 'mlp_norm'), 'mlp.Wi'), 2);
  const inner = graph.node('Mul', [graph.activation(config.hidden_act, active), gate]);
  return end('output_adapters', linear(inner, 'mlp.Wo'), y);
}

/** ModernBERT: rotary positions, layers that attend to the neighbourhood or to all, norms before the sublayers and after the last. */
export const modernBertGraph: EncoderGraph<ModernBertConfig> = {
  states(site) {
    const { graph, config, mask, bias, at } = site;
    const near = unseenUnless(graph, areNear(graph, mask, config.reach), bias);
    const schemes = {
      full_attention: rotary(site, config.angles.full_attention),
      sliding_attention: rotary({ ...site, bias: near }, config.angles.sliding_attention),
    };
    const last = config.layer_types.reduce(
      (x, type, i) => modernBertLayer(site, at(`layers.${i}`), x, i === 0, schemes[type]),
      summedEmbeddings(site, { words: 'tok_embeddings', norm: 'norm' }),
    );
    return graph.layerNorm(last, at('final_norm'), config.layer_norm_eps);
  },
  headLayer(graph, x, { head, layer_norm_eps }) {
    const y = graph.activation(head.activation, graph.exactLinear(x, 'head.dense'));
    return graph.layerNorm(y, 'head.norm', layer_norm_eps);
  },
};
