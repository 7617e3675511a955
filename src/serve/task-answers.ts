import type { AnyModel, ModelsByTask } from '../finetune/index.ts';
import type { PipelineTask } from './answerer.ts';
import type { TaskOutputs } from './outputs.ts';
import { pipelineTasks, type TaskInputs, type TaskOptions } from './task-inputs.ts';

/** A request whose input and options were checked. */
export interface Asked<Task extends PipelineTask> {
  readonly input: TaskInputs[Task];
  readonly options: TaskOptions[Task];
}

/** The models that answer the requests of a task. */
export interface ModelsOfPipelines {
  readonly 'text-classification': ModelsByTask['text-classification'];
  readonly 'token-classification': ModelsByTask['token-classification'];
  readonly 'question-answering': ModelsByTask['question-answering'];
  readonly summarization: ModelsByTask['text2text-generation'];
  readonly 'feature-extraction': ModelsByTask['feature-extraction'];
}

/** How the requests of a task are answered. */
export interface TaskAnswers<Task extends PipelineTask> {
  /** Requests with the same key are computed together. */
  key(options: TaskOptions[Task]): string;
  /**
   * Answers requests with the same key, in their order.
   *
   * @throws InputError for what the model cannot answer
   */
  answer(
    model: ModelsOfPipelines[Task],
    asked: readonly Asked<Task>[],
    signal?: AbortSignal,
  ): Promise<readonly TaskOutputs[Task][]>;
}

/** The task that a model of the upper half has for the requests of a pipeline. */
export const modelTaskOf = (task: PipelineTask): AnyModel['task'] =>
  task === 'summarization' ? 'text2text-generation' : task;

/** The words of pipelines for the task of a model; null where there is no pipeline. */
export const taskOfModel = (task: AnyModel['task']): PipelineTask | null =>
  pipelineTasks.find((name) => modelTaskOf(name) === task) ?? null;
