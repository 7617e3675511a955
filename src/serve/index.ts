/**
 * Answers with trained models: a pipeline in the caller's thread or in workers, whose requests are gathered into packed batches, and a server
 * of many adapters on one backbone.
 */
export type {
  AdapterFacts,
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
export { FeatureTensor } from './feature-tensor.ts';
export { isLoopback } from './http/access.ts';
export { type NamedModel, type ServeOptions, type Server, serve } from './http/serve.ts';
export { serverSettings } from './http/settings.ts';
export type { EntityGroup, LabelScore, Numbers, Summary, TaskOutputs, TokenLabel } from './outputs.ts';
export {
  type CallOptions,
  type FeatureExtractionPipeline,
  type Grouped,
  type Pipeline,
  type PipelineOptions,
  type Pipelines,
  pipeline,
  type QuestionAnsweringPipeline,
  type SummarizationPipeline,
  type TextClassificationPipeline,
  type TokenClassificationPipeline,
} from './pipeline.ts';
export { type BatchEvent, RequestQueue, type RequestQueueOptions } from './queue.ts';
export { type GivenQueueOptions, type QueueOptions, queueSettings } from './queue-options.ts';
export { AnswererLostError, QueueFullError } from './serve-errors.ts';
export type { ModelsOfPipelines } from './task-answers.ts';
export type {
  ContextQuestion,
  LabelOptions,
  QuestionOptions,
  SummaryOptions,
  TaskInputs,
  TaskOptions,
  TextOrPair,
  TokenLabelOptions,
  VectorOptions,
} from './task-inputs.ts';
