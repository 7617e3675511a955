import { InputError } from '../errors.ts';
import type { ParameterPath } from '../nn/index.ts';
import { BartClassificationHead, BartLayeredHead, bartHeadSizes } from './bart-heads.ts';
import { BartReader } from './bart-reader.ts';
import { type ClassifierParts, SequenceClassifier } from './classifier.ts';
import { registerBartHeads } from './either-recipe.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { seq2SeqArchitectureOf } from './encoder-decoders.ts';
import { chooseAnswerHead, chooseClassifierHead } from './head-choice.ts';
import { bartHeads } from './heads.ts';
import { QuestionAnsweringModel } from './question-answering.ts';

const readerAt = (root: ParameterPath, config: EncoderDecoderConfig): BartReader =>
  new BartReader(seq2SeqArchitectureOf(config.model_type).build(root, config));

/** The parts of a classifier on a BART. */
export const bartClassifierParts = (
  root: ParameterPath,
  config: EncoderDecoderConfig,
): ClassifierParts<BartReader> => ({
  encoder: readerAt(root, config),
  headOf(outputs, { layered, pooling }) {
    if (pooling === 'mean') {
      throw new InputError(
        'pooling mean is for BERT and RoBERTa: the head of BART reads the last token; leave it out.',
      );
    }
    return layered
      ? new BartLayeredHead(root, config, outputs, layered)
      : new BartClassificationHead(root, config, outputs);
  },
});

/** Lets recipes for classes of texts and for answers make models of BART too. */
export function addBartHeads(): void {
  registerBartHeads({
    classifier: (options, texts) => ({
      kind: 'seq2seq',
      choose: (config, stored, folder) => chooseClassifierHead(folder, config, stored, options(config)),
      build(root, config, choice: ReturnType<typeof chooseClassifierHead>) {
        const model = new SequenceClassifier(root, bartClassifierParts(root, config), choice.options);
        return Object.assign(model, { texts });
      },
    }),
    answerer: (head, layered) => ({
      kind: 'seq2seq',
      choose: (config, stored, folder) => chooseAnswerHead(folder, config, stored, layered ? 'new' : head),
      build(root, config) {
        const parts = {
          encoder: readerAt(root, config),
          sizes: bartHeadSizes(config),
          layers: bartHeads(config.classifier_dropout).answer,
        };
        return new QuestionAnsweringModel(root, parts, layered);
      },
    }),
  });
}
