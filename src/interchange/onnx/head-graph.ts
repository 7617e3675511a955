import {
  type HeadLayer,
  headsOf,
  type LayeredHead,
  MultipleChoiceModel,
  type Pooling,
  QuestionAnsweringModel,
  type SentenceEncoder,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../models/index.ts';
import type { EncoderNodes } from './encoder-graph.ts';
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
    const logits = classification(graph, model, model.head.pooling, nodes);
    graph.output(logits, 'logits', ['batch_size', model.outputs.length]);
  } else if (model instanceof MultipleChoiceModel) {
    graph.output(classification(graph, model, 'cls', nodes), 'logits', ['batch_size', 1]);
  } else if (model instanceof TokenClassificationModel) {
    const states = tokenStates(graph, nodes);
    const { layeredHead: layered } = model;
    const logits = layered
      ? layers(graph, 'classifier', layered, states)
      : dense(graph, headsOf(model.config).token, states);
    graph.output(logits, 'logits', [...TOKENS, model.labels.length]);
  } else if (model instanceof QuestionAnsweringModel) {
    const states = tokenStates(graph, nodes);
    const { layeredHead: layered } = model;
    const logits = layered
      ? layers(graph, 'qa_outputs', layered, states)
      : dense(graph, headsOf(model.config).answer, states);
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
  { config, layeredHead, headKind }: SequenceClassifier | MultipleChoiceModel,
  pooling: Pooling,
  nodes: EncoderNodes,
): string {
  if (pooling === 'mean') return graph.exactLinear(meanState(graph, nodes), 'classifier');
  const first = graph.node('Gather', [nodes.states, graph.integers(0)], { axis: 1 });
  if (layeredHead) {
    const pooler = [{ at: `${config.prefix}.pooler.dense`, activation: 'tanh' }] as const;
    const read = layeredHead.pooler ? dense(graph, pooler, first) : first;
    return layers(graph, 'classifier', layeredHead, read);
  }
  const { text, choice } = headsOf(config);
  return dense(graph, headKind === 'sequence-classification' ? text : choice, first);
}

/** Linear layers one after the other. */
const dense = (graph: ModelGraph, forms: readonly HeadLayer[], first: string): string =>
  forms.reduce((x, { at, activation }) => {
    const y = graph.exactLinear(x, at);
    return activation ? graph.activation(activation, y) : y;
  }, first);

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
