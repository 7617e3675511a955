import type { AnswerFound } from '../finetune/question-answering.ts';

/** A label and its probability; of a model of numbers the number. */
export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** The label of a token. */
export interface TokenLabel {
  readonly entity: string;
  /** Its probability. */
  readonly score: number;
  /** The number of the token, special ones counted. */
  readonly index: number;
  /** The token as a text. */
  readonly word: string;
  /** Its place in the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

/** Neighbouring tokens of one entity. */
export interface EntityGroup {
  readonly entity_group: string;
  /** The mean probability of the labels of its tokens. */
  readonly score: number;
  /** Its tokens as a text. */
  readonly word: string;
  /** Its place in the text, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

/** A summary of a text. */
export interface Summary {
  readonly summary_text: string;
}

/** Numbers with a shape, as they are sent between threads. */
export interface Numbers {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** The answer to one request of a task. */
export interface TaskOutputs {
  /** The likeliest first. */
  readonly 'text-classification': readonly LabelScore[];
  readonly 'token-classification': readonly (TokenLabel | EntityGroup)[];
  /** The best first. */
  readonly 'question-answering': readonly AnswerFound[];
  readonly summarization: readonly Summary[];
  /** [hidden], or [tokens, hidden]. */
  readonly 'feature-extraction': Numbers;
}
