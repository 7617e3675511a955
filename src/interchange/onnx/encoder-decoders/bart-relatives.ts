import { LAYER_NORM_EPS } from '../../../models/bart.ts';
import { sinusoids } from '../../../models/parts/position-table.ts';
import type { AttentionNames, Seq2SeqGraph, Seq2SeqSite, TokenRows } from './seq2seq-site.ts';

/** What the relatives of BART do in different ways. */
interface Relative {
  /** The norm of a sublayer acts on its input, and one on the output of a side. */
  readonly normsFirst: boolean;
  /** The embeddings are normalised. */
  readonly normalisesEmbeddings: boolean;
  /** The vectors of positions from `start` to `end`, each [1]: [length, hidden]. */
  positions(site: Seq2SeqSite, start: string, end: string): string;
}

const pathOf = ({ side }: Seq2SeqSite): string => `model.${side}`;

/** The table of words of a side, which both may share. */
const wordsOf = (site: Seq2SeqSite): string =>
  site.config.shares_tables ? 'model.shared.weight' : `${pathOf(site)}.embed_tokens.weight`;

const norm = ({ graph }: Seq2SeqSite, x: string, name: string): string => graph.layerNorm(x, name, LAYER_NORM_EPS);

const attentionAt = (at: string): Omit<AttentionNames, 'norm'> => ({
  seen: at,
  query: `${at}.q_proj`,
  key: `${at}.k_proj`,
  value: `${at}.v_proj`,
  out: `${at}.out_proj`,
});

/** The positions of tokens, after those that come before them. */
function placed(site: Seq2SeqSite, { positions }: Relative, { ids, first }: TokenRows): string {
  const { graph, config, parts } = site;
  const offset = graph.integers([config.first_position + (parts.shifts.get(pathOf(site)) ?? 0)]);
  const start = first === undefined ? offset : graph.add(first, offset);
  return positions(site, start, graph.add(start, graph.node('Shape', [ids], { start: 1, end: 2 })));
}

const relative = (style: Relative): Seq2SeqGraph => ({
  normsFirst: style.normsFirst,
  norm,
  sizes: ({ config, side }) => ({ heads: config[`${side}_attention_heads`], hidden: config.d_model }),
  tokens: wordsOf,
  embedded(site, words, rows) {
    const { graph, config } = site;
    const { scale_embedding, d_model } = config;
    const scaled = scale_embedding ? graph.node('Mul', [words, graph.float(Math.sqrt(d_model))]) : words;
    const summed = graph.shaped(graph.add(scaled, placed(site, style, rows)), ['batch_size', rows.length, d_model]);
    return style.normalisesEmbeddings ? norm(site, summed, `${pathOf(site)}.layernorm_embedding`) : summed;
  },
  layer(site, index) {
    const { graph, config } = site;
    const at = `${pathOf(site)}.layers.${index}`;
    return {
      attention: {
        ...attentionAt(`${at}.self_attn`),
        ...{ norm: `${at}.self_attn_layer_norm`, point: `${at}.attention_adapters` },
      },
      crossAttention: { ...attentionAt(`${at}.encoder_attn`), norm: `${at}.encoder_attn_layer_norm` },
      perceptron: {
        ...{ norm: `${at}.final_layer_norm`, point: `${at}.output_adapters` },
        forward(x) {
          const inner = graph.activation(config.activation_function, graph.linear(x, `${at}.fc1`));
          return graph.linear(inner, `${at}.fc2`);
        },
      },
    };
  },
  ended: (site, x) => (style.normsFirst ? norm(site, x, `${pathOf(site)}.layer_norm`) : x),
  output: (site) => ({ table: wordsOf(site), bias: 'final_logits_bias' }),
  cacheSizes: ({ decoder_layers, decoder_attention_heads, d_model }) => ({
    decoder_layers,
    decoder_attention_heads,
    d_model,
  }),
});

const learned: Relative['positions'] = (site, start, end) =>
  site.graph.rows(`${pathOf(site)}.embed_positions.weight`, start, end);

/** Those of Marian are in no file: they are a constant of the graph. */
const sinusoidal: Relative['positions'] = ({ graph, config }, start, end) => {
  const { max_position_embeddings: count, d_model } = config;
  const table = graph.floats(
    'sinusoids',
    sinusoids(
      Int32Array.from({ length: count }, (_, i) => i),
      d_model,
    ),
    [count, d_model],
  );
  return graph.node('Slice', [table, start, end, graph.integers([0])]);
};

/** BART: a norm after each sublayer. */
export const bartGraph = relative({ normsFirst: false, normalisesEmbeddings: true, positions: learned });

/** mBART: BART with the norms before the sublayers, and one at the end of each side. */
export const mbartGraph = relative({ normsFirst: true, normalisesEmbeddings: true, positions: learned });

/** Marian: BART with sinusoidal positions, and no norm of the embeddings. */
export const marianGraph = relative({ normsFirst: false, normalisesEmbeddings: false, positions: sinusoidal });
