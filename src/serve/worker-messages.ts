import type {
  AnswerError,
  AnswererSpec,
  AnswerOutcome,
  AnswerRequest,
  ControlCommand,
  ControlReply,
} from './answerer.ts';

/** What a worker is started with. */
export interface WorkerStart {
  readonly spec: AnswererSpec;
  /** Threads that compute in it, its own included. */
  readonly threads: number;
  /** What stands for `import.meta.url` where its program is one text. */
  readonly url: string;
}

/** What a worker is told. Requests and changes are done one after the other, in their order. */
export type ToWorker =
  | { readonly id: number; readonly requests: readonly AnswerRequest[] }
  | { readonly id: number; readonly command: ControlCommand }
  | { readonly cancel: number };

/** What a worker tells: that it is ready or why it cannot be, and one reply to each message with an id. */
export type FromWorker =
  | { readonly ready: true }
  | { readonly failed: AnswerError }
  | { readonly id: number; readonly outcomes: readonly AnswerOutcome[] }
  | { readonly id: number; readonly reply: ControlReply }
  | { readonly id: number; readonly error: AnswerError };
