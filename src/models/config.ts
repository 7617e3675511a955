import * as v from 'valibot';
import { InputError } from '../errors.ts';
import type { ActivationName } from '../ops/activations.ts';
import { parseWith, printable } from '../settings/index.ts';
import type { Architecture, EncoderType } from './architecture.ts';
import { architectures, findArchitecture } from './architectures.ts';
import { checkArchitectures, type StatedClass, statedClass } from './checkpoint-class.ts';
import { type ConfigJson, fieldError } from './config-json.ts';
import { generationFields, harmlessFields, pipelinePrefix, unknownFields } from './config-table.ts';
import { commonEntries, type ProblemType } from './encoder-schema.ts';
import { parseLabels } from './labels.ts';

/**
 * What the `config.json` of an encoder says that the forward pass reads, and what it says of its head. Sizes have the names of BERT,
 * whatever the file calls them.
 */
export interface EncoderConfig {
  readonly model_type: EncoderType;
  /** The place of the encoder in a checkpoint with a head. */
  readonly prefix: string;
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly intermediate_size: number;
  readonly hidden_act: ActivationName;
  readonly max_position_embeddings: number;
  /** The position of padding, after which others begin; null: they begin at 0. */
  readonly position_padding: number | null;
  /** 0: it has no token types. */
  readonly type_vocab_size: number;
  readonly layer_norm_eps: number;
  readonly pad_token_id: number;
  readonly hidden_dropout_prob: number;
  readonly attention_probs_dropout_prob: number;
  /** Null: as `hidden_dropout_prob`. */
  readonly classifier_dropout: number | null;
  /** Null: as the number of outputs says. */
  readonly problem_type: ProblemType | null;
  /** The Python class of the checkpoint, and what its head is for. */
  readonly stated: StatedClass;
  /** Class names in the order of the outputs, or null when the file names none. */
  readonly labels: readonly string[] | null;
  /** Lines on assumptions, and on fields that are not followed. */
  readonly warnings: readonly string[];
}

/** The content of a file under the names of the fields here. */
const renamed = (json: ConfigJson, { otherNames = {} }: Pick<Architecture, 'otherNames'>): ConfigJson => ({
  ...Object.fromEntries(
    Object.entries(otherNames).flatMap(([other, name]) => (json[other] === undefined ? [] : [[name, json[other]]])),
  ),
  ...json,
});

/** The content of a file under the names that transformers reads. The code of its own that it names would read the others. */
export function underOwnNames(json: ConfigJson): ConfigJson {
  const architecture = findArchitecture(json.model_type);
  const { otherNames } = architecture ?? {};
  if (!architecture || !otherNames || !Object.keys(json).some((name) => Object.hasOwn(otherNames, name))) return json;
  const { auto_map: _, ...own } = renamed(json, architecture);
  return Object.fromEntries(Object.entries(own).filter(([name]) => !Object.hasOwn(otherNames, name)));
}

const bertNames = { hidden_size: 'hidden_size', num_attention_heads: 'num_attention_heads' };

const otherFields = [...harmlessFields, ...generationFields, 'model_type', 'prefix'];

/**
 * Reads the configuration of a supported encoder: every field that changes what is computed is followed, or refused by its name.
 *
 * @param file for messages
 * @throws InputError naming the field if the model type is unsupported, a size is missing or an option is not implemented
 */
export function parseEncoderConfig(json: ConfigJson, file = 'config.json'): EncoderConfig {
  const architecture = findArchitecture(json.model_type);
  if (!architecture) {
    const types = architectures().map(({ type }) => type);
    throw fieldError('model_type', json.model_type, `${types.slice(0, -1).join(', ')} or ${types.at(-1)}`, file);
  }
  const { type: model_type, prefix, entries, fieldNames } = architecture;
  checkArchitectures(json, model_type, file);
  const schema = v.object({ ...commonEntries, ...entries });
  const fields = parseWith(schema, renamed(json, architecture), file);
  const { vocab_size, max_position_embeddings: places } = fields;
  const pad_token_id = fields.pad_token_id ?? architecture.padTokenId;
  const sizes = { position_padding: null, ...architecture.sizes(fields, pad_token_id) };
  const { hidden_size, num_attention_heads: heads, position_padding } = sizes;
  if (hidden_size % heads !== 0) {
    const { hidden_size: width, num_attention_heads: name } = { ...bertNames, ...fieldNames };
    throw new InputError(`${printable(file)}: ${name} must be a divisor of ${width}, not ${heads}.`);
  }
  if (pad_token_id >= vocab_size) {
    throw fieldError('pad_token_id', pad_token_id, `one of the ${vocab_size} tokens`, file);
  }
  if (position_padding !== null && places <= position_padding + 1) {
    throw fieldError('max_position_embeddings', places, `above ${position_padding + 1}`, file);
  }
  const { labels, warnings } = parseLabels(json, file);
  const others = Object.keys(architecture.otherNames ?? {});
  const known = new Set([...Object.keys(schema.entries), ...others, ...otherFields]);
  return {
    model_type,
    prefix,
    vocab_size,
    max_position_embeddings: places,
    pad_token_id,
    classifier_dropout: fields.classifier_dropout,
    problem_type: fields.problem_type,
    ...sizes,
    stated: statedClass(json, model_type),
    labels,
    warnings: [...warnings, ...unknownFields(json, known, file), ...pipelinePrefix(json, file)],
  };
}
