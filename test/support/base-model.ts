import { Random } from '../../src/index.ts';
import {
  parseEncoderConfig,
  parseEncoderDecoderConfig,
  Seq2SeqModel,
  SequenceClassifier,
} from '../../src/models/index.ts';
import { ParameterPath, type WeightSource } from '../../src/nn/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';

/** The differences between encoders of one size. */
const encoders = {
  bert: { model_type: 'bert', vocab_size: 30522, max_position_embeddings: 512, type_vocab_size: 2 },
  roberta: { model_type: 'roberta', vocab_size: 50265, max_position_embeddings: 514, type_vocab_size: 1 },
};

/** The sizes of `bert-base-uncased`, `roberta-base` and `bart-base`, and of the large models. */
const sizes = {
  base: {
    encoder: { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 },
    bart: { d_model: 768, layers: 6, heads: 12, ffn_dim: 3072 },
  },
  large: {
    encoder: { hidden_size: 1024, num_hidden_layers: 24, num_attention_heads: 16, intermediate_size: 4096 },
    bart: { d_model: 1024, layers: 12, heads: 16, ffn_dim: 4096 },
  },
};
type Size = keyof typeof sizes;

/** Weights of which nobody reads a number: their memory is reserved, and the system gives it to no one. */
const unread: WeightSource = {
  has: (name) => !/^classifier\.|\.pooler\./.test(name),
  take: (_name, shape) => ({ dtype: 'F16', length: sizeOf(shape), readInto: () => {} }),
};

/** A model of base size, or a large one, to count the parameters of, on the wasm backend. */
export function baseModel(type: keyof typeof encoders, size: Size = 'base'): SequenceClassifier {
  const config = parseEncoderConfig({ ...sizes[size].encoder, ...encoders[type] });
  return new SequenceClassifier(ParameterPath.root(new Random(0), unread), config, { labels: ['no', 'yes'] });
}

/** As {@link baseModel}, of BART. */
export function baseBart(size: Size): Seq2SeqModel {
  const { d_model, layers, heads, ffn_dim } = sizes[size].bart;
  const config = parseEncoderDecoderConfig({
    model_type: 'bart',
    vocab_size: 50265,
    max_position_embeddings: 1024,
    d_model,
    encoder_layers: layers,
    decoder_layers: layers,
    encoder_attention_heads: heads,
    decoder_attention_heads: heads,
    encoder_ffn_dim: ffn_dim,
    decoder_ffn_dim: ffn_dim,
    activation_function: 'gelu',
  });
  return new Seq2SeqModel(ParameterPath.root(new Random(0), unread), config);
}
