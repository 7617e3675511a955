import { Linear, type Parameter, type ParameterPath, trainingDropout } from '../nn/index.ts';
import { type ActivationName, activation } from '../ops/activations.ts';
import { mul } from '../ops/arithmetic.ts';
import { indexAdd, indexSelect } from '../ops/gather.ts';
import type { Random } from '../random/random.ts';
import { tensor } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { firstRows, type PackedBatch, tokenSequences } from './batch.ts';
import type { EncoderConfig } from './config.ts';

/** The vector of a sequence: that of its first token, or the mean of its tokens. */
export type Pooling = 'cls' | 'mean';

/** A linear layer of a head, as wide as the encoder but for the last one. */
export interface HeadLayer {
  /** Its path in the checkpoint: `classifier`. */
  readonly at: string;
  /** Before it; none if left out. */
  readonly dropout?: number;
  /** After it. */
  readonly activation?: ActivationName;
  /** Makes another layer at the path, of the encoder's width, in the place of a linear one. */
  readonly build?: (path: ParameterPath, hidden: number) => { forward(x: Tensor): Tensor };
  /** Its tensors in the checkpoint; left out: weight and bias. */
  readonly tensors?: readonly string[];
}

/** The heads of Hugging Face on an encoder, one layer after the other. */
export interface HeadForms {
  /** For whole texts, on the first token. */
  readonly text: readonly HeadLayer[];
  /** For answers to choose among, on the first token. */
  readonly choice: readonly HeadLayer[];
  /** For labels of tokens. */
  readonly token: readonly HeadLayer[];
  /** For answers to questions, on every token. */
  readonly answer: readonly HeadLayer[];
  /** What the heads for texts and for answers to choose among read instead of the first token. */
  readonly pooling?: Pooling;
}

/** The two heads on tokens that most encoders have. */
export const plainHeads = (dropout: number): Pick<HeadForms, 'token' | 'answer'> => ({
  token: [{ at: 'classifier', dropout }], // [labels, hidden]
  answer: [{ at: 'qa_outputs' }], // [2, hidden]
});

/** A pooler, as BERT has it, and a linear layer. */
export const pooledHead = (pooler: string, dropout: number): readonly HeadLayer[] => [
  { at: pooler, activation: 'tanh' }, // [hidden, hidden]
  { at: 'classifier', dropout }, // [labels, hidden]
];

/** A dense layer and one to the outputs, as RoBERTa has them. */
export const denseHead = (at: string, dropout: number): readonly HeadLayer[] => [
  { at: `${at}.dense`, dropout, activation: 'tanh' }, // [hidden, hidden]
  { at: `${at}.out_proj`, dropout }, // [labels, hidden]
];

/** The heads of BART, that for texts on the last token. It has none for labels of tokens. */
export const bartHeads = (dropout: number): Pick<HeadForms, 'text' | 'token' | 'answer'> => ({
  text: denseHead('classification_head', dropout),
  ...plainHeads(dropout),
});

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

/** What a head needs to know of its encoder. */
export type HeadSizes = Pick<EncoderConfig, 'hidden_size' | 'classifier_dropout' | 'hidden_dropout_prob'>;

/** The dropout of a head. */
export const headDropout = (config: HeadSizes): number => config.classifier_dropout ?? config.hidden_dropout_prob;

/** Linear layers one after the other, on whatever rows: [rows, hidden] -> [rows, outputs]. */
export class DenseLayers {
  readonly #layers: readonly { readonly inner: { forward(x: Tensor): Tensor }; readonly form: HeadLayer }[];

  /** @param root of the names of the layers */
  constructor(root: ParameterPath, { hidden_size }: HeadSizes, forms: readonly HeadLayer[], outputs: number) {
    this.#layers = forms.map((form, i) => {
      const width = i === forms.length - 1 ? outputs : hidden_size;
      const path = root.at(form.at).initializing();
      return { form, inner: form.build?.(path, hidden_size) ?? new Linear(path, hidden_size, width) };
    });
  }

  forward(hidden: Tensor, random?: Random): Tensor {
    return this.#layers.reduce((x, { inner, form: { dropout, activation: act } }) => {
      const y = inner.forward(dropout === undefined ? x : trainingDropout(x, dropout, random));
      return act ? activation(act)(y) : y;
    }, hidden);
  }
}

/** Linear layers on the vector of each sequence: [rows, hidden] -> [sequences, outputs]. */
export class SequenceHead implements ClassificationHead {
  readonly pooling: Pooling;
  readonly #layers: DenseLayers;

  /** @param root of the names of the layers */
  constructor(
    root: ParameterPath,
    config: HeadSizes,
    forms: readonly HeadLayer[],
    outputs: number,
    pooling: Pooling = 'cls',
  ) {
    this.pooling = pooling;
    this.#layers = new DenseLayers(root, config, forms, outputs);
  }

  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    const pool = this.pooling === 'mean' ? meanPooling : clsPooling;
    return this.#layers.forward(pool(hidden, batch), random);
  }
}

/** Returns whether a name is one of a task head, without a pooler. */
export const isHeadName = (name: string): boolean =>
  /^(classifier|classification_head|qa_outputs|pre_classifier|sequence_summary|pooler)\./.test(name);

/** Returns whether a name is of what some encoders have below their heads, trained before: a pooler, or the head that ModernBERT has. */
export const isOfPooler = (name: string): boolean => /(^|\.)pooler\.|^head\./.test(name);

/** Returns whether a tensor brings a pooler, or changes it: not a bias alone, which may be trained with the others. */
export const isPoolerWeight = (name: string): boolean => isOfPooler(name) && /\bweight$/.test(name);

/** Returns whether a weight is of a task head: these are trained with an adapter. */
export function isHeadParameter({ name, isNew }: Parameter): boolean {
  return isHeadName(name) || (isNew && isOfPooler(name));
}
