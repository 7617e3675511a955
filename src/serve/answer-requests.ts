import { InputError } from '../errors.ts';
import type { AnyModel } from '../finetune/index.ts';
import { errorFields } from './answer-errors.ts';
import { labelAnswers } from './answer-labels.ts';
import { questionAnswers } from './answer-questions.ts';
import { summaryAnswers } from './answer-summaries.ts';
import { tokenAnswers } from './answer-tokens.ts';
import { vectorAnswers } from './answer-vectors.ts';
import type { AnswerOutcome, AnswerRequest, PipelineTask } from './answerer.ts';
import { type Asked, type ModelsOfPipelines, modelTaskOf, type TaskAnswers } from './task-answers.ts';
import { checkedInput, checkedOptions, checkTask } from './task-inputs.ts';

const answersOf: { readonly [Task in PipelineTask]: TaskAnswers<Task> } = {
  'text-classification': labelAnswers,
  'token-classification': tokenAnswers,
  'question-answering': questionAnswers,
  summarization: summaryAnswers,
  'feature-extraction': vectorAnswers,
};

/**
 * Answers requests with one model, those that can be computed together in one batch. One that cannot be answered has an error of its own.
 *
 * @param signal ends the computing of all; the promise is rejected with its reason
 */
export async function answerRequests(
  model: AnyModel,
  requests: readonly AnswerRequest[],
  signal?: AbortSignal,
): Promise<AnswerOutcome[]> {
  const outcomes = new Array<AnswerOutcome>(requests.length);
  const together = new Map<string, Checked[]>();
  for (const [place, request] of requests.entries()) {
    try {
      const checked = checkedRequest(model, request, place);
      together.set(checked.key, [...(together.get(checked.key) ?? []), checked]);
    } catch (error) {
      outcomes[place] = { error: errorFields(error) };
    }
  }
  for (const some of together.values()) await answerTogether(model, some, outcomes, signal);
  return outcomes;
}

/** A request that was checked, and its place among all. */
interface Checked {
  readonly task: PipelineTask;
  readonly key: string;
  readonly asked: Asked<PipelineTask>;
  readonly place: number;
}

/** @throws InputError for what the task does not take, and a task that the model is not for */
function checkedRequest(model: AnyModel, { task, input, options }: AnswerRequest, place: number): Checked {
  checkTask(task);
  if (modelTaskOf(task) !== model.task)
    throw new InputError(`This model is for ${model.task}; it does not answer requests of ${task}.`);
  const asked = { input: checkedInput(task, input, 'The input'), options: checkedOptions(task, options) };
  return { task, key: `${task} ${keyOf(task, asked.options)}`, asked, place };
}

const keyOf = (task: PipelineTask, options: object): string =>
  (answersOf[task] as TaskAnswers<'summarization'>).key(options);

/** Computes requests in one batch; where that fails, each by itself, so that one does no harm to the others. */
async function answerTogether(
  model: AnyModel,
  some: readonly Checked[],
  outcomes: AnswerOutcome[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { answer } = answersOf[some[0].task] as TaskAnswers<'summarization'>;
  try {
    const asked = some.map((one) => one.asked as Asked<'summarization'>);
    const values = await answer(model as ModelsOfPipelines['summarization'], asked, signal);
    for (const [i, { place }] of some.entries()) outcomes[place] = { value: values[i] };
  } catch (error) {
    signal?.throwIfAborted();
    if (some.length === 1) outcomes[some[0].place] = { error: errorFields(error) };
    else for (const one of some) await answerTogether(model, [one], outcomes, signal);
  }
}
