import { InputError } from '../errors.ts';
import { type AnyModel, load, PretrainedModel } from '../finetune/index.ts';
import { shown } from '../settings/index.ts';
import { answerRequests } from './answer-requests.ts';
import type { Answerer, AnswerOutcome, AnswerRequest, ModelSpec, PipelineTask } from './answerer.ts';
import { modelTaskOf } from './task-answers.ts';

/** One model that answers requests. */
export class ModelAnswerer implements Answerer {
  readonly #model: AnyModel;
  readonly #isOwn: boolean;

  /** @param isOwn whether `dispose` frees the model */
  constructor(model: AnyModel, { isOwn }: { readonly isOwn: boolean }) {
    this.#model = model;
    this.#isOwn = isOwn;
  }

  /** Loads the model. @throws InputError as `load` */
  static async open({ path, task, model }: ModelSpec): Promise<ModelAnswerer> {
    return new ModelAnswerer(await load(path, { task: modelTaskOf(task), model }), { isOwn: true });
  }

  answer(requests: readonly AnswerRequest[], signal?: AbortSignal): Promise<AnswerOutcome[]> {
    return answerRequests(this.#model, requests, signal);
  }

  dispose(): void {
    if (this.#isOwn) this.#model.dispose();
  }
}

/** What answers with a model of a program, which goes on to own it. @throws InputError for what is no model of the task */
export function answererOf(model: unknown, task: PipelineTask): Answerer {
  if (!(model instanceof PretrainedModel)) {
    throw new InputError(
      `A pipeline needs the folder or the name of a model, or one that was loaded, not ${shown(model)}.`,
    );
  }
  const found = model as unknown as AnyModel;
  if (found.task !== modelTaskOf(task)) throw new InputError(`This model is for ${found.task}, not for ${task}.`);
  return new ModelAnswerer(found, { isOwn: false });
}
