import { maskBias, unseenUnless } from '../attention.ts';
import type { ModelGraph } from '../model-graph.ts';
import { type LayerCache, pastCaches, presentCache } from './decoder-caches.ts';
import { Seq2SeqLayers } from './seq2seq-layers.ts';
import type { DecoderLayer, OutputNames, Seq2SeqGraph, Seq2SeqPlan, Seq2SeqSite } from './seq2seq-site.ts';

const ROWS = 'decoder_sequence_length';
const SOURCE = 'encoder_sequence_length';

/** The inputs of the decoder that all layers read. */
interface DecoderInputs {
  /** [batch, source, hidden] */
  readonly encoded: string;
  /** Whether keys and values of the source are those of an earlier call. */
  readonly isLater: string;
  /** Added to the scores of the own side, [rows, keys] or [heads, rows, keys]. */
  readonly causal: string;
  /** [batch, 1, 1, source] */
  readonly bias: string;
}

/**
 * The decoder of an encoder-decoder with its output layer: `decoder_model_merged.onnx`. It reads new tokens, and the keys and values of
 * those before them. The first call has none and computes those of the source; later ones are given them.
 */
export function decoderSide(graph: ModelGraph, plan: Seq2SeqPlan, own: Seq2SeqGraph): void {
  const site = { ...plan, graph, side: 'decoder' } as const;
  const { d_model, decoder_layers, decoder_vocab_size } = plan.config;
  const sizes = own.sizes(site);
  const ids = graph.input('input_ids', 'int64', ['batch_size', ROWS]);
  const mask = graph.input('encoder_attention_mask', 'int64', ['batch_size', SOURCE]);
  const encoded = graph.input('encoder_hidden_states', 'float32', ['batch_size', SOURCE, d_model]);
  const isLater = graph.input('use_cache_branch', 'bool', [1]);
  const past = pastCaches(graph, decoder_layers, sizes);
  const first = graph.node('Shape', [past[0].decoder.key], { start: 2, end: 3 });
  const inputs = { encoded, isLater, causal: causalBias(site, own, first, ids), bias: maskBias(graph, mask) };
  const output = own.output(site);
  const tokens = own.tokens(site);
  // A table that makes the scores too is in the file once, as these need it.
  const words =
    tokens === output.table ? graph.node('Gather', [graph.table(tokens), ids]) : graph.embedding(ids, tokens);
  const layers = new Seq2SeqLayers(site, own);
  let x = own.embedded(site, words, { ids, first, length: ROWS });
  past.forEach((cache, i) => {
    const made = decoderLayer(graph, layers, own.layer(site, i), x, cache, inputs);
    x = made.x;
    presentCache(graph, i, made.cache, sizes);
  });
  graph.output(scores(graph, own.ended(site, x), output), 'logits', ['batch_size', ROWS, decoder_vocab_size]);
}

function scores(graph: ModelGraph, x: string, { table, bias, scale = 1 }: OutputNames): string {
  const scaled = scale === 1 ? x : graph.node('Mul', [x, graph.float(scale)]);
  const products = graph.node('MatMul', [scaled, graph.node('Transpose', [graph.table(table)], { perm: [1, 0] })]);
  return bias === undefined ? products : graph.add(products, graph.exact(bias));
}

/** What is added to the scores of new rows for the keys of all rows: each sees those up to itself. */
function causalBias(site: Seq2SeqSite, own: Seq2SeqGraph, first: string, ids: string): string {
  const { graph } = site;
  const length = graph.node('Shape', [ids], { start: 1, end: 2 });
  const [start, end] = [first, graph.add(first, length)].map((value) => graph.node('Squeeze', [value]));
  const range = (from: string) => graph.node('Range', [from, end, graph.integers(1)]);
  const keys = graph.node('Unsqueeze', [range(graph.integers(0)), graph.integers([0])]);
  const rows = graph.node('Unsqueeze', [range(start), graph.integers([1])]);
  const seen = graph.node('LessOrEqual', [keys, rows]);
  return unseenUnless(graph, seen, own.relativeBias?.(site, graph.node('Sub', [rows, keys])));
}

function decoderLayer(
  graph: ModelGraph,
  layers: Seq2SeqLayers,
  layer: DecoderLayer,
  x: string,
  past: LayerCache,
  { encoded, isLater, causal, bias }: DecoderInputs,
): { readonly x: string; readonly cache: LayerCache } {
  const { attention, crossAttention } = layer;
  let decoder = past.decoder;
  const y = layers.sublayer(x, attention, (read) => {
    const withPast = (part: 'key' | 'value') =>
      graph.node('Concat', [past.decoder[part], layers.heads(read, attention[part])], { axis: 2 });
    decoder = { key: withPast('key'), value: withPast('value') };
    return layers.attention(read, attention, { ...decoder, bias: causal });
  });
  // Only this may stand in a branch: without branches a runtime on a graphics card is given tensors without rows.
  const ofSource = (part: 'key' | 'value') =>
    graph.choice(
      isLater,
      () => past.encoder[part],
      () => layers.heads(encoded, crossAttention[part]),
    );
  const encoder = { key: ofSource('key'), value: ofSource('value') };
  const z = layers.sublayer(y, crossAttention, (read) => layers.attention(read, crossAttention, { ...encoder, bias }));
  return { x: layers.perceptron(z, layer), cache: { decoder, encoder } };
}
