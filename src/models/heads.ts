import { Linear, type Parameter, type ParameterPath, trainingDropout } from '../nn/index.ts';
import { mul } from '../ops/arithmetic.ts';
import { indexAdd, indexSelect } from '../ops/gather.ts';
import { tanh } from '../ops/unary.ts';
import type { Random } from '../random/random.ts';
import { tensor } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { firstRows, type PackedBatch, tokenSequences } from './batch.ts';
import type { EncoderConfig } from './config.ts';

/** The vector of a sequence: that of its first token, or the mean of its tokens. */
export type Pooling = 'cls' | 'mean';

/** From the encoder's output [rows, hidden] to logits [sequences, labels]. */
export interface ClassificationHead {
  readonly pooling: Pooling;
  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor;
}

/** The vector of each sequence's first row [sequences, hidden]: that of its first token, unless an adapter has rows before it. */
export function clsPooling(hidden: Tensor, batch: PackedBatch): Tensor {
  return indexSelect(hidden, firstRows(batch));
}

/** The mean over each sequence's tokens [sequences, hidden]. */
export function meanPooling(hidden: Tensor, batch: PackedBatch): Tensor {
  const sequences = tokenSequences(batch);
  const sums = indexAdd(hidden, sequences, batch.keyCounts.length);
  const counts = new Int32Array(batch.keyCounts.length);
  for (const s of sequences) if (s >= 0) counts[s]++;
  const inverse = Array.from(counts, (count) => 1 / count);
  return mul(sums, tensor(inverse, [inverse.length, 1]));
}

/** `BertPooler`: tanh(dense(first token)). */
export class BertPooler {
  readonly #dense: Linear;

  constructor(path: ParameterPath, hiddenSize: number) {
    this.#dense = new Linear(path.at('dense'), hiddenSize, hiddenSize);
  }

  /** [rows, hidden] -> [sequences, hidden] */
  forward(hidden: Tensor, batch: PackedBatch): Tensor {
    return tanh(this.#dense.forward(clsPooling(hidden, batch)));
  }
}

/** What a head needs to know of its encoder. */
export type HeadSizes = Pick<EncoderConfig, 'hidden_size' | 'classifier_dropout' | 'hidden_dropout_prob'>;

/** The dropout of a head. */
export const headDropout = (config: HeadSizes): number => config.classifier_dropout ?? config.hidden_dropout_prob;

/** The head of `BertForSequenceClassification`: classifier(trainingDropout(pooler(h))). */
export class BertClassificationHead implements ClassificationHead {
  readonly pooling = 'cls';
  readonly #pooler: BertPooler;
  readonly #classifier: Linear;
  readonly #p: number;

  /** @param encoderPath the place of the pooler; @param path the place of `classifier` */
  constructor(encoderPath: ParameterPath, path: ParameterPath, config: EncoderConfig, labels: number) {
    this.#pooler = new BertPooler(encoderPath.at('pooler').initializing(), config.hidden_size);
    this.#classifier = new Linear(path.at('classifier').initializing(), config.hidden_size, labels);
    this.#p = headDropout(config);
  }

  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return this.#classifier.forward(trainingDropout(this.#pooler.forward(hidden, batch), this.#p, random));
  }
}

/** The head of `RobertaForSequenceClassification`: out_proj(trainingDropout(tanh(dense(trainingDropout(first token))))). */
export class RobertaClassificationHead implements ClassificationHead {
  readonly pooling = 'cls';
  readonly #dense: Linear;
  readonly #outProj: Linear;
  readonly #p: number;

  constructor(path: ParameterPath, config: EncoderConfig, labels: number) {
    const at = path.at('classifier').initializing();
    this.#dense = new Linear(at.at('dense'), config.hidden_size, config.hidden_size);
    this.#outProj = new Linear(at.at('out_proj'), config.hidden_size, labels);
    this.#p = headDropout(config);
  }

  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    const x = trainingDropout(clsPooling(hidden, batch), this.#p, random); // [sequences, hidden]
    const y = tanh(this.#dense.forward(x)); // [sequences, hidden]
    return this.#outProj.forward(trainingDropout(y, this.#p, random)); // [sequences, labels]
  }
}

/** One linear layer on the mean of the tokens, which suits encoders trained as sentence embedders. */
export class MeanClassificationHead implements ClassificationHead {
  readonly pooling = 'mean';
  readonly #classifier: Linear;
  readonly #p: number;

  constructor(path: ParameterPath, config: EncoderConfig, labels: number) {
    this.#classifier = new Linear(path.at('classifier').initializing(), config.hidden_size, labels);
    this.#p = headDropout(config);
  }

  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return this.#classifier.forward(trainingDropout(meanPooling(hidden, batch), this.#p, random));
  }
}

/** `qa_outputs`: a start and an end logit for each token. */
export class QuestionAnsweringHead {
  readonly #outputs: Linear;

  constructor(path: ParameterPath, config: HeadSizes) {
    this.#outputs = new Linear(path.at('qa_outputs').initializing(), config.hidden_size, 2);
  }

  /** [rows, hidden] -> [rows, 2], without dropout */
  forward(hidden: Tensor, _random?: Random): Tensor {
    return this.#outputs.forward(hidden);
  }
}

/** `classifier` on every token. */
export class TokenClassificationHead {
  readonly #classifier: Linear;
  readonly #p: number;

  constructor(path: ParameterPath, config: EncoderConfig, labels: number) {
    this.#classifier = new Linear(path.at('classifier').initializing(), config.hidden_size, labels);
    this.#p = headDropout(config);
  }

  /** [rows, hidden] -> [rows, labels] */
  forward(hidden: Tensor, random?: Random): Tensor {
    return this.#classifier.forward(trainingDropout(hidden, this.#p, random));
  }
}

/** Returns whether a name is one of a task head, without a pooler. */
export const isHeadName = (name: string): boolean => /^(classifier|classification_head|qa_outputs)\./.test(name);

/** Returns whether a weight is of a task head: these are trained with an adapter. */
export function isHeadParameter({ name, isNew }: Parameter): boolean {
  return isHeadName(name) || (isNew && /(^|\.)pooler\./.test(name));
}
