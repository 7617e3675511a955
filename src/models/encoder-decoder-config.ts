import * as v from 'valibot';
import type { ParameterPath } from '../nn/index.ts';
import type { ActivationName } from '../ops/activations.ts';
import { parseWith, probability, wholeNumber } from '../settings/index.ts';
import { checkArchitectures, type StatedClass, statedClass } from './checkpoint-class.ts';
import { type ConfigJson, fieldError, only, optional } from './config-json.ts';
import { commonRefusals, harmlessFields, pipelinePrefix, unknownFields } from './config-table.ts';
import type { EncoderDecoder } from './encoder-decoder.ts';
import { type ProblemType, problemTypes } from './encoder-schema.ts';
import {
  type GenerationSettings,
  generationFieldNames,
  knownGenerationFields,
  legacyForcedBos,
  parseGenerationSettings,
  readGenerationTokens,
} from './generation/settings.ts';
import { parseLabels } from './labels.ts';

/** The encoder-decoders that there are, by the `model_type` of their files. */
export type EncoderDecoderType = 'bart' | 'marian' | 'mbart' | 't5';

/** The sizes of an encoder-decoder, under BART's names. */
export interface EncoderDecoderSizes {
  readonly d_model: number;
  readonly encoder_layers: number;
  readonly decoder_layers: number;
  readonly encoder_attention_heads: number;
  readonly decoder_attention_heads: number;
  readonly encoder_ffn_dim: number;
  readonly decoder_ffn_dim: number;
  readonly activation_function: ActivationName;
  /** Tokens of the longest sequence on either side; infinite where positions are relative. */
  readonly max_position_embeddings: number;
  /** The id of the first position. */
  readonly first_position: number;
  readonly dropout: number;
  readonly attention_dropout: number;
  readonly activation_dropout: number;
  /** Token embeddings are multiplied with √d_model. */
  readonly scale_embedding: boolean;
  /** The tokens that are written; those that are read are `vocab_size`. */
  readonly decoder_vocab_size: number;
  /** Whether both sides and the output have one table of tokens. */
  readonly shares_tables: boolean;
}

/** What the file of an encoder-decoder says that is read of all of them. */
export interface EncoderDecoderConfig extends EncoderDecoderSizes {
  readonly model_type: EncoderDecoderType;
  readonly vocab_size: number;
  readonly pad_token_id: number;
  readonly eos_token_id: number;
  /** The first token of the decoder's input. */
  readonly decoder_start_token_id: number;
  /** Whether in training the decoder begins with the last token of the target instead, such as its language. */
  readonly wraps_targets: boolean;
  /** The Python class of the checkpoint, and what its head is for. */
  readonly stated: StatedClass;
  /** Of the head for classes of texts. */
  readonly classifier_dropout: number;
  readonly problem_type: ProblemType | null;
  /** Class names in the order of the outputs, or null when the file names none. */
  readonly labels: readonly string[] | null;
  /** The defaults of generation. */
  readonly generation: Partial<GenerationSettings>;
  /** Lines on assumptions, and on fields that are not followed. */
  readonly warnings: readonly string[];
}

/** The fields of every file. */
export const commonSeq2SeqEntries = {
  pad_token_id: optional(wholeNumber, null),
  /** Of the head for classes of texts. */
  classifier_dropout: optional(probability, 0),
  /** Null: as the number of outputs says. */
  problem_type: optional(v.picklist(problemTypes, `one of ${problemTypes.join(', ')}`), null),
  ...commonRefusals,
  is_decoder: only(false, 'a decoder alone is not supported'),
  is_encoder_decoder: only(true, 'one of the two alone is not supported'),
};

/** What some fields of a file say. */
export type Seq2SeqFields<Entries extends v.ObjectEntries> = v.InferOutput<
  v.ObjectSchema<Entries & typeof commonSeq2SeqEntries, undefined>
>;

/** The tokens of an architecture where its files say nothing of them. */
interface DefaultTokens {
  readonly pad_token_id: number;
  readonly eos_token_id: number;
  /** Null: the end. */
  readonly decoder_start_token_id: number | null;
}

/** What there is to know of an architecture of encoder-decoders. Each has one file. */
export interface Seq2SeqDefinition<
  Config extends EncoderDecoderConfig = EncoderDecoderConfig,
  Entries extends v.ObjectEntries = v.ObjectEntries,
> {
  readonly type: EncoderDecoderType;
  /** Its name in texts: BART. */
  readonly title: string;
  /** The fields of `config.json` that it follows or refuses, besides the common ones. */
  readonly entries: Entries;
  /** Fields that change nothing for it. */
  readonly harmless: readonly string[];
  readonly tokens: DefaultTokens;
  readonly wrapsTargets: boolean;
  /** Settings of generation that its class in Python has where no file names them. */
  readonly generation: Partial<GenerationSettings>;
  /** The sizes under BART's names, and whatever else the model needs. */
  sizes(
    fields: Seq2SeqFields<Entries>,
    file: string,
  ): EncoderDecoderSizes & Omit<Config, keyof EncoderDecoderConfig> & { readonly vocab_size: number };
  /** Where a checkpoint has the model: `model`, or null at its root. */
  readonly prefix: string | null;
  /** Other names of tensors that the model uses in several places. */
  tied(config: Config): Readonly<Record<string, readonly string[]>>;
  /** The layers of a side below the model, `encoder.layers`, and the field with their number. */
  stack(side: 'encoder' | 'decoder'): { readonly at: string; readonly field: string };
  /** The field for the standard deviation of new weights, and the one that is supported. */
  readonly deviation: { readonly field: string; readonly value: number };
  /** The model, its parameters in a tree at its root. */
  build(root: ParameterPath, config: Config): EncoderDecoder;
}

/** A definition that reads files. */
export interface Seq2SeqArchitecture<Config extends EncoderDecoderConfig = EncoderDecoderConfig>
  extends Seq2SeqDefinition<Config> {
  /** As `parseEncoderDecoderConfig`. */
  parse(json: ConfigJson, generation: ConfigJson | undefined, files: typeof defaultFiles): Config;
}

/** The architecture of a definition. */
export const defineSeq2Seq = <Config extends EncoderDecoderConfig, Entries extends v.ObjectEntries>(
  definition: Seq2SeqDefinition<Config, Entries>,
): Seq2SeqArchitecture<Config> => ({
  ...(definition as unknown as Seq2SeqDefinition<Config>),
  parse: (json, generation, files) => parseSeq2SeqConfig(definition, json, generation, files),
});

/** Returns whether `generation_config.json` is more than a copy of fields of `config.json`; then Python reads no others. */
const decidesAlone = (generation: ConfigJson): boolean =>
  Object.keys(generation).length > 0 && generation._from_model_config !== true;

/** Other names of sizes, which Python writes too, and fields that are read elsewhere. */
const alsoKnown = [
  'model_type',
  'prefix',
  'hidden_size',
  'num_hidden_layers',
  'eos_token_id',
  'decoder_start_token_id',
];

const defaultFiles = { config: 'config.json', generation: 'generation_config.json' };

/**
 * Reads the configuration of an architecture: every field that changes what is computed is followed, or refused by its name.
 *
 * @param generation the content of `generation_config.json`; where there is one, `config.json` says of generation only which tokens
 *   begin and end a text, if it does not
 * @param files for messages
 * @throws InputError naming the field if the model type is another one, a size is missing or an option is not implemented
 */
function parseSeq2SeqConfig<Config extends EncoderDecoderConfig, Entries extends v.ObjectEntries>(
  architecture: Seq2SeqDefinition<Config, Entries>,
  json: ConfigJson,
  generation: ConfigJson = {},
  files = defaultFiles,
): Config {
  const { type, entries, harmless, tokens: usual } = architecture;
  if (json.model_type !== type) throw fieldError('model_type', json.model_type, type, files.config);
  checkArchitectures(json, type, files.config);
  const schema = v.object({ ...entries, ...commonSeq2SeqEntries });
  const fields = parseWith(schema, json, files.config) as Seq2SeqFields<Entries>;
  const own = readGenerationTokens(json, files.config);
  const ids = readGenerationTokens(generation, files.generation);
  const sizes = architecture.sizes(fields, files.config);
  const eos_token_id = ids.eos_token_id ?? own.eos_token_id ?? usual.eos_token_id;
  const tokens = {
    pad_token_id: (fields as { readonly pad_token_id: number | null }).pad_token_id ?? usual.pad_token_id,
    eos_token_id,
    decoder_start_token_id:
      ids.decoder_start_token_id ?? own.decoder_start_token_id ?? usual.decoder_start_token_id ?? eos_token_id,
  };
  for (const [name, id] of Object.entries(tokens)) {
    if (id >= sizes.vocab_size) throw fieldError(name, id, `one of the ${sizes.vocab_size} tokens`, files.config);
  }
  const { labels, warnings } = parseLabels(json, files.config);
  const known = new Set([
    ...Object.keys(schema.entries),
    ...[...harmlessFields, ...generationFieldNames, ...alsoKnown, ...harmless],
  ]);
  const rest: EncoderDecoderConfig = {
    ...sizes,
    model_type: type,
    ...tokens,
    wraps_targets: architecture.wrapsTargets,
    classifier_dropout: fields.classifier_dropout as number,
    problem_type: fields.problem_type as ProblemType | null,
    labels,
    stated: statedClass(json, type),
    generation: {
      ...(decidesAlone(generation)
        ? {}
        : { ...architecture.generation, ...legacyForcedBos(json), ...parseGenerationSettings(json, files.config) }),
      ...parseGenerationSettings(generation, files.generation),
    },
    warnings: [
      ...warnings,
      ...unknownFields(json, known, files.config),
      ...unknownFields(generation, knownGenerationFields, files.generation),
      ...pipelinePrefix(json, files.config),
    ],
  };
  return rest as Config;
}
