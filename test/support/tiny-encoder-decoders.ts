import { Random } from '../../src/index.ts';
import { serializeSafetensors } from '../../src/io/index.ts';
import { parseEncoderDecoderConfig, Seq2SeqModel } from '../../src/models/index.ts';
import { ParameterPath, type WeightSource } from '../../src/nn/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { bartTokenizerFiles, tinyBart } from './tiny-bart.ts';
import { lively } from './tiny-model.ts';

const relative = {
  ...{ vocab_size: 20, d_model: 8, encoder_layers: 1, decoder_layers: 2, encoder_attention_heads: 2 },
  ...{ decoder_attention_heads: 4, encoder_ffn_dim: 6, decoder_ffn_dim: 5, max_position_embeddings: 12 },
  ...{ scale_embedding: true, activation_function: 'swish', dropout: 0, attention_dropout: 0, activation_dropout: 0 },
};

const t5 = {
  ...{ model_type: 't5', vocab_size: 20, d_model: 8, d_kv: 3, d_ff: 6, num_layers: 1, num_decoder_layers: 2 },
  ...{ num_heads: 2, relative_attention_num_buckets: 4, relative_attention_max_distance: 6, dropout_rate: 0 },
};

/** The `config.json` of tiny encoder-decoders, which have different sizes wherever they can. */
export const tinyEncoderDecoders = {
  mbart: { ...relative, model_type: 'mbart', pad_token_id: 1, eos_token_id: 2 },
  marian: { ...relative, model_type: 'marian', pad_token_id: 19, eos_token_id: 0, decoder_start_token_id: 19 },
  t5: { ...t5, feed_forward_proj: 'relu' },
  'flan-t5': { ...t5, feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
} as const satisfies Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type TinyName = keyof typeof tinyEncoderDecoders;

/** Weights as of a trained model; only flan-T5 has an output layer of its own. */
export const tinyWeights = (name: TinyName): WeightSource => ({
  has: (tensor) => tensor !== 'lm_head.weight' || name === 'flan-t5',
  take: lively,
});

/** A tiny encoder-decoder as if trained. */
export const tinyEncoderDecoder = (name: TinyName, changes: Readonly<Record<string, unknown>> = {}): Seq2SeqModel =>
  new Seq2SeqModel(
    ParameterPath.root(new Random(1), tinyWeights(name)),
    parseEncoderDecoderConfig({ ...tinyEncoderDecoders[name], ...changes }),
  );

/** A temporary model folder in the layout of Hugging Face, with the tokenizer of the tiny BART, removed when the process ends. */
export function tinyEncoderDecoderFolder(
  name: TinyName,
  {
    changes = {},
    number = (x) => x,
    files = tokenizerOfBart,
  }: {
    readonly changes?: Readonly<Record<string, unknown>>;
    /** What the checkpoint has for a number of a weight. */
    readonly number?: (x: number) => number;
    readonly files?: Readonly<Record<string, string | Uint8Array>>;
  } = {},
): string {
  const config = { ...tinyEncoderDecoders[name], ...tokensOfBart, ...writers[name], ...changes };
  const model = tinyEncoderDecoder(name, config);
  const tensors = [...model.parameters(), ...model.constants].map(({ name: tensor, shape }) => ({
    ...{ name: tensor, dtype: 'F32' as const, shape },
    data: (tinyWeights(name).take(tensor, shape) as Float32Array).map(number),
  }));
  return temporaryFolder({
    'config.json': JSON.stringify(config),
    ...files,
    'model.safetensors': serializeSafetensors(tensors),
  });
}

const tokenizerOfBart = {
  ...bartTokenizerFiles,
  'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'BartTokenizer' }),
};

const tokensOfBart = { vocab_size: tinyBart.vocab_size, pad_token_id: 1, eos_token_id: 2, decoder_start_token_id: 2 };

const writers: Readonly<Record<TinyName, Readonly<Record<string, unknown>>>> = {
  mbart: { architectures: ['MBartForConditionalGeneration'], decoder_start_token_id: undefined },
  marian: { architectures: ['MarianMTModel'], decoder_vocab_size: tinyBart.vocab_size },
  t5: { architectures: ['T5ForConditionalGeneration'] },
  'flan-t5': { architectures: ['T5ForConditionalGeneration'] },
};
