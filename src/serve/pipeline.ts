import { InputError } from '../errors.ts';
import type { AnswerFound } from '../finetune/question-answering.ts';
import {
  type GivenOf,
  isRecord,
  nonEmptyText,
  option,
  parseGiven,
  positiveInteger,
  type SettingsOf,
  shown,
  wholeNumber,
  withDefaults,
} from '../settings/index.ts';
import type { Answerer, PipelineTask } from './answerer.ts';
import { type FeatureTensor, stacked } from './feature-tensor.ts';
import type { EntityGroup, LabelScore, Summary, TaskOutputs, TokenLabel } from './outputs.ts';
import { RequestQueue } from './queue.ts';
import { queueSettings } from './queue-options.ts';
import type { ModelsOfPipelines } from './task-answers.ts';
import {
  checkedInput,
  checkedOptions,
  checkTask,
  type LabelOptions,
  type QuestionOptions,
  type SummaryOptions,
  type TaskInputs,
  type TextOrPair,
  type TokenLabelOptions,
  type VectorOptions,
} from './task-inputs.ts';

/** An option of every call. */
export interface CallOptions {
  /** Takes what is asked out of the queue, or drops its answer; the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What all pipelines have. */
export interface Pipeline {
  readonly task: PipelineTask;
  /** The requests that wait: how many there are, and `room()`, which waits until there is room for more. */
  readonly queue: RequestQueue;
  /** Takes no more requests, answers those that it has, and frees the model and its workers. */
  dispose(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Labels texts, or pairs of texts; with the likeliest label alone a list of texts has one flat list of answers. */
export interface TextClassificationPipeline extends Pipeline {
  (text: TextOrPair, options?: LabelOptions & CallOptions): Promise<LabelScore[]>;
  (texts: readonly TextOrPair[], options?: CallOptions & { readonly top_k?: 1 }): Promise<LabelScore[]>;
  (texts: readonly TextOrPair[], options: LabelOptions & CallOptions): Promise<LabelScore[][]>;
}

/** Labels the tokens of texts, or finds the entities that they make. */
export interface TokenClassificationPipeline extends Pipeline {
  (text: string, options: Grouped): Promise<EntityGroup[]>;
  (texts: readonly string[], options: Grouped): Promise<EntityGroup[][]>;
  (text: string, options?: TokenLabelOptions & CallOptions): Promise<TokenLabel[]>;
  (texts: readonly string[], options?: TokenLabelOptions & CallOptions): Promise<TokenLabel[][]>;
}

/** Options that ask for entities. */
export interface Grouped extends TokenLabelOptions, CallOptions {
  readonly aggregation_strategy: 'simple';
}

/** Answers questions about texts: one answer each, or with `top_k` above 1 a list for each. */
export interface QuestionAnsweringPipeline extends Pipeline {
  (question: string, context: string, options?: CallOptions & { readonly top_k?: 1 }): Promise<AnswerFound>;
  (question: string, context: string, options: QuestionOptions & CallOptions): Promise<AnswerFound[]>;
  (
    questions: readonly string[],
    contexts: readonly string[],
    options?: CallOptions & { readonly top_k?: 1 },
  ): Promise<AnswerFound[]>;
  (
    questions: readonly string[],
    contexts: readonly string[],
    options: QuestionOptions & CallOptions,
  ): Promise<AnswerFound[][]>;
}

/** Summarizes texts. */
export interface SummarizationPipeline extends Pipeline {
  (texts: string | readonly string[], options?: SummaryOptions & CallOptions): Promise<Summary[]>;
}

/** Turns texts into vectors [texts, hidden], or, without pooling, into [texts, tokens, hidden]. */
export interface FeatureExtractionPipeline extends Pipeline {
  (texts: string | readonly string[], options?: VectorOptions & CallOptions): Promise<FeatureTensor>;
}

/** The pipelines by their task. */
export interface Pipelines {
  readonly 'text-classification': TextClassificationPipeline;
  readonly 'token-classification': TokenClassificationPipeline;
  readonly 'question-answering': QuestionAnsweringPipeline;
  readonly summarization: SummarizationPipeline;
  readonly 'feature-extraction': FeatureExtractionPipeline;
}

/** Settings of a pipeline. */
export const pipelineSettings = {
  ...queueSettings,
  workers: option(wholeNumber, {
    description: 'threads that each have the model; 0: the model is in the thread of the caller',
    placeholder: '<count>',
    default: 0,
  }),
  threads: option(positiveInteger, {
    description: 'threads that compute for each worker, its own included',
    placeholder: '<count>',
    isOptional: true,
  }),
  model: option(nonEmptyText, {
    description: 'the backbone of a run, if it was moved',
    placeholder: '<folder>',
    isOptional: true,
  }),
};

/** Options of {@link pipeline}. */
export interface PipelineOptions extends GivenOf<typeof pipelineSettings> {
  /** Told when a worker has ended that should not have: another one is started, and what it was asked is asked again. */
  readonly onRestart?: (reason: string) => void;
}

/**
 * Makes a function that answers with a trained model, with the arguments and results of transformers.js. Requests that come together are
 * computed in one packed batch; what one gives does not depend on the others.
 *
 * @param runOrModel the folder of a run, an adapter, a checkpoint or its name, or a model that was loaded
 * @throws InputError for a task or an option that there is not, and a model that cannot be loaded or is for another task
 */
export async function pipeline<Task extends PipelineTask>(
  task: Task,
  runOrModel: string | ModelsOfPipelines[Task],
  given: PipelineOptions = {},
): Promise<Pipelines[Task]> {
  checkTask(task);
  if (!isRecord(given as unknown)) throw new InputError(`pipeline: options must be an object, not ${shown(given)}.`);
  const { onRestart, ...named } = given;
  if (onRestart !== undefined && typeof onRestart !== 'function') {
    throw new InputError(`pipeline: onRestart must be a function, not ${shown(onRestart)}.`);
  }
  const parsed = parseGiven(pipelineSettings, named, 'pipeline');
  const options = withDefaults(pipelineSettings, parsed, {}) as SettingsOf<typeof pipelineSettings>;
  const { workers, threads, model, ...ofQueue } = options;
  const answerers = await opened(task, runOrModel, { workers, threads, model, onRestart });
  const queue = new RequestQueue(answerers, ofQueue);
  const call = callsOf[task](new Caller(task, queue));
  const dispose = () => queue.close();
  return Object.assign(call, { task, queue, dispose, [Symbol.asyncDispose]: dispose }) as Pipelines[Task];
}

type Opening = Pick<PipelineOptions, 'threads' | 'model' | 'onRestart'> & { readonly workers: number };

async function opened<Task extends PipelineTask>(
  task: Task,
  runOrModel: string | ModelsOfPipelines[Task],
  { workers, threads, model, onRestart }: Opening,
): Promise<Answerer[]> {
  if (typeof runOrModel !== 'string') {
    if (workers > 0)
      throw new InputError(
        'A model that was loaded answers in the thread that it is in; for workers save it (savePretrained) and give its folder.',
      );
    const { answererOf } = await import('./model-answerer.ts');
    return [answererOf(runOrModel, task)];
  }
  const spec = { kind: 'model', path: runOrModel, task, model } as const;
  if (workers > 0) return (await import('./worker-pool.ts')).openWorkers(spec, { workers, threads, onRestart });
  if (threads !== undefined)
    throw new InputError('threads is for workers; without any, setBackend says how many threads compute.');
  return [await (await import('./open-answerer.ts')).openAnswerer(spec)];
}

/** Asks a queue for the answers to inputs of one task. */
class Caller<Task extends PipelineTask> {
  readonly #task: Task;
  readonly #queue: RequestQueue;

  constructor(task: Task, queue: RequestQueue) {
    this.#task = task;
    this.#queue = queue;
  }

  /** Answers one input. @throws InputError for what is none */
  async one(input: unknown, given: object | undefined): Promise<TaskOutputs[Task]> {
    const { signal, options } = this.#split(given);
    return this.#ask(checkedInput(this.#task, input, 'The input'), options, signal);
  }

  /** Answers each of a list, which enters the queue as there is room. @throws InputError naming an input that is none */
  async all(inputs: readonly unknown[], given: object | undefined): Promise<TaskOutputs[Task][]> {
    const { signal, options } = this.#split(given);
    const checked = inputs.map((input, i) => checkedInput(this.#task, input, `inputs[${i}]`));
    const own = new AbortController();
    const end = signal ? AbortSignal.any([signal, own.signal]) : own.signal;
    const answers: Promise<TaskOutputs[Task]>[] = [];
    for (const input of checked) {
      while (this.#queue.free === 0 && !end.aborted) await this.#queue.room({ signal: end });
      if (end.aborted) break;
      const answer = this.#ask(input, options, end);
      // Where one fails, the others of the list have no one who waits for them.
      answer.catch((error) => own.abort(error));
      answers.push(answer);
    }
    end.throwIfAborted();
    return Promise.all(answers);
  }

  #split(given: object | undefined) {
    if (given !== undefined && !isRecord(given))
      throw new InputError(`${this.#task}: options must be an object, not ${shown(given)}.`);
    const { signal, ...options } = (given ?? {}) as CallOptions & Readonly<Record<string, unknown>>;
    if (signal !== undefined && !(signal instanceof AbortSignal))
      throw new InputError(`${this.#task}: signal must be an AbortSignal, not ${shown(signal)}.`);
    return { signal, options: checkedOptions(this.#task, options) };
  }

  #ask(input: TaskInputs[Task], options: object, signal: AbortSignal | undefined) {
    const request = { task: this.#task, input, options: { ...options } };
    return this.#queue.ask(request, { signal }) as Promise<TaskOutputs[Task]>;
  }
}

type Call = (input: unknown, ...rest: unknown[]) => Promise<unknown>;

const isList = (input: unknown): input is readonly unknown[] => Array.isArray(input);

/** What is called, with the shapes of arguments and results that transformers.js has. */
const callsOf: { readonly [Task in PipelineTask]: (caller: Caller<Task>) => Call } = {
  'text-classification': (caller) => async (texts, options) => {
    if (!isList(texts)) return caller.one(texts, options as LabelOptions);
    const answers = await caller.all(texts, options as LabelOptions);
    return asksForOne(options) ? answers.flat() : answers;
  },
  'token-classification': (caller) => (texts, options) =>
    isList(texts) ? caller.all(texts, options as object) : caller.one(texts, options as object),
  'question-answering': (caller) => async (question, context, options) => {
    if (!isList(question)) {
      const answers = await caller.one({ question, context }, options as object);
      return asksForOne(options) ? answers[0] : answers;
    }
    if (!isList(context) || context.length !== question.length)
      throw new InputError(`There are ${question.length} questions; give a list of as many contexts.`);
    const inputs = question.map((one, i) => ({ question: one, context: context[i] }));
    const answers = await caller.all(inputs, options as object);
    return asksForOne(options) ? answers.flat() : answers;
  },
  summarization: (caller) => async (texts, options) =>
    isList(texts) ? (await caller.all(texts, options as object)).flat() : caller.one(texts, options as object),
  'feature-extraction': (caller) => async (texts, options) => {
    if (isList(texts) && texts.length === 0) throw new InputError('There are no texts; give one at least.');
    return stacked(await caller.all(isList(texts) ? texts : [texts], options as object));
  },
};

/** Whether one answer is asked for, and not all (null) or some. */
function asksForOne(options: unknown): boolean {
  const { top_k = 1 }: LabelOptions = options ?? {};
  return top_k === 1;
}
