import {
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
    const logits = ofTokens(graph, 'classifier', model.layeredHead, tokenStates(graph, nodes));
    graph.output(logits, 'logits', [...TOKENS, model.labels.length]);
  } else if (model instanceof QuestionAnsweringModel) {
    const logits = ofTokens(graph, 'qa_outputs', model.layeredHead, tokenStates(graph, nodes));
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
  { config: { model_type }, layeredHead, headKind }: SequenceClassifier | MultipleChoiceModel,
  pooling: Pooling,
  nodes: EncoderNodes,
): string {
  if (pooling === 'mean') return graph.exactLinear(meanState(graph, nodes), 'classifier');
  const first = graph.node('Gather', [nodes.states, graph.integers(0)], { axis: 1 });
  const pooler = `${model_type}.pooler.dense`;
  if (layeredHead) {
    const read = layeredHead.pooler ? tanhLayer(graph, first, pooler) : first;
    return layers(graph, 'classifier', layeredHead, read);
  }
  if (model_type === 'roberta' && headKind === 'sequence-classification') {
    return graph.exactLinear(tanhLayer(graph, first, 'classifier.dense'), 'classifier.out_proj');
  }
  return graph.exactLinear(tanhLayer(graph, first, pooler), 'classifier');
}

const tanhLayer = (graph: ModelGraph, x: string, name: string): string =>
  graph.activation('tanh', graph.exactLinear(x, name));

/** The mean over the tokens of each text, [batch, hidden]. */
function meanState(graph: ModelGraph, nodes: EncoderNodes): string {
  const wide = graph.node('Unsqueeze', [nodes.mask, graph.integers([2])]);
  const weights = graph.node('Cast', [wide], { to: { type: 'float32' } });
  const sum = (x: string) => graph.node('ReduceSum', [x, graph.integers([1])], { keepdims: 0 });
  const states = graph.node('Mul', [tokenStates(graph, nodes), weights]);
  return graph.node('Div', [sum(states), sum(weights)]);
}

/** One linear layer on each token, or several. */
const ofTokens = (graph: ModelGraph, at: string, layered: LayeredHead | undefined, x: string): string =>
  layered ? layers(graph, at, layered, x) : graph.exactLinear(x, at);

/** Linear layers with an activation between them. */
function layers(graph: ModelGraph, at: string, head: LayeredHead, first: string): string {
  return Array.from({ length: head.layers }).reduce<string>((x, _, i) => {
    const read = i > 0 && head.activation !== 'none' ? graph.activation(head.activation, x) : x;
    return graph.exactLinear(read, `${at}.${i}`);
  }, first);
}
