import { InputError } from '../errors.ts';
import { type Parameter, ParameterPath } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { type ConfigJson, fieldError } from './config-json.ts';
import { encoderAt } from './encoder.ts';
import { type ModelConfig, parseModelConfig } from './model-config.ts';
import { Seq2SeqModel } from './seq2seq.ts';

/** The fields of BART and BERT for the standard deviation of new weights. */
const deviation = { bart: 'init_std', bert: 'initializer_range', roberta: 'initializer_range' } as const;

/** The bytes that 32-bit addresses reach: the memory of the fast backend. */
const MAX_BYTES = 2 ** 32;

/** The sizes in a configuration, and the numbers in the matrices that they make, at least. */
function sizesOf(config: ModelConfig): { readonly sizes: Readonly<Record<string, number>>; readonly numbers: number } {
  if (config.model_type === 'bart') {
    const { vocab_size, d_model, encoder_layers, decoder_layers, encoder_ffn_dim, decoder_ffn_dim } = config;
    const { max_position_embeddings } = config;
    const layers =
      encoder_layers * (4 * d_model + 2 * encoder_ffn_dim) + decoder_layers * (8 * d_model + 2 * decoder_ffn_dim);
    return {
      sizes: {
        vocab_size,
        d_model,
        encoder_layers,
        decoder_layers,
        encoder_ffn_dim,
        decoder_ffn_dim,
        max_position_embeddings,
      },
      numbers: d_model * (vocab_size + 2 * max_position_embeddings + layers),
    };
  }
  const { vocab_size, hidden_size, num_hidden_layers, intermediate_size, max_position_embeddings, type_vocab_size } =
    config;
  return {
    sizes: { vocab_size, hidden_size, num_hidden_layers, intermediate_size, max_position_embeddings, type_vocab_size },
    numbers:
      hidden_size *
      (vocab_size +
        max_position_embeddings +
        type_vocab_size +
        num_hidden_layers * (4 * hidden_size + 2 * intermediate_size)),
  };
}

/** @throws InputError naming the size that makes the weights larger than all memory, before any of it is taken */
function assertFitsMemory(config: ModelConfig): void {
  const { sizes, numbers } = sizesOf(config);
  const bytes = Float32Array.BYTES_PER_ELEMENT * numbers;
  if (bytes <= MAX_BYTES) return;
  const [name, value] = Object.entries(sizes).reduce((a, b) => (b[1] > a[1] ? b : a));
  throw new InputError(
    `config.json: ${name} ${value} makes weights of ${(bytes / 2 ** 30).toFixed(1)} GiB, and there are 4.0; lower it.`,
  );
}

/**
 * The parameters of a randomly initialised model, as Hugging Face begins its training: matrices N(0, 0.02²), rows of padding
 * and biases 0, scales 1. Those of an encoder are without a head.
 *
 * @param json the content of `config.json`
 * @throws InputError as `parseModelConfig`, and for another standard deviation and sizes that no memory holds
 */
export function randomWeights(json: ConfigJson, random: Random): Parameter[] {
  const config = parseModelConfig(json);
  assertFitsMemory(config);
  const field = deviation[config.model_type];
  if ((json[field] ?? 0.02) !== 0.02) throw fieldError(field, json[field], '0.02');
  const root = ParameterPath.root(random);
  if (config.model_type === 'bart') new Seq2SeqModel(root, config);
  else encoderAt(root.at(config.model_type), config);
  return root.parameters();
}
