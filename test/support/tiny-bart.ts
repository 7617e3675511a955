import { Random } from '../../src/index.ts';
import { serializeSafetensors, type TensorData } from '../../src/io/index.ts';
import { parseEncoderDecoderConfig, Seq2SeqModel } from '../../src/models/index.ts';
import { ParameterPath, type WeightSource } from '../../src/nn/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { lively } from './tiny-model.ts';

/** The vocabulary of the tiny BART: single letters, and Ġ for the space before a word. */
const letters = ['<s>', '<pad>', '</s>', '<unk>', '<mask>', 'Ġ', ...'abcdefghijklmnopqrstuvwxyz.,'];

/** The files of its tokenizer. */
export const bartTokenizerFiles = {
  'vocab.json': JSON.stringify(Object.fromEntries(letters.map((letter, id) => [letter, id]))),
  'merges.txt': '#version: 0.2\n',
};

/** `config.json` of a BART that is large enough to have several of everything. */
export const tinyBart: Readonly<Record<string, unknown>> = {
  model_type: 'bart',
  architectures: ['BartForConditionalGeneration'],
  vocab_size: letters.length,
  d_model: 16,
  encoder_layers: 2,
  decoder_layers: 2,
  encoder_attention_heads: 2,
  decoder_attention_heads: 4,
  encoder_ffn_dim: 32,
  decoder_ffn_dim: 24,
  activation_function: 'gelu',
  max_position_embeddings: 24,
  dropout: 0.1,
  attention_dropout: 0.1,
  activation_dropout: 0.1,
  pad_token_id: 1,
  bos_token_id: 0,
  eos_token_id: 2,
  decoder_start_token_id: 2,
};

/** Weights as of a trained model; the words' table is larger, so that the tokens to come are not all alike. */
const weights: WeightSource = {
  has: () => true,
  take: (name, shape) => (name === 'model.shared.weight' ? lively(name, shape).map((x) => 3 * x) : lively(name, shape)),
};

/** A tiny BART as if trained. */
export function tinySeq2Seq(config: Readonly<Record<string, unknown>> = {}, seed = 1): Seq2SeqModel {
  return new Seq2SeqModel(
    ParameterPath.root(new Random(seed), weights),
    parseEncoderDecoderConfig({ ...tinyBart, ...config }),
  );
}

/** The tensors of its checkpoint. */
export function tinyBartTensors(): TensorData[] {
  const shapes = [...tinySeq2Seq().parameters(), { name: 'final_logits_bias', shape: [1, letters.length] }];
  return shapes.map(({ name, shape }) => ({
    name,
    dtype: 'F32',
    shape,
    data: weights.take(name, shape) as Float32Array,
  }));
}

/** A temporary model folder in the layout of Hugging Face, removed when the process ends. */
export function tinyBartFolder(
  tensors: readonly TensorData[] = tinyBartTensors(),
  config: Readonly<Record<string, unknown>> = {},
): string {
  return temporaryFolder({
    'config.json': JSON.stringify({ ...tinyBart, ...config }),
    ...bartTokenizerFiles,
    'model.safetensors': serializeSafetensors(tensors),
  });
}
