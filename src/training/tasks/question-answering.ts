import {
  type AnsweredWindow,
  answeredWindows,
  datasetFiles,
  type QuestionDataset,
  questionWindows,
  readSquad,
  readSquadTable,
  squadFile,
  type WindowOptions,
  windowDefaults,
} from '../../data/index.ts';
import { isFolder } from '../../io/index.ts';
import { loadQuestionAnswering, type QuestionAnsweringModel } from '../../models/index.ts';
import { answerLoss, evaluateAnswers } from '../question-answering.ts';
import { datasetName, type QuestionData, type RunSettings, type UnknownQuestions, unknownData } from '../settings.ts';
import type { Task } from '../task.ts';

const windowOptions = ({
  data: { stride },
  maxLength,
}: RunSettings<QuestionData | UnknownQuestions>): WindowOptions => ({
  maxLength,
  stride,
});

/** The part of a text that answers a question. */
export const questionAnswering: Task<{
  model: QuestionAnsweringModel;
  data: QuestionData | UnknownQuestions;
  dataset: QuestionDataset;
  item: AnsweredWindow;
}> = {
  name: 'question-answering',
  maxLength: windowDefaults.maxLength,

  async readTraining(data) {
    if (data.kind === 'unknown-questions') throw unknownData();
    if ('dataset' in data) {
      const { train } = datasetFiles(data.dataset, data.subset);
      return { ...(await readSquadTable(train)), name: `${datasetName(data)} train` };
    }
    const { train } = data;
    return readSquad(isFolder(train) ? squadFile(train, 'train') : train);
  },

  async readEvaluation(data) {
    if (data.kind === 'unknown-questions') return null;
    if ('dataset' in data) {
      const { evaluation } = datasetFiles(data.dataset, data.subset);
      if (evaluation.length === 0) return null;
      return { ...(await readSquadTable(evaluation)), name: `${datasetName(data)} validation` };
    }
    const { train, eval: evaluation } = data;
    if (evaluation !== null) return readSquad(isFolder(evaluation) ? squadFile(evaluation, 'dev') : evaluation);
    return isFolder(train) ? readSquad(squadFile(train, 'dev')) : null;
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
