import {
  type AnsweredWindow,
  answeredWindows,
  type QuestionDataset,
  questionWindows,
  readQuestions,
  type WindowOptions,
  windowDefaults,
} from '../../data/index.ts';
import { loadQuestionAnswering, type QuestionAnsweringModel } from '../../models/index.ts';
import { answerLoss, evaluateAnswers } from '../question-answering.ts';
import type { RunSettings } from '../settings-table.ts';
import type { Task } from '../task.ts';

const windowOptions = ({ maxLength, stride = windowDefaults.stride }: RunSettings): WindowOptions => ({
  maxLength,
  stride,
});

/** The part of a text that answers a question. */
export const questionAnswering: Task<{
  model: QuestionAnsweringModel;
  dataset: QuestionDataset;
  item: AnsweredWindow;
}> = {
  name: 'question-answering',
  maxLength: windowDefaults.maxLength,

  async read(source, split) {
    const rows = source.open(split);
    return rows && readQuestions(rows);
  },

  load: ({ model }, _labels, random, { shared, head }) => loadQuestionAnswering(model, random, shared, { head }),
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
