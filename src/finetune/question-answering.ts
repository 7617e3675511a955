import { decodeDefaults } from '../data/answers.ts';
import { type Question, questionWindows } from '../data/index.ts';
import { windowDefaults } from '../data/windows.ts';
import { checkOptions } from '../settings/index.ts';
import { answerQuestions, loadParts, questionAnswering } from '../training/index.ts';
import { type Inputs, inputsOf } from './inputs.ts';
import { type FromPretrainedOptions, settingsFor } from './options.ts';
import { PretrainedModel } from './pretrained.ts';
import type { TypesOf } from './types.ts';

/** A question about a text. */
export interface QuestionInput {
  readonly question: string;
  readonly context: string;
}

/** A part of a text that answers a question, or that none does. */
export interface AnswerFound {
  /** Empty where there is no answer. */
  readonly answer: string;
  /** Its probability. */
  readonly score: number;
  /** Its place in the context, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

export interface AnswerOptions {
  /** By how much the score of no answer must be above that of the best one to be chosen. Default: that of the model, if it has one */
  readonly nullScoreDiffThreshold?: number;
  /** Windows that are computed together. Default 32. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** A model that finds the answers to questions in texts. */
export class QuestionAnswering extends PretrainedModel<TypesOf<typeof questionAnswering>> {
  /**
   * Loads an encoder with a head for answers, that of its checkpoint or a new one.
   *
   * @param nameOrPath a model folder, the name of an installed package, or `org/name` of the Hugging Face hub
   * @throws InputError if there is no such model
   */
  static async fromPretrained(nameOrPath: string, options: FromPretrainedOptions = {}): Promise<QuestionAnswering> {
    const settings = await settingsFor(questionAnswering, nameOrPath, options);
    return new QuestionAnswering(loadParts(questionAnswering, settings, null));
  }

  override get task(): 'question-answering' {
    return 'question-answering';
  }

  /** Answers a question, or each of a list. @throws InputError for what is none */
  predict(input: QuestionInput, options?: AnswerOptions): Promise<AnswerFound>;
  predict(inputs: readonly QuestionInput[], options?: AnswerOptions): Promise<AnswerFound[]>;
  async predict(given: Inputs<QuestionInput>, options: AnswerOptions = {}): Promise<AnswerFound | AnswerFound[]> {
    checkOptions('predict', options, { batchSize: true, signal: true, nullScoreDiffThreshold: true });
    const questions = inputsOf(given).map((input, i): Question => ({ id: String(i), answers: [], ...input }));
    const { maxLength, stride = windowDefaults.stride } = this.settings;
    const { nullScoreDiffThreshold = this.settings.nullScoreDiffThreshold, ...others } = options;
    const decode = { ...decodeDefaults, nullScoreDiffThreshold };
    const windows = questionWindows(questions, this.tokenizer, { maxLength, stride });
    const answers = await answerQuestions(this.hold(), questions, windows, { ...others, decode });
    const best = answers.map(([{ text: answer, probability: score, start, end }]) => ({ answer, score, start, end }));
    return Array.isArray(given) ? best : best[0];
  }
}
