import type { EncoderDecoderType } from '../../models/encoder-decoder-config.ts';
import type { EncoderDecoderConfig } from '../../models/index.ts';
import { bartGraph, marianGraph, mbartGraph } from './encoder-decoders/bart-relatives.ts';
import { decoderSide } from './encoder-decoders/decoder-side.ts';
import { encoderSide } from './encoder-decoders/encoder-side.ts';
import type { Seq2SeqGraph, Seq2SeqPlan } from './encoder-decoders/seq2seq-site.ts';
import { t5Graph } from './encoder-decoders/t5-graph.ts';
import type { ModelGraph } from './model-graph.ts';

const graphs: Readonly<Record<EncoderDecoderType, Seq2SeqGraph>> = {
  bart: bartGraph,
  marian: marianGraph,
  mbart: mbartGraph,
  // Each graph is given the configuration of its own architecture.
  t5: t5Graph as Seq2SeqGraph<EncoderDecoderConfig>,
};

/** How the graphs of an encoder-decoder are made. */
export const seq2SeqGraphOf = ({ model_type }: EncoderDecoderConfig): Seq2SeqGraph => graphs[model_type];

/** The graphs of an encoder-decoder, each with what builds it. */
export const seq2SeqGraphs = (plan: Seq2SeqPlan) =>
  [
    ['encoder_model', (graph: ModelGraph) => encoderSide(graph, plan, seq2SeqGraphOf(plan.config))],
    ['decoder_model_merged', (graph: ModelGraph) => decoderSide(graph, plan, seq2SeqGraphOf(plan.config))],
  ] as const;
