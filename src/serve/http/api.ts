import * as v from 'valibot';
import type { PipelineTask } from '../answerer.ts';
import type { Limits } from './limits.ts';

const described = <const S extends v.GenericSchema>(schema: S, description: string) =>
  v.pipe(schema, v.description(description));
const optional = <const S extends v.GenericSchema>(schema: S, description: string) =>
  v.optional(described(schema, description));

const probability = described(v.number(), 'a probability; of a model of numbers the number');
const place = (what: string) => described(v.number(), `where it ${what} in the text, in UTF-16 code units`);
const count = v.pipe(v.number(), v.integer('a whole number above 0'), v.minValue(1, 'a whole number above 0'));

/** The name of an adapter, as it stands in addresses. */
export const adapterName = v.pipe(
  v.string(),
  v.regex(/^(?!\.+$)[\w.-]{1,100}$/, 'a name of letters, digits, ".", "-" and "_"'),
);

export const isAdapterName = (name: string): boolean => v.is(adapterName, name);

/** A way to ask: a task of the models, in the words of the interface. */
export interface Verb {
  readonly task: PipelineTask;
  readonly summary: string;
  /** One of the inputs. */
  readonly input: (text: v.GenericSchema<string>) => v.GenericSchema;
  /** What may be asked for beside them. */
  readonly options: Readonly<Record<string, v.GenericSchema>>;
  /** Those where nothing is asked for. */
  readonly defaults: Readonly<Record<string, unknown>>;
  /** The answer to one input. */
  readonly output: v.GenericSchema;
}

/** The ways to ask, by the last part of their address. */
export const verbs = {
  classify: {
    task: 'text-classification',
    summary: 'The classes of texts or pairs of texts, or the numbers of a model of numbers',
    input: (text) =>
      v.union([text, v.strictObject({ text, text_pair: v.optional(text) })], 'a text or {text, text_pair}'),
    options: { top_k: optional(v.nullable(count), 'so many of the likeliest classes, null for all; default 1') },
    defaults: {},
    output: v.array(v.strictObject({ label: v.string(), score: probability })),
  },
  tag: {
    task: 'token-classification',
    summary: 'The entities in texts',
    input: (text) => text,
    options: {
      aggregation_strategy: optional(v.picklist(['none', 'simple']), 'none: every token by itself; default simple'),
      ignore_labels: optional(v.array(v.string()), 'labels that are left out; default O'),
    },
    defaults: { aggregation_strategy: 'simple' },
    output: v.array(
      v.looseObject({ score: probability, word: v.string(), start: place('begins'), end: place('ends') }),
    ),
  },
  answer: {
    task: 'question-answering',
    summary: 'The answers to questions about texts',
    input: (text) => v.strictObject({ question: text, context: text }),
    options: { top_k: optional(count, 'so many of the best answers; default 1') },
    defaults: {},
    output: v.array(
      v.strictObject({ answer: v.string(), score: probability, start: place('begins'), end: place('ends') }),
    ),
  },
  embed: {
    task: 'feature-extraction',
    summary: 'The vectors of texts',
    input: (text) => text,
    options: {
      pooling: optional(v.picklist(['mean', 'cls']), 'what the vector is; default: as the model was trained'),
      normalize: optional(v.boolean(), 'divide each vector by its length; default false'),
    },
    defaults: {},
    output: v.array(v.number()),
  },
  summarise: {
    task: 'summarization',
    summary: 'Summaries of texts, or what else a sequence-to-sequence model writes',
    input: (text) => text,
    options: {
      max_new_tokens: optional(count, 'tokens to write, at most'),
      num_beams: optional(count, 'beams of the search'),
      no_repeat_ngram_size: optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 'n-grams of this size come once'),
      length_penalty: optional(v.number(), 'above 0 for longer texts'),
      early_stopping: optional(v.boolean(), 'end when there are as many texts as beams'),
    },
    defaults: {},
    output: v.array(v.strictObject({ summary_text: v.string() })),
  },
} as const satisfies Readonly<Record<string, Verb>>;

export type VerbName = keyof typeof verbs;

/** The body of a question. */
export const questionSchema = (name: VerbName, { maxInputs, maxCharacters }: Limits) => {
  const { input, options }: Verb = verbs[name];
  const text = v.pipe(v.string(), v.maxLength(maxCharacters, `at most ${maxCharacters} characters`));
  return v.strictObject({
    adapter: optional(adapterName, 'which adapter answers; may be left out where one is loaded'),
    inputs: v.pipe(
      v.array(input(text)),
      v.minLength(1, 'at least one input'),
      v.maxLength(maxInputs, `at most ${maxInputs} inputs`),
    ),
    ...options,
  });
};

/** The body of an answer: one result for each input, in their order. */
export const answerSchema = (name: VerbName) =>
  v.strictObject({ adapter: v.string(), results: v.array(verbs[name].output) });

/** The body of a request to load an adapter. */
export const loadSchema = v.strictObject({
  path: described(
    v.pipe(v.string(), v.nonEmpty('a folder')),
    'a folder below the one that the server was given for adapters',
  ),
  name: optional(adapterName, 'the name to ask for it by; default: the last part of the path'),
});

/** What is known of an adapter. */
export const factsSchema = v.strictObject({
  name: v.string(),
  task: v.string(),
  verb: v.picklist(Object.keys(verbs) as VerbName[]),
  kind: described(v.nullable(v.string()), 'the kind of adapter; null for a checkpoint'),
  labels: v.nullable(v.array(v.string())),
  pairs: described(v.nullable(v.boolean()), 'whether it was trained on pairs of texts; null where that is not known'),
});

export const adaptersSchema = v.strictObject({ adapters: v.array(factsSchema) });

export const errorSchema = v.strictObject({
  error: v.strictObject({ code: v.string(), message: v.string() }),
});

export const healthSchema = v.strictObject({ status: v.picklist(['ok', 'stopping']) });
