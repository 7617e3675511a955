import type { EncodedExample } from '../../src/data/index.ts';
import { Random, type Shape } from '../../src/index.ts';
import { serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import {
  type HeadOptions,
  parseEncoderConfig,
  QuestionAnsweringModel,
  SequenceClassifier,
  TokenClassificationModel,
} from '../../src/models/index.ts';
import { ParameterPath, type WeightSource } from '../../src/nn/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';
import { temporaryFolder } from '../io/temporary.ts';

/** The words that the tiny models know; ids are positions. */
export const vocabulary = [
  ...['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', ',', '##s', 'a', 'the', 'is', 'not', 'and', 'very'],
  ...['film', 'book', 'play', 'story', 'good', 'great', 'fine', 'nice', 'bad', 'poor', 'dull', 'weak'],
  ...['old', 'new', 'long', 'short'],
];

/** `config.json` of a BERT that is large enough to have several of everything. */
export const tinyBert: Readonly<Record<string, unknown>> = {
  model_type: 'bert',
  architectures: ['BertModel'],
  vocab_size: vocabulary.length,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  hidden_act: 'gelu',
  max_position_embeddings: 24,
  type_vocab_size: 2,
  layer_norm_eps: 1e-12,
  pad_token_id: 0,
  hidden_dropout_prob: 0.1,
  attention_probs_dropout_prob: 0.1,
};

/** The same size, with RoBERTa's positions and a single token type. */
export const tinyRoberta: Readonly<Record<string, unknown>> = {
  ...tinyBert,
  model_type: 'roberta',
  architectures: ['RobertaModel'],
  type_vocab_size: 1,
  pad_token_id: 1,
  layer_norm_eps: 1e-5,
};

const isHead = (name: string): boolean => /(^|\.)(classifier|qa_outputs|pooler)\./.test(name);

/** Weights as lively as those of a trained model: every one depends on its name alone, norms are near the identity. */
export function lively(name: string, shape: Shape): Float32Array {
  const random = new Random(name);
  const center = /(LayerNorm|layer_?norm\w*)\.weight$/.test(name) ? 1 : 0;
  return Float32Array.from({ length: sizeOf(shape) }, () => center + random.normal(0, 0.2));
}

/** A trained backbone without a head. */
const backbone: WeightSource = { has: (name) => !isHead(name), take: lively };

/** A tiny encoder with a new head drawn from `seed`. */
export function tinyClassifier(
  options: HeadOptions = { labels: ['no', 'yes'] },
  { config = tinyBert, seed = 1 }: { config?: Readonly<Record<string, unknown>>; seed?: number } = {},
): SequenceClassifier {
  return new SequenceClassifier(ParameterPath.root(new Random(seed), backbone), parseEncoderConfig(config), options);
}

/** The tensors of a trained tiny checkpoint: the encoder and, when there are `labels`, a classification head. */
export function tinyTensors(json: Readonly<Record<string, unknown>> = tinyBert, labels = 0): TensorData[] {
  const config = parseEncoderConfig(json);
  const names = Array.from({ length: labels }, (_, i) => `LABEL_${i}`);
  const model = new SequenceClassifier(ParameterPath.root(new Random(0)), config, { labels: names });
  return model
    .parameters()
    .filter(({ name }) => labels > 0 || !isHead(name))
    .map(({ name, shape }) => ({ name, dtype: 'F32', shape, data: lively(name, shape) }));
}

export interface TinyFolder {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly tensors?: readonly TensorData[];
  /** Instead of `model.safetensors`, or more. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** A temporary model folder in the layout of Hugging Face, removed when the process ends. */
export function tinyFolder({ config = tinyBert, tensors = tinyTensors(config), files }: TinyFolder = {}): string {
  return temporaryFolder({
    'config.json': JSON.stringify(config),
    'vocab.txt': `${vocabulary.join('\n')}\n`,
    ...(tensors.length > 0 ? { 'model.safetensors': serializeSafetensors(tensors) } : {}),
    ...files,
  });
}

/** A tiny encoder with a new question answering head. */
export function tinyQuestionAnswering(config: Readonly<Record<string, unknown>> = tinyBert): QuestionAnsweringModel {
  return new QuestionAnsweringModel(ParameterPath.root(new Random(1), backbone), parseEncoderConfig(config));
}

/** A tiny encoder with a new head for labels of tokens. */
export function tinyTokenClassification(
  config: Readonly<Record<string, unknown>> = tinyBert,
  labels: readonly string[] = ['O', 'B-X', 'I-X'],
): TokenClassificationModel {
  return new TokenClassificationModel(ParameterPath.root(new Random(1), backbone), parseEncoderConfig(config), labels);
}

/** Labelled texts of several lengths: class 1 where a good word stands. */
export function tinyExamples(count: number): EncodedExample[] {
  const random = new Random('examples');
  return Array.from({ length: count }, (_, i) => {
    const label = i % 2;
    const filler = Array.from({ length: random.integer(6) }, () => 8 + random.integer(10));
    const ids = [2, ...filler, (label === 1 ? 18 : 22) + random.integer(4), 3];
    return { ids, typeIds: ids.map(() => 0), label };
  });
}
