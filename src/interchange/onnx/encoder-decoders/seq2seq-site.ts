import type { EncoderDecoderConfig } from '../../../models/index.ts';
import type { AttachedParts } from '../attached.ts';
import type { AttentionSizes } from '../attention.ts';
import type { ModelGraph } from '../model-graph.ts';

export type Side = 'encoder' | 'decoder';

/** An encoder-decoder to export. */
export interface Seq2SeqPlan<Config extends EncoderDecoderConfig = EncoderDecoderConfig> {
  readonly config: Config;
  readonly parts: AttachedParts;
}

/** Where the nodes of a side are made. */
export interface Seq2SeqSite<Config extends EncoderDecoderConfig = EncoderDecoderConfig> extends Seq2SeqPlan<Config> {
  readonly graph: ModelGraph;
  readonly side: Side;
}

/** The tokens of a side. */
export interface TokenRows {
  /** [batch, length] */
  readonly ids: string;
  /** How many tokens come before the first one, [1]; none if left out. */
  readonly first?: string;
  /** The name of the axis of tokens. */
  readonly length: string;
}

/** What is around a part of a layer, by the names in the checkpoint. */
export interface SublayerNames {
  readonly norm: string;
  /** Where adapters attach; left out where none do. */
  readonly point?: string;
}

/** An attention, by the names of its projections. */
export interface AttentionNames extends SublayerNames {
  /** Where prefixes attach. */
  readonly seen: string;
  readonly query: string;
  readonly key: string;
  readonly value: string;
  readonly out: string;
}

/** A layer of either side. */
export interface SideLayer {
  readonly attention: AttentionNames;
  readonly perceptron: SublayerNames & {
    /** [batch, length, hidden] -> [batch, length, hidden] */
    forward(x: string): string;
  };
}

/** A layer of the decoder. */
export interface DecoderLayer extends SideLayer {
  /** Attention to the encoder's side. */
  readonly crossAttention: AttentionNames;
}

/** The output layer: (scale · h) tableᵀ + bias. */
export interface OutputNames {
  /** [vocab, hidden] */
  readonly table: string;
  /** [1, vocab] */
  readonly bias?: string;
  /** Default 1 */
  readonly scale?: number;
}

/** An architecture in graphs, put together of the same parts as the model. Each has one file. */
export interface Seq2SeqGraph<Config extends EncoderDecoderConfig = EncoderDecoderConfig> {
  /** Whether the norm of a sublayer acts on its input; else on its result. */
  readonly normsFirst: boolean;
  norm(site: Seq2SeqSite<Config>, x: string, name: string): string;
  /** The sizes of every attention of a side. */
  sizes(site: Seq2SeqSite<Config>): AttentionSizes;
  /** The table of the tokens of a side, [tokens, hidden]. */
  tokens(site: Seq2SeqSite<Config>): string;
  /** The input of the first layer from the rows of the table [batch, length, hidden]. */
  embedded(site: Seq2SeqSite<Config>, words: string, rows: TokenRows): string;
  layer(site: Seq2SeqSite<Config>, index: number): DecoderLayer;
  /** What is added to the scores of a side for its distances, query - key [queries, keys]: [heads, queries, keys]. */
  relativeBias?(site: Seq2SeqSite<Config>, distances: string): string;
  /** The output of a side from that of its last layer. */
  ended(site: Seq2SeqSite<Config>, x: string): string;
  output(site: Seq2SeqSite<Config>): OutputNames;
  /** The sizes of caches, by the fields of `config.json` in which transformers.js looks for them. */
  cacheSizes(config: Config): Readonly<Record<string, number>>;
}
