/**
 * The upper half in three levels: `finetune` is one call from a file to a model that answers; `load` and the model classes are a
 * model, as with PEFT; their `batches` and `loss` are the parts of a custom loop.
 */

export {
  bitfit,
  bottleneckAdapter,
  fullFineTuning,
  fusion,
  houlsby,
  ia3,
  lnTuning,
  lora,
  mam,
  parallel,
  pfeiffer,
  prefix,
  promptTuning,
  shira,
  vera,
} from '../adapters/index.ts';
export { type EvaluationReport, reportPage } from '../report/index.ts';
export {
  type Classification,
  Classifier,
  type ClassifierInput,
  type ClassifierOptions,
  type ClassifyOptions,
} from './classifier.ts';
export { type CrossValidateSettings, type CrossValidation, crossValidate } from './cross-validate.ts';
export { Embedder, type EmbedTextsOptions } from './embedder.ts';
export { type Finetuned, type FinetuneSettings, finetune } from './finetune.ts';
export { type AnyModel, type LoadOptions, load, type ModelsByTask } from './load.ts';
export { type ChoiceInput, type ChoosingOptions, type Chosen, MultipleChoice } from './multiple-choice.ts';
export type { FromPretrainedOptions } from './options.ts';
export { type BatchesOptions, type FitOptions, PretrainedModel, type PruneOptions } from './pretrained.ts';
export {
  type AnswerFound,
  type AnswerOptions,
  QuestionAnswering,
  type QuestionInput,
} from './question-answering.ts';
export type { DataOptions, TrainingData } from './read.ts';
export type { SaveOptions } from './save.ts';
export { type GeneratedText, type GenerateOptions, Seq2Seq } from './seq2seq.ts';
export {
  TokenClassifier,
  type TokenClassifierInput,
  type TokenClassifierOptions,
  type TokenClassifyOptions,
} from './token-classifier.ts';
