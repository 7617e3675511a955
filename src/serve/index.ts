/** Answers with trained models: a pipeline in the caller's thread or in workers, whose requests are gathered into packed batches. */
export type {
  AnswerError,
  Answerer,
  AnswererSpec,
  AnswerOutcome,
  AnswerRequest,
  BankSpec,
  ControlCommand,
  ControlReply,
  ModelSpec,
  PipelineTask,
} from './answerer.ts';
export { type BatchEvent, RequestQueue, type RequestQueueOptions } from './queue.ts';
export { type GivenQueueOptions, type QueueOptions, queueSettings } from './queue-options.ts';
export { AnswererLostError, QueueFullError } from './serve-errors.ts';
