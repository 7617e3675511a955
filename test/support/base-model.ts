import { Random } from '../../src/index.ts';
import { parseEncoderConfig, SequenceClassifier } from '../../src/models/index.ts';
import { ParameterPath, type WeightSource } from '../../src/nn/index.ts';
import { sizeOf } from '../../src/tensor/shape.ts';

/** The sizes of `bert-base-uncased` and `roberta-base`. */
const configs = {
  bert: { model_type: 'bert', vocab_size: 30522, max_position_embeddings: 512, type_vocab_size: 2 },
  roberta: { model_type: 'roberta', vocab_size: 50265, max_position_embeddings: 514, type_vocab_size: 1 },
};
const base = { hidden_size: 768, num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: 3072 };

/** Weights of which nobody reads a number: their memory is reserved, and the system gives it to no one. */
const unread: WeightSource = {
  has: (name) => !/^classifier\.|\.pooler\./.test(name),
  take: (_name, shape) => ({ dtype: 'F16', length: sizeOf(shape), readInto: () => {} }),
};

/** A model of base size to count the parameters of, on the wasm backend. */
export function baseModel(type: keyof typeof configs): SequenceClassifier {
  const config = parseEncoderConfig({ ...base, ...configs[type] });
  return new SequenceClassifier(ParameterPath.root(new Random(0), unread), config, { labels: ['no', 'yes'] });
}
