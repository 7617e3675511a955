import { InputError } from '../../errors.ts';
import { architectureOf, type EncoderConfig } from '../../models/index.ts';
import { maskBias } from './attention.ts';
import { albertGraph } from './encoders/albert.ts';
import { bertGraph } from './encoders/bert.ts';
import { debertaV2Graph } from './encoders/deberta-v2.ts';
import { electraGraph } from './encoders/electra.ts';
import type { EncoderGraph, EncoderPlan } from './encoders/encoder-site.ts';
import { gatedRotaryGraph } from './encoders/gated-rotary.ts';
import { modernBertGraph } from './encoders/modernbert.ts';
import { mpnetGraph } from './encoders/mpnet.ts';
import type { ModelGraph } from './model-graph.ts';
import { promptNodes } from './prompt.ts';

/** The output of an encoder in a graph. */
export interface EncoderNodes {
  /** [batch, rows, hidden] */
  readonly states: string;
  /** 1 for the tokens of a text, 0 for padding, [batch, length]. */
  readonly mask: string;
  /** How many rows are before the tokens. */
  readonly before: number;
}

/** By `model_type`, where it is not BERT under other names. */
const graphs = new Map<string, EncoderGraph>([
  ['electra', electraGraph],
  ['mpnet', mpnetGraph],
  ['albert', albertGraph],
  ['deberta-v2', debertaV2Graph],
  ['modernbert', modernBertGraph],
  ['nomic_bert', gatedRotaryGraph],
  ['gte', gatedRotaryGraph],
]);

/** How the graph of an encoder is made. @throws InputError for an architecture of a program whose layers are not BERT's */
export function encoderGraphOf({ model_type }: EncoderConfig): EncoderGraph {
  const { title, layerNames } = architectureOf(model_type);
  const found = graphs.get(model_type) ?? (layerNames && bertGraph);
  if (found) return found;
  throw new InputError(
    `--to onnx (to) has no nodes for ${title} with these layers; save it as 'sparse' or 'huggingface'.`,
  );
}

/** An encoder from the inputs of a graph on. @throws InputError for an architecture that has no nodes here */
export function encoderNodes(graph: ModelGraph, plan: EncoderPlan): EncoderNodes {
  const { config, parts } = plan;
  const { states } = encoderGraphOf(config);
  const axes = ['batch_size', 'sequence_length'];
  const [ids, tokenMask] = ['input_ids', 'attention_mask'].map((name) => graph.input(name, 'int64', axes));
  const prompt = promptNodes(graph, parts);
  const mask = prompt.before(tokenMask, 1);
  const bias = maskBias(graph, mask);
  const at = (name: string) => `${config.prefix}.${name}`;
  return { states: states({ ...plan, graph, ids, prompt, mask, bias, at }), mask: tokenMask, before: prompt.length };
}
