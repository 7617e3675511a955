import { InputError } from '../../errors.ts';
import { architectureOf, type EncoderConfig, type LayerNames } from '../../models/index.ts';
import type { AttachedParts } from './attached.ts';
import { attention, maskBias, splitHeads } from './attention.ts';
import type { ModelGraph } from './model-graph.ts';
import { withPrefix } from './prefix.ts';
import { type PromptNodes, promptNodes } from './prompt.ts';
import { sublayerEnd } from './sublayer.ts';

/** An encoder to export. */
export interface EncoderPlan {
  readonly config: EncoderConfig;
  readonly parts: AttachedParts;
  /** Whether the tokenizer gives the texts of a pair types of their own. */
  readonly hasTypes: boolean;
}

/** The output of an encoder in a graph. */
export interface EncoderNodes {
  /** [batch, rows, hidden] */
  readonly states: string;
  /** 1 for the tokens of a text, 0 for padding, [batch, length]. */
  readonly mask: string;
  /** How many rows are before the tokens. */
  readonly before: number;
}

const BATCH = ['batch_size', 'sequence_length'];

/** The position of each row [batch, rows], counted as RoBERTa does: tokens alone, from after the padding id on. */
function robertaPositions(graph: ModelGraph, ids: string, padding: number, shift: number): string {
  const id = graph.integers(padding);
  const counted = graph.node('Cast', [graph.node('Not', [graph.node('Equal', [ids, id])])], { to: { type: 'int64' } });
  const count = graph.node('Mul', [graph.node('CumSum', [counted, graph.integers(1)]), counted]);
  return graph.add(count, graph.integers(padding + shift));
}

/** Rows of the table of positions for the rows with these ids, [rows, hidden] or [batch, rows, hidden]. */
function positionRows(graph: ModelGraph, { config, parts }: EncoderPlan, ids: string): string {
  const at = `${config.prefix}.embeddings`;
  const table = `${at}.position_embeddings.weight`;
  const shift = parts.shifts.get(at) ?? 0;
  if (config.position_padding !== null) {
    return graph.embedding(robertaPositions(graph, ids, config.position_padding, shift), table);
  }
  const length = graph.node('Shape', [ids], { start: 1, end: 2 });
  const [start, end] = [graph.integers([shift]), shift === 0 ? length : graph.add(length, graph.integers([shift]))];
  return graph.rows(table, start, end);
}

/** Rows for the types of tokens; without types those of the first one, [hidden]. */
function typeRows(graph: ModelGraph, { config, hasTypes }: EncoderPlan, prompt: PromptNodes): string {
  const table = `${config.prefix}.embeddings.token_type_embeddings.weight`;
  if (hasTypes) return graph.embedding(prompt.before(graph.input('token_type_ids', 'int64', BATCH), 0), table);
  return graph.embedding(graph.integers(0), table);
}

/** The encoder of BERT and its relatives from the inputs of a graph on. @throws InputError for another one */
export function encoderNodes(graph: ModelGraph, plan: EncoderPlan): EncoderNodes {
  const { config, parts } = plan;
  const { model_type, prefix, hidden_size: hidden, layer_norm_eps: eps } = config;
  const { title, layerNames: names, layers } = architectureOf(model_type);
  if (!names || graph.has(`${prefix}.embeddings_project.weight`)) {
    throw new InputError(
      `--to onnx (to) has no nodes for ${title} with these layers; save it as 'sparse' or 'huggingface'.`,
    );
  }
  const stack = layers(config);
  const [ids, mask] = ['input_ids', 'attention_mask'].map((name) => graph.input(name, 'int64', BATCH));
  const at = `${prefix}.embeddings`;
  const prompt = promptNodes(graph, parts);
  const words = prompt.withRows(graph.embedding(ids, `${at}.word_embeddings.weight`));
  // Rows before the tokens count as tokens.
  const rows = prompt.before(ids, config.pad_token_id === 0 ? 1 : 0);
  const typed = config.type_vocab_size === 0 ? words : graph.add(words, typeRows(graph, plan, prompt));
  const summed = graph.add(typed, positionRows(graph, plan, rows));
  // Without its shape the runtime does not see that sublayers end with a sum and a norm, which it does at once.
  let x = graph.layerNorm(
    graph.shaped(summed, ['batch_size', prompt.length ? 'rows' : 'sequence_length', hidden]),
    `${at}.LayerNorm`,
    eps,
  );
  const bias = maskBias(graph, prompt.before(mask, 1));
  for (let i = 0; i < stack.count; i++) {
    x = encoderLayer(graph, plan, (name) => `${prefix}.${stack.at}.${i}.${names[name]}`, x, bias);
  }
  return { states: x, mask, before: prompt.length };
}

/** @param at the path of a part of the layer */
function encoderLayer(
  graph: ModelGraph,
  { config, parts }: EncoderPlan,
  at: (name: keyof LayerNames) => string,
  x: string,
  bias: string,
): string {
  const { num_attention_heads: heads, hidden_size: hidden, hidden_act, layer_norm_eps: eps } = config;
  const [query, key, value] = (['query', 'key', 'value'] as const).map((part) =>
    splitHeads(graph, graph.linear(x, at(part)), heads, hidden),
  );
  const seen = withPrefix(graph, parts, at('self'), { key, value, bias }, heads);
  const context = attention(graph, [query, seen.key, seen.value], seen.bias, { heads, hidden });
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
