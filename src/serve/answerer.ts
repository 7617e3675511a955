/** The tasks of a pipeline, under their names in transformers.js. */
export type PipelineTask =
  | 'text-classification'
  | 'token-classification'
  | 'question-answering'
  | 'summarization'
  | 'feature-extraction';

/** One question to a model: a text, a pair of texts, or a question with its context. Can be cloned between threads. */
export interface AnswerRequest {
  readonly task: PipelineTask;
  /** One input of the task; lists are several requests. */
  readonly input: unknown;
  /** Options of the task, such as `top_k`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The adapter of a bank that answers. */
  readonly adapter?: string;
}

/** Why a request has no answer. */
export interface AnswerError {
  /** `InputError` where the message is for whoever asked. */
  readonly name: string;
  readonly message: string;
}

/** What becomes of a request: a value in the form of the task, or an error. Can be cloned between threads. */
export type AnswerOutcome = { readonly value: unknown } | { readonly error: AnswerError };

/** A change of what is loaded, or none. */
export type ControlCommand =
  | { readonly load: { readonly name: string; readonly path: string } }
  | { readonly unload: string }
  | { readonly list: true };

/** What is known of a loaded adapter. */
export interface AdapterFacts {
  readonly name: string;
  readonly task: PipelineTask;
  /** The kind of adapter; null for a checkpoint. */
  readonly kind: string | null;
  readonly labels: readonly string[] | null;
  /** How many texts each example had that it was trained on; null where that is not known. */
  readonly texts: 1 | 2 | null;
  /** What the vector of a text is, of a model that embeds; null of others. */
  readonly pooling: 'cls' | 'mean' | null;
}

/** What is loaded after a change. */
export interface ControlReply {
  readonly adapters: readonly AdapterFacts[];
}

/** What answers requests: one model, or one backbone with many adapters. It lives in a worker, or in the caller's thread. */
export interface Answerer {
  /**
   * Answers each request, in their order. A request that cannot be answered has an error of its own and does not harm the others.
   *
   * @param signal ends the computing of all, whose promise is rejected with its reason
   */
  answer(requests: readonly AnswerRequest[], signal?: AbortSignal): Promise<readonly AnswerOutcome[]>;
  /** Changes what is loaded, where there are many adapters. @throws InputError for what cannot be loaded or is not there */
  control?(command: ControlCommand): Promise<ControlReply>;
  /** Frees what it holds. */
  dispose(): void;
}

/** A model: the folder of a run, a checkpoint with a head of its own, or an encoder. */
export interface ModelSpec {
  readonly kind: 'model';
  readonly path: string;
  readonly task: PipelineTask;
  /** The backbone of a run, if it was moved. */
  readonly model?: string;
}

/** Many adapters of few backbones. */
export interface BankSpec {
  readonly kind: 'bank';
  /** Where the backbone is now, if it is not where the adapters say. */
  readonly model?: string;
  readonly adapters: readonly { readonly name: string; readonly path: string }[];
}

/** What an {@link Answerer} is made of, in a form that can be cloned between threads. */
export type AnswererSpec = ModelSpec | BankSpec;
