import { InputError } from '../../errors.ts';
import type { BartConfig } from '../bart-config.ts';
import { type ConfigJson, fieldError } from '../config-fields.ts';

/** How tokens are drawn at random. */
export interface Sampling {
  /** Scores are divided by it: above 0; below 1 the likely tokens become likelier. */
  readonly temperature: number;
  /** Only so many of the likeliest tokens may come; 0 is no limit. */
  readonly topK: number;
  /** Only the likeliest tokens may come that together have this probability; 1 is no limit. */
  readonly topP: number;
}

/** How texts are generated. Lengths count all tokens of the decoder, with the start token and the end. */
export interface GenerationSettings {
  readonly maxLength: number;
  /** The end may not come before so many tokens. */
  readonly minLength: number;
  /** 1: no beam search. */
  readonly numBeams: number;
  /** Texts for each source. */
  readonly numReturnSequences: number;
  /** Exponent of the length by which a beam's log-probability is divided: above 0 favours long texts. */
  readonly lengthPenalty: number;
  /** A beam search ends as soon as it has as many finished texts as beams. */
  readonly earlyStopping: boolean;
  /** No run of so many tokens may occur twice; 0 allows it. */
  readonly noRepeatNgramSize: number;
  /** The first token behind the start token; null leaves it free. */
  readonly forcedBosTokenId: number | null;
  /** The last token when `maxLength` is reached; null leaves it free. */
  readonly forcedEosTokenId: number | null;
  /** Null: the best token, or beam, each time. */
  readonly sampling: Sampling | null;
}

/** What Hugging Face does when nothing is asked for. */
export const generationDefaults: GenerationSettings = {
  maxLength: 20,
  minLength: 0,
  numBeams: 1,
  numReturnSequences: 1,
  lengthPenalty: 1,
  earlyStopping: false,
  noRepeatNgramSize: 0,
  forcedBosTokenId: null,
  forcedEosTokenId: null,
  sampling: null,
};

export const samplingDefaults: Sampling = { temperature: 1, topK: 50, topP: 1 };

/** What the value of a field must be. */
interface FieldType {
  readonly isValid: (value: unknown) => boolean;
  readonly expected: string;
}

const count: FieldType = {
  isValid: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  expected: 'a whole number, 0 or more',
};
const number: FieldType = { isValid: Number.isFinite, expected: 'a number' };
const truth: FieldType = { isValid: (value) => typeof value === 'boolean', expected: 'true or false' };

const fields = {
  max_length: ['maxLength', count],
  min_length: ['minLength', count],
  num_beams: ['numBeams', count],
  num_return_sequences: ['numReturnSequences', count],
  length_penalty: ['lengthPenalty', number],
  early_stopping: ['earlyStopping', truth],
  no_repeat_ngram_size: ['noRepeatNgramSize', count],
  forced_bos_token_id: ['forcedBosTokenId', count],
  forced_eos_token_id: ['forcedEosTokenId', count],
} as const satisfies Record<string, readonly [keyof GenerationSettings, FieldType]>;

const samplingFields = {
  temperature: ['temperature', number],
  top_k: ['topK', count],
  top_p: ['topP', number],
} as const satisfies Record<string, readonly [keyof Sampling, FieldType]>;

/** Those of `names` that have a value. @throws InputError naming the file and the field */
function fieldsIn(
  json: ConfigJson,
  names: Readonly<Record<string, readonly [string, FieldType]>>,
  file: string,
): Record<string, unknown> {
  const present = Object.entries(names).filter(([field]) => json[field] != null);
  return Object.fromEntries(
    present.map(([field, [key, { isValid, expected }]]) => {
      if (!isValid(json[field])) throw fieldError(field, json[field], expected, file);
      return [key, json[field]];
    }),
  );
}

/**
 * The settings that a `config.json` or `generation_config.json` names, as Hugging Face calls them; the rest is left out, and what
 * else there is is not looked at. With `do_sample` tokens are drawn.
 *
 * @param file for messages
 * @throws InputError naming the file and the field whose value is of another type
 */
export function parseGenerationSettings(json: ConfigJson, file = 'config.json'): Partial<GenerationSettings> {
  const own: Partial<GenerationSettings> = fieldsIn(json, fields, file);
  const sampling: Partial<Sampling> = fieldsIn(json, samplingFields, file);
  const { do_sample: draws } = fieldsIn(json, { do_sample: ['do_sample', truth] }, file);
  return draws === undefined ? own : { ...own, sampling: draws ? { ...samplingDefaults, ...sampling } : null };
}

/** @throws InputError naming the setting that is out of its range or contradicts another one */
export function checkGenerationSettings(settings: GenerationSettings, config: BartConfig): void {
  const fail = (problem: string) => new InputError(`generation: ${problem}.`);
  const whole = (
    key: 'maxLength' | 'minLength' | 'numBeams' | 'numReturnSequences' | 'noRepeatNgramSize',
    least: number,
  ) => {
    const value = settings[key];
    if (Number.isSafeInteger(value) && value >= least) return;
    throw fail(`${key} must be a whole number from ${least} on, not ${JSON.stringify(value)}`);
  };
  whole('maxLength', 2);
  whole('minLength', 0);
  whole('numBeams', 1);
  whole('numReturnSequences', 1);
  whole('noRepeatNgramSize', 0);
  const { maxLength, minLength, numBeams, numReturnSequences, lengthPenalty, sampling } = settings;
  if (maxLength > config.max_position_embeddings) {
    throw fail(`maxLength ${maxLength} exceeds the ${config.max_position_embeddings} positions of the model`);
  }
  if (minLength > maxLength) throw fail(`minLength ${minLength} exceeds maxLength ${maxLength}`);
  if (typeof settings.earlyStopping !== 'boolean') {
    throw fail(`earlyStopping must be true or false, not ${JSON.stringify(settings.earlyStopping)}`);
  }
  if (!Number.isFinite(lengthPenalty)) throw fail(`lengthPenalty must be a number, not ${lengthPenalty}`);
  for (const key of ['forcedBosTokenId', 'forcedEosTokenId'] as const) {
    const id = settings[key];
    if (id === null || (Number.isSafeInteger(id) && id >= 0 && id < config.vocab_size)) continue;
    throw fail(`${key} ${id} is none of the ${config.vocab_size} tokens`);
  }
  if (sampling) {
    const { temperature, topK, topP } = sampling;
    if (numBeams > 1) throw fail('sampling goes without beams; set numBeams to 1');
    if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
      throw fail(`temperature must be a number above 0, not ${temperature}`);
    }
    if (!(Number.isSafeInteger(topK) && topK >= 0)) throw fail(`topK must be a whole number from 0 on, not ${topK}`);
    if (!(topP > 0 && topP <= 1)) throw fail(`topP must be in (0, 1], not ${topP}`);
  } else if (numReturnSequences > numBeams) {
    throw fail(`numReturnSequences ${numReturnSequences} exceeds numBeams ${numBeams}; raise numBeams, or sample`);
  }
}
