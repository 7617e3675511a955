import { InputError } from '../errors.ts';
import { type Parameter, ParameterPath } from '../nn/index.ts';
import type { Random } from '../random/random.ts';
import { encoderAt } from './architectures.ts';
import { type ConfigJson, fieldError } from './config-json.ts';
import { seq2SeqArchitectureOf } from './encoder-decoders.ts';
import { isEncoderDecoder, layerSizes, type ModelConfig, parseModelConfig } from './model-config.ts';
import { Seq2SeqModel } from './seq2seq.ts';

/** The field for the standard deviation of new weights, and the one that is supported. */
const deviationOf = (config: ModelConfig) =>
  isEncoderDecoder(config)
    ? seq2SeqArchitectureOf(config.model_type).deviation
    : { field: 'initializer_range', value: 0.02 };

/** The bytes that 32-bit addresses reach: the memory of the fast backend. */
const MAX_BYTES = 2 ** 32;

/** @throws InputError naming the size that makes the weights larger than all memory, before any of it is taken */
function assertFitsMemory(config: ModelConfig): void {
  const { hidden, inner, count } = layerSizes(config);
  const places = Number.isFinite(config.max_position_embeddings) ? config.max_position_embeddings : 0;
  const numbers = hidden * (config.vocab_size + places + count * (4 * hidden + 2 * inner));
  const bytes = Float32Array.BYTES_PER_ELEMENT * numbers;
  if (bytes <= MAX_BYTES) return;
  const sizes = Object.entries(config).filter(([, value]) => typeof value === 'number');
  const [name, value] = sizes.reduce((a, b) => (b[1] > a[1] ? b : a));
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
  const { field, value } = deviationOf(config);
  if ((json[field] ?? value) !== value) throw fieldError(field, json[field], String(value));
  const root = ParameterPath.root(random);
  if (isEncoderDecoder(config)) new Seq2SeqModel(root, config);
  else encoderAt(root.at(config.prefix), config);
  return root.parameters();
}
