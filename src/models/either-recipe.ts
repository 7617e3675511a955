import type { SequenceClassifier } from './classifier.ts';
import type { HeadUse } from './head-choice.ts';
import type { LayeredHead } from './layered-head.ts';
import type { ModelConfig } from './model-config.ts';
import type { QuestionAnsweringModel } from './question-answering.ts';
import { classifierRecipe, type LoadClassifierOptions, questionAnsweringRecipe, type Recipe } from './recipe.ts';
import type { TokenEncoder } from './token-encoder.ts';

/** A classifier of an encoder or of a BART. */
export type AnyClassifier = SequenceClassifier<TokenEncoder>;

/** A model of an encoder or of a BART that answers questions. */
export type AnyAnswerer = QuestionAnsweringModel<TokenEncoder>;

/** What the head of a classifier is to predict; null for what the checkpoint's own head does. */
export type WantedHead = (config: ModelConfig) => LoadClassifierOptions | null;

/** The recipes for heads on BART. */
export interface BartHeads {
  readonly classifier: (options: WantedHead, texts: 1 | 2 | null) => Recipe<AnyClassifier, 'seq2seq'>;
  readonly answerer: (head: HeadUse, layered?: LayeredHead) => Recipe<AnyAnswerer, 'seq2seq'>;
}

// A page with an encoder does without them.
let bartHeads: BartHeads | null = null;

/** Makes heads on BART known to the recipes here. */
export function registerBartHeads(heads: BartHeads): void {
  bartHeads = heads;
}

/** As {@link classifierRecipe}, for a BART too. */
export const anyClassifierRecipe = (options: WantedHead, texts: 1 | 2 | null = null): Recipe<AnyClassifier> => ({
  ...classifierRecipe(options, texts),
  onBart: bartHeads?.classifier(options, texts),
});

/** As {@link questionAnsweringRecipe}, for a BART too. */
export const anyAnswererRecipe = (head: HeadUse = 'auto', layered?: LayeredHead): Recipe<AnyAnswerer> => ({
  ...questionAnsweringRecipe(head, layered),
  onBart: bartHeads?.answerer(head, layered),
});
