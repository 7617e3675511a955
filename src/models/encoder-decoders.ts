import { InputError } from '../errors.ts';
import { type ConfigJson, fieldError } from './config-json.ts';
import type { EncoderDecoderConfig, EncoderDecoderType, Seq2SeqArchitecture } from './encoder-decoder-config.ts';

const registered = new Map<EncoderDecoderType, Seq2SeqArchitecture>();

/** Adds an architecture to those that files can be of. */
export function addEncoderDecoder(architecture: Seq2SeqArchitecture): void {
  registered.set(architecture.type, architecture);
}

/** Returns whether a `model_type` is of an encoder-decoder. */
export const isEncoderDecoderType = (type: unknown): type is EncoderDecoderType =>
  registered.has(type as EncoderDecoderType);

/** The architecture of a model. */
export function seq2SeqArchitectureOf(type: EncoderDecoderType): Seq2SeqArchitecture {
  const found = registered.get(type);
  if (found) return found;
  throw new Error(`The architecture ${type} is not loaded; in a page call await loadEncoderDecoders() first.`);
}

/** The names of the architectures, for messages. */
export const seq2SeqTitles = (): string[] => [...registered.values()].map(({ title }) => title);

/**
 * Reads the configuration of an encoder-decoder.
 *
 * @throws InputError naming the field if the model type is another one, a size is missing or an option is not implemented
 */
export function parseEncoderDecoderConfig(
  json: ConfigJson,
  generation?: ConfigJson,
  files = { config: 'config.json', generation: 'generation_config.json' },
): EncoderDecoderConfig {
  const { model_type: type } = json;
  if (isEncoderDecoderType(type)) return seq2SeqArchitectureOf(type).parse(json, generation, files);
  if (registered.size === 0)
    throw new InputError('Encoder-decoders are not loaded; call await loadEncoderDecoders() first.');
  throw fieldError('model_type', type, [...registered.keys()].join(' or '), files.config);
}
