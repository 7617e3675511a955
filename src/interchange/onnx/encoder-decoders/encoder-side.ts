import { maskBias } from '../attention.ts';
import { distances } from '../distances.ts';
import type { ModelGraph } from '../model-graph.ts';
import { Seq2SeqLayers } from './seq2seq-layers.ts';
import type { Seq2SeqGraph, Seq2SeqPlan } from './seq2seq-site.ts';

const TOKENS = ['batch_size', 'sequence_length'];

/** The encoder of an encoder-decoder, from its inputs to its output: `encoder_model.onnx`. */
export function encoderSide(graph: ModelGraph, plan: Seq2SeqPlan, own: Seq2SeqGraph): void {
  const site = { ...plan, graph, side: 'encoder' } as const;
  const { d_model, encoder_layers } = plan.config;
  const [ids, mask] = ['input_ids', 'attention_mask'].map((name) => graph.input(name, 'int64', TOKENS));
  const seen = maskBias(graph, mask);
  const bias = own.relativeBias ? graph.add(seen, own.relativeBias(site, distances(graph, mask))) : seen;
  const layers = new Seq2SeqLayers(site, own);
  let x = own.embedded(site, graph.embedding(ids, own.tokens(site)), { ids, length: TOKENS[1] });
  for (let i = 0; i < encoder_layers; i++) {
    const layer = own.layer(site, i);
    const { attention } = layer;
    const y = layers.sublayer(x, attention, (read) => {
      const [key, value] = [attention.key, attention.value].map((name) => layers.heads(read, name));
      return layers.attention(read, attention, { key, value, bias });
    });
    x = layers.perceptron(y, layer);
  }
  graph.output(own.ended(site, x), 'last_hidden_state', [...TOKENS, d_model]);
}
