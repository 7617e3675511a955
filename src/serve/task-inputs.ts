import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { beamCount, fromTwo, topP } from '../models/generation/settings.ts';
import {
  boolean,
  finiteNumber,
  isRecord,
  listOf,
  oneOf,
  parseWith,
  positiveInteger,
  positiveNumber,
  type Schema,
  shown,
  strictFields,
  wholeNumber,
} from '../settings/index.ts';
import type { PipelineTask } from './answerer.ts';

/** A text, or a pair of texts. */
export type TextOrPair = string | { readonly text: string; readonly text_pair?: string };

/** A question about a text. */
export interface ContextQuestion {
  readonly question: string;
  readonly context: string;
}

/** What a request of a task asks about. */
export interface TaskInputs {
  readonly 'text-classification': TextOrPair;
  readonly 'token-classification': string;
  readonly 'question-answering': ContextQuestion;
  readonly summarization: string;
  readonly 'feature-extraction': string;
}

/** Options of labels of texts. */
export interface LabelOptions {
  /** So many of the likeliest labels; null for all. Default 1. */
  readonly top_k?: number | null;
}

/** Options of labels of tokens. */
export interface TokenLabelOptions {
  /** Labels that are left out. Default `['O']`. */
  readonly ignore_labels?: readonly string[];
  /** `simple`: neighbouring tokens of one entity are one answer. Default `none`. */
  readonly aggregation_strategy?: 'none' | 'simple';
}

/** Options of answers to questions. */
export interface QuestionOptions {
  /** So many of the best answers. Default 1. */
  readonly top_k?: number;
}

/** Options of summaries, as `generation_config.json` calls them. What is left out is as the checkpoint says. */
export interface SummaryOptions {
  readonly max_new_tokens?: number;
  readonly max_length?: number;
  readonly min_new_tokens?: number;
  readonly min_length?: number;
  readonly num_beams?: number;
  readonly num_return_sequences?: number;
  readonly length_penalty?: number;
  readonly early_stopping?: boolean;
  readonly no_repeat_ngram_size?: number;
  readonly do_sample?: boolean;
  readonly temperature?: number;
  readonly top_k?: number;
  readonly top_p?: number;
}

/** Options of vectors of texts. */
export interface VectorOptions {
  /** `none`: a vector for each token. Default `none`. */
  readonly pooling?: 'none' | 'mean' | 'cls' | 'first_token' | 'last_token' | 'eos';
  /** Divides each vector by its length. Default false. */
  readonly normalize?: boolean;
}

/** The options of a request of a task. */
export interface TaskOptions {
  readonly 'text-classification': LabelOptions;
  readonly 'token-classification': TokenLabelOptions;
  readonly 'question-answering': QuestionOptions;
  readonly summarization: SummaryOptions;
  readonly 'feature-extraction': VectorOptions;
}

const optional = <const S extends v.GenericSchema>(schema: S) => v.optional(schema);

const optionSchemas: { readonly [Task in PipelineTask]: Schema } = {
  'text-classification': strictFields({ top_k: optional(v.nullable(positiveInteger)) }),
  'token-classification': strictFields({
    ignore_labels: optional(listOf(v.string())),
    aggregation_strategy: optional(oneOf(['none', 'simple'] as const)),
  }),
  'question-answering': strictFields({ top_k: optional(positiveInteger) }),
  // Null is as in generation_config.json: what the run says.
  summarization: strictFields({
    max_new_tokens: v.nullish(positiveInteger),
    max_length: v.nullish(fromTwo),
    min_new_tokens: v.nullish(wholeNumber),
    min_length: v.nullish(wholeNumber),
    num_beams: v.nullish(beamCount),
    num_return_sequences: v.nullish(positiveInteger),
    length_penalty: v.nullish(finiteNumber),
    early_stopping: v.nullish(boolean),
    no_repeat_ngram_size: v.nullish(wholeNumber),
    do_sample: v.nullish(boolean),
    temperature: v.nullish(positiveNumber),
    top_k: v.nullish(wholeNumber),
    top_p: v.nullish(topP),
  } satisfies { readonly [Name in keyof SummaryOptions]-?: v.GenericSchema }),
  'feature-extraction': strictFields({
    pooling: optional(oneOf(['none', 'mean', 'cls', 'first_token', 'last_token', 'eos'] as const)),
    normalize: optional(boolean),
  }),
};

/** The tasks that there are. */
export const pipelineTasks = Object.keys(optionSchemas) as PipelineTask[];

/** @throws InputError for what is no task of a pipeline */
export function checkTask(task: unknown): asserts task is PipelineTask {
  if (typeof task === 'string' && Object.hasOwn(optionSchemas, task)) return;
  throw new InputError(`The task of a pipeline must be one of ${pipelineTasks.join(', ')}, not ${shown(task)}.`);
}

/** Returns the options of a request. @throws InputError naming one that the task lacks, or whose value does not fit */
export const checkedOptions = <Task extends PipelineTask>(task: Task, options: unknown): TaskOptions[Task] =>
  parseWith(optionSchemas[task], options ?? {}, task) as TaskOptions[Task];

/**
 * Returns the input of a request.
 *
 * @param name of the input, for messages
 * @throws InputError for what is no input of the task
 */
export function checkedInput<Task extends PipelineTask>(task: Task, input: unknown, name: string): TaskInputs[Task] {
  if (task === 'question-answering') return questionOf(input, name) as TaskInputs[Task];
  if (task === 'text-classification' && isRecord(input)) return pairOf(input, name) as TaskInputs[Task];
  if (typeof input === 'string') return input as TaskInputs[Task];
  const wished = task === 'text-classification' ? 'a text or { text, text_pair }' : 'a text';
  throw new InputError(`${name} is ${shown(input)}; it must be ${wished}.`);
}

function questionOf(input: unknown, name: string): ContextQuestion {
  if (!isRecord(input)) throw new InputError(`${name} is ${shown(input)}; it must be { question, context }.`);
  refuseOthers(input, name, ['question', 'context']);
  const { question, context } = input;
  for (const [field, text] of Object.entries({ question, context })) {
    if (typeof text !== 'string') throw new InputError(`${name}: its ${field} is ${shown(text)}; it must be a text.`);
    if (text.trim() === '') throw new InputError(`${name}: its ${field} is empty; give a text.`);
  }
  return { question, context } as ContextQuestion;
}

function pairOf(input: Readonly<Record<string, unknown>>, name: string): TextOrPair {
  refuseOthers(input, name, ['text', 'text_pair']);
  const { text, text_pair } = input;
  if (typeof text !== 'string') throw new InputError(`${name}: its text is ${shown(text)}; it must be a text.`);
  if (text_pair === undefined || text_pair === null) return text;
  if (typeof text_pair === 'string') return { text, text_pair };
  throw new InputError(`${name}: its text_pair is ${shown(text_pair)}; it must be a text.`);
}

function refuseOthers(input: Readonly<Record<string, unknown>>, name: string, known: readonly string[]): void {
  const other = Object.keys(input).find((field) => !known.includes(field));
  if (other === undefined) return;
  throw new InputError(`${name} has a field ${shown(other)}; there are ${known.join(' and ')}.`);
}
