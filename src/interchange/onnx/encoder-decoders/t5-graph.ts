import type { T5Config } from '../../../models/t5.ts';
import { relativeNumbers } from '../relative-numbers.ts';
import type { AttentionNames, Seq2SeqGraph, Seq2SeqSite } from './seq2seq-site.ts';

/** The table of words of both sides, and of the output where it has none of its own. */
const WORDS = 'shared.weight';

/** A part of a layer with its norm, at `encoder.block.0.layer.1`. */
const around = (at: string) => ({ norm: `${at}.layer_norm`, point: at });

const attentionAt = (at: string): Omit<AttentionNames, 'norm'> => ({
  seen: at,
  query: `${at}.q`,
  key: `${at}.k`,
  value: `${at}.v`,
  out: `${at}.o`,
});

/** The perceptron at `encoder.block.0.layer.1.DenseReluDense`, plain or gated. */
function perceptron({ graph, config }: Seq2SeqSite<T5Config>, at: string, x: string): string {
  const act = (name: string) => graph.activation(config.activation_function, graph.linear(x, `${at}.${name}`));
  const inner = config.is_gated ? graph.node('Mul', [act('wi_0'), graph.linear(x, `${at}.wi_1`)]) : act('wi');
  return graph.linear(inner, `${at}.wo`);
}

const norm = ({ graph, config }: Seq2SeqSite<T5Config>, x: string, name: string): string =>
  graph.rmsNorm(x, name, config.layer_norm_epsilon);

/** T5 and flan-T5: scores that know distances, RMS norms before the sublayers and at the end of each side. */
export const t5Graph: Seq2SeqGraph<T5Config> = {
  normsFirst: true,
  norm,
  sizes: ({ config: { d_kv, decoder_attention_heads: heads } }) => ({ heads, hidden: heads * d_kv, scale: 1 }),
  tokens: () => WORDS,
  embedded: ({ graph, config }, words, { length }) => graph.shaped(words, ['batch_size', length, config.d_model]),
  layer(site, index) {
    const at = `${site.side}.block.${index}.layer`;
    const last = `${at}.${site.side === 'encoder' ? 1 : 2}`;
    return {
      attention: { ...attentionAt(`${at}.0.SelfAttention`), ...around(`${at}.0`) },
      crossAttention: { ...attentionAt(`${at}.1.EncDecAttention`), norm: `${at}.1.layer_norm` },
      perceptron: { ...around(last), forward: (x) => perceptron(site, `${last}.DenseReluDense`, x) },
    };
  },
  relativeBias({ graph, config, side }, distances) {
    const { relative_attention_num_buckets: count, relative_attention_max_distance: farthest } = config;
    // The first layer has the table of all.
    const table = `${side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight`;
    return relativeNumbers(graph, distances, table, { count, farthest, isTwoSided: side === 'encoder' });
  },
  ended: (site, x) => norm(site, x, `${site.side}.final_layer_norm`),
  output: ({ graph, config }) => ({
    table: graph.has('lm_head.weight') ? 'lm_head.weight' : WORDS,
    scale: config.scale_decoder_outputs ? config.d_model ** -0.5 : 1,
  }),
  cacheSizes: ({ decoder_layers, decoder_attention_heads, d_kv }) => ({
    num_decoder_layers: decoder_layers,
    num_heads: decoder_attention_heads,
    d_kv,
  }),
};
