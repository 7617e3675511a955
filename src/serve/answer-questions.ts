import { decodeDefaults } from '../data/answers.ts';
import { type Question, questionWindows } from '../data/index.ts';
import { windowDefaults } from '../data/windows.ts';
import { answerQuestions } from '../training/index.ts';
import type { TaskAnswers } from './task-answers.ts';
import type { QuestionOptions } from './task-inputs.ts';

const keptFor = ({ top_k = 1 }: QuestionOptions): number => Math.max(decodeDefaults.nBest, top_k);

/** The best answers to questions. */
export const questionAnswers: TaskAnswers<'question-answering'> = {
  // Probabilities are among so many answers: they must not depend on what others ask for.
  key: (options) => String(keptFor(options)),

  async answer(model, asked, signal) {
    const { maxLength, stride = windowDefaults.stride, nullScoreDiffThreshold } = model.settings;
    const questions = asked.map(({ input }, i): Question => ({ id: String(i), answers: [], ...input }));
    const windows = questionWindows(questions, model.tokenizer, { maxLength, stride });
    const decode = { ...decodeDefaults, nBest: keptFor(asked[0].options), nullScoreDiffThreshold };
    const answers = await answerQuestions(model.hold(), questions, windows, { decode, signal });
    return answers.map((best, i) =>
      best
        .slice(0, asked[i].options.top_k ?? 1)
        .map(({ text: answer, probability: score, start, end }) => ({ answer, score, start, end })),
    );
  },
};
