import type { GatedRotaryConfig } from '../../../models/gated-rotary.ts';
import { sublayerEnd } from '../sublayer.ts';
import type { EncoderGraph, EncoderSite } from './encoder-site.ts';
import { rotary } from './rotary-scheme.ts';
import { type GraphScheme, selfAttention } from './self-attention-nodes.ts';
import { summedEmbeddings } from './summed-embeddings.ts';

/** A layer with norms after its attention and its gated perceptron. @param path of the layer */
function gatedLayer({ graph, ...site }: EncoderSite, path: string, x: string, scheme: GraphScheme): string {
  const { config, parts } = site;
  const end = (name: string, norm: string, h: string, input: string) =>
    sublayerEnd(graph, parts, `${path}.${name}`, h, {
      x: input,
      norm: (sum) => graph.layerNorm(sum, `${path}.${norm}`, config.layer_norm_eps),
    });
  const linear = (value: string, name: string) => graph.linear(value, `${path}.${name}`);
  const [query, key, value] = ['q', 'k', 'v'].map((part) => linear(x, `self_attn.${part}_proj`));
  const context = selfAttention({ graph, ...site }, `${path}.self_attn`, { query, key, value }, scheme);
  const y = end('attention_adapters', 'post_attention_layernorm', linear(context, 'self_attn.o_proj'), x);
  const gate = graph.activation(config.hidden_act, linear(y, 'mlp.gate_proj'));
  const inner = graph.node('Mul', [gate, linear(y, 'mlp.up_proj')]);
  return end('output_adapters', 'post_mlp_layernorm', linear(inner, 'mlp.down_proj'), y);
}

/** NomicBERT and GTE: BERT with rotary positions and gated perceptrons. */
export const gatedRotaryGraph: EncoderGraph<GatedRotaryConfig> = {
  states(site) {
    const { config, at } = site;
    const scheme = rotary(site, config.angles);
    return Array.from({ length: config.num_hidden_layers }).reduce<string>(
      (x, _, i) => gatedLayer(site, at(`layers.${i}`), x, scheme),
      summedEmbeddings(site),
    );
  },
};
