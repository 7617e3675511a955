import * as v from 'valibot';
import { InputError } from '../../errors.ts';
import {
  boolean,
  finiteNumber,
  listOf,
  oneOf,
  orNone,
  parseWith,
  positiveInteger,
  positiveNumber,
  strictFields,
  type ValueOf,
  wholeNumber,
  wholeNumberIn,
} from '../../settings/index.ts';
import { type ConfigJson, fieldError, isOff } from '../config-json.ts';
import type { EncoderDecoderConfig } from '../encoder-decoder-config.ts';

/** The part of the probability that tokens are drawn from. */
export const topP = v.pipe(
  v.number('in (0, 1]'),
  v.check((x) => x > 0 && x <= 1, 'in (0, 1]'),
);

/** The settings of sampling. */
export type Sampling = ValueOf<typeof sampling>;
const sampling = strictFields({
  /** Scores are divided by it: above 0; below 1 the likely tokens become likelier. */
  temperature: positiveNumber,
  /** The number of likeliest tokens to sample from; 0 is no limit. */
  topK: wholeNumber,
  /** Only the likeliest tokens may come that together have this probability; 1 is no limit. */
  topP,
});

/** A number of tokens with the start token and one more. */
export const fromTwo = v.pipe(
  v.number('a whole number from 2 on'),
  v.check((x) => Number.isSafeInteger(x) && x > 1, 'a whole number from 2 on'),
);

/** The number of beams. */
export const beamCount = wholeNumberIn(1, 1000, 'every token is computed for each of them');

/** The settings of generation. Lengths count all tokens of the decoder, with the start token and the end. */
export type GenerationSettings = ValueOf<typeof generation>;
const entries = {
  maxLength: fromTwo,
  /** The number of tokens before which the end may not come. */
  minLength: wholeNumber,
  /** 1: no beam search. */
  numBeams: beamCount,
  /** Texts for each source. */
  numReturnSequences: positiveInteger,
  /** Exponent of the length by which a beam's log-probability is divided: above 0 favours long texts. */
  lengthPenalty: finiteNumber,
  /** A beam search ends as soon as it has as many finished texts as beams. */
  earlyStopping: boolean,
  /** The length of the runs of tokens that may not occur twice; 0 allows all. */
  noRepeatNgramSize: wholeNumber,
  /** Runs of tokens that may not occur. */
  badWordsIds: listOf(listOf(wholeNumber)),
  /** Scores are probabilities again after tokens were forbidden or forced. */
  renormalizeLogits: boolean,
  /** The first token of the decoder; null: as the checkpoint says. */
  decoderStartTokenId: orNone(wholeNumber),
  /** The first token after the start token; null leaves it free. */
  forcedBosTokenId: orNone(wholeNumber),
  /** The last token when `maxLength` is reached; null leaves it free. */
  forcedEosTokenId: orNone(wholeNumber),
  /** Null: the best token, or beam, each time. */
  sampling: orNone(sampling),
  /** The version of transformers whose beam search is followed; null: 4.26 for BART, as its results were published, else 5.24. */
  beamRules: orNone(oneOf(['4.26', '5.24'])),
};
const generation = strictFields(entries);
/** The schema of settings of which any may be left out. */
export const partialGeneration = v.partial(v.strictObject(entries));

/** The defaults of Hugging Face. */
export const generationDefaults: GenerationSettings = {
  maxLength: 20,
  minLength: 0,
  numBeams: 1,
  numReturnSequences: 1,
  lengthPenalty: 1,
  earlyStopping: false,
  noRepeatNgramSize: 0,
  badWordsIds: [],
  renormalizeLogits: false,
  decoderStartTokenId: null,
  forcedBosTokenId: null,
  forcedEosTokenId: null,
  sampling: null,
  beamRules: null,
};

export const samplingDefaults: Sampling = { temperature: 1, topK: 50, topP: 1 };

/** A field that Python may write as null. */
const given = <const S extends v.GenericSchema>(schema: S) => v.nullish(schema);

/** A number of tokens, or a list with one. */
const oneToken = v.union(
  [
    wholeNumber,
    v.pipe(
      v.strictTuple([wholeNumber]),
      v.transform(([id]) => id),
    ),
  ],
  'the id of one token',
);

const fieldsSchema = v.object({
  max_length: given(wholeNumber),
  max_new_tokens: given(wholeNumber),
  min_length: given(wholeNumber),
  min_new_tokens: given(wholeNumber),
  num_beams: given(wholeNumber),
  num_return_sequences: given(wholeNumber),
  length_penalty: given(finiteNumber),
  early_stopping: given(boolean),
  no_repeat_ngram_size: given(wholeNumber),
  bad_words_ids: given(listOf(listOf(wholeNumber))),
  renormalize_logits: given(boolean),
  forced_bos_token_id: given(oneToken),
  forced_eos_token_id: given(oneToken),
  do_sample: given(boolean),
  temperature: given(finiteNumber),
  top_k: given(wholeNumber),
  top_p: given(finiteNumber),
});

/** Fields that ask for another way to generate, and the one value of each that asks for none. */
const refused: Readonly<Record<string, number | boolean | null>> = {
  num_beam_groups: 1,
  typical_p: 1,
  repetition_penalty: 1,
  encoder_repetition_penalty: 1,
  encoder_no_repeat_ngram_size: 0,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  min_p: 0,
  top_h: null,
  guidance_scale: 1,
  exponential_decay_length_penalty: null,
  suppress_tokens: null,
  begin_suppress_tokens: null,
  sequence_bias: null,
  stop_strings: null,
  max_time: null,
  penalty_alpha: 0,
  dola_layers: null,
  constraints: null,
  force_words_ids: null,
  watermarking_config: null,
  token_healing: false,
  custom_generate: null,
};

/** Every field of generation that is followed or refused. */
export const generationFieldNames: readonly string[] = [
  ...Object.keys(fieldsSchema.entries),
  ...Object.keys(refused),
  // Of groups of beams, which are refused; of scores, which are not put out; an older way to force the first token.
  ...['diversity_penalty', 'output_scores', 'return_dict_in_generate', 'remove_invalid_values'],
  'force_bos_token_to_be_generated',
];

/** Fields of `generation_config.json` that are followed, refused, or say only how Python computes and what it puts out. */
export const knownGenerationFields: ReadonlySet<string> = new Set([
  ...generationFieldNames,
  ...['_from_model_config', 'transformers_version', 'bos_token_id', 'eos_token_id', 'pad_token_id'],
  ...['decoder_start_token_id', 'use_cache', 'cache_implementation', 'cache_config', 'max_cache_len', 'low_memory'],
  ...['compile_config', 'disable_compile', 'continuous_batching_config', 'prefill_chunk_size', 'use_mtp'],
  ...['output_attentions', 'output_hidden_states', 'output_logits', 'speculation_type', 'target_lookbehind'],
  ...['prompt_lookup_num_tokens', 'max_matching_ngram_size', 'num_assistant_tokens', 'num_assistant_tokens_schedule'],
  ...['is_assistant', 'generation_kwargs'],
  ...['confidence_threshold', 'early_exit', 'ensemble_weight', 'lookbehind'].map((end) => `assistant_${end}`),
]);

const tokensSchema = v.object({ eos_token_id: given(oneToken), decoder_start_token_id: given(oneToken) });

/**
 * Reads the tokens that a text begins and ends with, and refuses what would be generated otherwise here.
 *
 * @throws InputError naming the field that is not supported
 */
export function readGenerationTokens(json: ConfigJson, file: string): v.InferOutput<typeof tokensSchema> {
  for (const [name, neutral] of Object.entries(refused)) {
    const value = json[name];
    if (isOff(value) || value === neutral) continue;
    throw fieldError(name, value, `left out${neutral === null ? '' : ` or ${neutral}`}`, file);
  }
  return parseWith(tokensSchema, json, file);
}

/** The first token that an old `config.json` forces in another way than today's. */
export const legacyForcedBos = (json: ConfigJson): Partial<GenerationSettings> =>
  json.force_bos_token_to_be_generated === true
    ? { forcedBosTokenId: typeof json.bos_token_id === 'number' ? json.bos_token_id : 0 }
    : {};

/** The fields that have a value. */
const present = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value != null)) as {
    [Key in keyof T]?: NonNullable<T[Key]>;
  };

/**
 * The settings that a `config.json` or `generation_config.json` names, as Hugging Face calls them; the rest is left out. With
 * `do_sample` tokens are drawn.
 *
 * @param file for messages
 * @throws InputError naming the file and the field whose value is of another type
 */
export function parseGenerationSettings(json: ConfigJson, file = 'config.json'): Partial<GenerationSettings> {
  const fields = parseWith(fieldsSchema, json, file);
  // The start token does not count as a new one.
  const total = (count: number | null | undefined) => (count == null ? undefined : count + 1);
  const longest = (...lengths: (number | null | undefined)[]) => {
    const given = lengths.filter((length) => length != null);
    return given.length > 0 ? Math.max(...given) : undefined;
  };
  const own: Partial<GenerationSettings> = present({
    maxLength: total(fields.max_new_tokens) ?? fields.max_length,
    minLength: longest(total(fields.min_new_tokens), fields.min_length),
    numBeams: fields.num_beams,
    numReturnSequences: fields.num_return_sequences,
    lengthPenalty: fields.length_penalty,
    earlyStopping: fields.early_stopping,
    noRepeatNgramSize: fields.no_repeat_ngram_size,
    badWordsIds: fields.bad_words_ids,
    renormalizeLogits: fields.renormalize_logits,
    forcedBosTokenId: fields.forced_bos_token_id,
    forcedEosTokenId: fields.forced_eos_token_id,
  });
  const sampling = present({ temperature: fields.temperature, topK: fields.top_k, topP: fields.top_p });
  if (fields.do_sample == null) return own;
  return { ...own, sampling: fields.do_sample ? { ...samplingDefaults, ...sampling } : null };
}

/** The bytes that the memory of the kernels can hold. */
const MAX_BYTES = 2 ** 32;

/** A setting and its value as a message has them. */
export type SettingWords = (name: keyof GenerationSettings, value: number) => string;

/**
 * Returns settings with the defaults of those that are left out.
 *
 * @param words for messages; by default the names that are here
 * @throws InputError naming the setting that is out of its range, contradicts another one, or cannot fit into memory
 */
export function checkGenerationSettings(
  asked: Partial<GenerationSettings>,
  config: EncoderDecoderConfig,
  words: SettingWords = (name, value) => `${name} ${value}`,
): GenerationSettings {
  const fail = (problem: string) => new InputError(`generation: ${problem}.`);
  const settings: GenerationSettings = {
    ...generationDefaults,
    ...asked,
    beamRules: asked.beamRules ?? (config.model_type === 'bart' ? '4.26' : '5.24'),
  };
  parseWith(generation, settings, 'generation');
  const { maxLength, minLength, numBeams, numReturnSequences } = settings;
  if (maxLength > config.max_position_embeddings) {
    throw fail(`${words('maxLength', maxLength)} exceeds the ${config.max_position_embeddings} positions of the model`);
  }
  if (minLength > maxLength) {
    throw fail(`${words('minLength', minLength)} exceeds ${words('maxLength', maxLength)}`);
  }
  for (const key of ['decoderStartTokenId', 'forcedBosTokenId', 'forcedEosTokenId'] as const) {
    const id = settings[key];
    if (id === null || id < config.decoder_vocab_size) continue;
    throw fail(`${words(key, id)} is none of the ${config.decoder_vocab_size} tokens`);
  }
  const bad = settings.badWordsIds.flat().find((id) => id >= config.decoder_vocab_size);
  if (bad !== undefined) throw fail(`badWordsIds has ${bad}, which is none of the ${config.decoder_vocab_size} tokens`);
  if (settings.sampling) {
    if (numBeams > 1) throw fail(`sampling goes without beams; use ${words('numBeams', 1)}`);
  } else if (numReturnSequences > numBeams) {
    const [texts, beams] = [words('numReturnSequences', numReturnSequences), words('numBeams', numBeams)];
    throw fail(`${texts} exceeds ${beams}; search with more beams, or sample`);
  }
  const [name, rows] =
    numBeams > 1 ? (['numBeams', numBeams] as const) : (['numReturnSequences', numReturnSequences] as const);
  const bytes = 4 * rows * (config.decoder_vocab_size + 2 * config.decoder_layers * config.d_model);
  if (bytes > MAX_BYTES) {
    throw fail(
      `${words(name, rows)} needs ${(bytes / 2 ** 30).toFixed(1)} GiB for one token of each, and there are 4.0; lower it`,
    );
  }
  return settings;
}
