import { InputError } from '../../errors.ts';
import {
  type EncoderConfig,
  type HeadLayer,
  headsOf,
  type LayeredHead,
  MultipleChoiceModel,
  QuestionAnsweringModel,
  type SentenceEncoder,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../models/index.ts';
import { type EncoderNodes, encoderGraphOf } from './encoder-graph.ts';
import type { ModelGraph } from './model-graph.ts';

/** An encoder with a head, or without one. */
export type EncoderWithHead =
  | SequenceClassifier
  | TokenClassificationModel
  | QuestionAnsweringModel
  | MultipleChoiceModel
  | SentenceEncoder;

const TOKENS = ['batch_size', 'sequence_length'];

/** The outputs of a model from the states of its encoder, under the names that transformers.js reads. */
export function headNodes(graph: ModelGraph, model: EncoderWithHead, nodes: EncoderNodes): void {
  const { hidden_size } = model.config;
  if (model instanceof SequenceClassifier) {
    graph.output(classification(graph, model, nodes), 'logits', ['batch_size', model.outputs.length]);
  } else if (model instanceof MultipleChoiceModel) {
    graph.output(classification(graph, model, nodes), 'logits', ['batch_size', 1]);
  } else if (model instanceof TokenClassificationModel) {
    const states = tokenStates(graph, nodes);
    const { layeredHead: layered } = model;
    const logits = layered
      ? layers(graph, 'classifier', layered, states)
      : dense(graph, model.config, headsOf(model.config).token, states);
    graph.output(logits, 'logits', [...TOKENS, model.labels.length]);
  } else if (model instanceof QuestionAnsweringModel) {
    const states = tokenStates(graph, nodes);
    const { layeredHead: layered } = model;
    const logits = layered
      ? layers(graph, 'qa_outputs', layered, states)
      : dense(graph, model.config, headsOf(model.config).answer, states);
    ['start_logits', 'end_logits'].forEach((name, i) => {
      graph.output(graph.node('Gather', [logits, graph.integers(i)], { axis: 2 }), name, TOKENS);
    });
  } else {
    graph.output(tokenStates(graph, nodes), 'last_hidden_state', [...TOKENS, hidden_size]);
  }
}

/** The states of tokens, without those of rows before them. */
function tokenStates(graph: ModelGraph, { states, before }: EncoderNodes): string {
  if (before === 0) return states;
  const end = graph.integers([Number.MAX_SAFE_INTEGER]);
  return graph.node('Slice', [states, graph.integers([before]), end, graph.integers([1])]);
}

/** Logits of whole texts, [batch, outputs]. */
function classification(
  graph: ModelGraph,
  model: SequenceClassifier | MultipleChoiceModel,
  nodes: EncoderNodes,
): string {
  const { config, layeredHead } = model;
  const { text, choice, pooling: own = 'cls' } = headsOf(config);
  const isChoice = model instanceof MultipleChoiceModel;
  const first = () => graph.node('Gather', [nodes.states, graph.integers(0)], { axis: 1 });
  if (layeredHead) {
    const pooler = [{ at: `${config.prefix}.pooler.dense`, activation: 'tanh' }] as const;
    const read = layeredHead.pooler ? dense(graph, config, pooler, first()) : first();
    return layers(graph, 'classifier', layeredHead, read);
  }
  const pooling = isChoice ? own : model.head.pooling;
  const read = pooling === 'mean' ? meanState(graph, nodes) : first();
  if (pooling !== own) return graph.exactLinear(read, 'classifier');
  return dense(graph, config, isChoice ? choice : text, read);
}

/** Layers of a head one after the other, linear ones but for those that the architecture has in their place. */
const dense = (graph: ModelGraph, config: EncoderConfig, forms: readonly HeadLayer[], first: string): string =>
  forms.reduce((x, { at, activation, build }) => {
    const y = build ? ownLayer(graph, config, x) : graph.exactLinear(x, at);
    return activation ? graph.activation(activation, y) : y;
  }, first);

/** @throws InputError where the architecture has no nodes for it */
function ownLayer(graph: ModelGraph, config: EncoderConfig, x: string): string {
  const made = encoderGraphOf(config).headLayer?.(graph, x, config);
  if (made !== undefined) return made;
  throw new InputError(`--to onnx (to) has no nodes for a head of ${config.model_type}; save it as 'sparse'.`);
}

/** The mean over the tokens of each text, [batch, hidden]. */
function meanState(graph: ModelGraph, nodes: EncoderNodes): string {
  const wide = graph.node('Unsqueeze', [nodes.mask, graph.integers([2])]);
  const weights = graph.node('Cast', [wide], { to: { type: 'float32' } });
  const sum = (x: string) => graph.node('ReduceSum', [x, graph.integers([1])], { keepdims: 0 });
  const states = graph.node('Mul', [tokenStates(graph, nodes), weights]);
  return graph.node('Div', [sum(states), sum(weights)]);
}

/** Linear layers with an activation between them. */
function layers(graph: ModelGraph, at: string, head: LayeredHead, first: string): string {
  return Array.from({ length: head.layers }).reduce<string>((x, _, i) => {
    const read = i > 0 && head.activation !== 'none' ? graph.activation(head.activation, x) : x;
    return graph.exactLinear(read, `${at}.${i}`);
  }, first);
}
