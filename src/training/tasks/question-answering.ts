import {
  type AnsweredWindow,
  answeredWindows,
  type QuestionDataset,
  questionWindows,
  readSquad,
  squadFile,
  type WindowOptions,
  windowDefaults,
} from '../../data/index.ts';
import { isFolder } from '../../io/index.ts';
import { loadQuestionAnswering, type QuestionAnsweringModel } from '../../models/index.ts';
import { answerLoss, evaluateAnswers } from '../question-answering.ts';
import type { QuestionData, RunSettings } from '../settings.ts';
import type { Task } from '../task.ts';

const windowOptions = ({ data: { stride }, maxLength }: RunSettings<QuestionData>): WindowOptions => ({
  maxLength,
  stride,
});

/** The part of a text that answers a question. */
export const questionAnswering: Task<{
  model: QuestionAnsweringModel;
  data: QuestionData;
  dataset: QuestionDataset;
  item: AnsweredWindow;
}> = {
  name: 'question answering',
  maxLength: windowDefaults.maxLength,

  readTraining: async ({ train }) => readSquad(isFolder(train) ? squadFile(train, 'train') : train),

  async readEvaluation({ train, eval: evaluation }) {
    if (evaluation !== null) return readSquad(isFolder(evaluation) ? squadFile(evaluation, 'dev') : evaluation);
    return isFolder(train) ? readSquad(squadFile(train, 'dev')) : null;
  },

  load: ({ model }, _labels, random, shared) => loadQuestionAnswering(model, random, shared),
  encode: ({ examples, name }, tokenizer, settings) =>
    answeredWindows(examples, tokenizer, windowOptions(settings), name),
  tokenCount: ({ ids }) => ids.length,
  loss: answerLoss,

  evaluation({ examples, name }, tokenizer, settings) {
    const windows = questionWindows(examples, tokenizer, windowOptions(settings), name);
    return {
      size: windows.length,
      scores: async (model, options) => ({ ...(await evaluateAnswers(model, examples, windows, options)) }),
    };
  },
};
