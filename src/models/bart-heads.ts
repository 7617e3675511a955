import { InputError } from '../errors.ts';
import type { ParameterPath } from '../nn/index.ts';
import { indexSelect } from '../ops/gather.ts';
import type { Random } from '../random/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { PackedBatch } from './batch.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { bartHeads, type ClassificationHead, DenseLayers, type HeadSizes } from './heads.ts';
import { type LayeredHead, LayerStack } from './layered-head.ts';

/** What heads read of the configuration of a BART, in the words of an encoder's. */
export const bartHeadSizes = ({ d_model, classifier_dropout, dropout }: EncoderDecoderConfig): HeadSizes => ({
  hidden_size: d_model,
  classifier_dropout,
  hidden_dropout_prob: dropout,
});

/**
 * The vector of each sequence's last token `eos_token_id` [sequences, hidden]: the decoder has read the whole text there.
 *
 * @throws InputError for a sequence without that token
 */
function lastEnds(hidden: Tensor, { inputIds, columns, offsets, keyCounts }: PackedBatch, eos: number): Tensor {
  const rows = Int32Array.from(keyCounts, (_, s) => {
    let last = -1;
    for (let row = offsets[s]; row < offsets[s + 1]; row++) {
      if (inputIds[row] === eos && (last < 0 || columns[row] > columns[last])) last = row;
    }
    if (last >= 0) return last;
    throw new InputError(
      `sequence ${s} of the batch has no token ${eos} at its end, which the head of a BART reads; encode texts with their special tokens.`,
    );
  });
  return indexSelect(hidden, rows);
}

/** The head of `BartForSequenceClassification`: out_proj(dropout(tanh(dense(dropout(last eos token))))). */
export class BartClassificationHead implements ClassificationHead {
  readonly pooling = 'cls';
  readonly #layers: DenseLayers;
  readonly #eos: number;

  /** @param path the root of the names */
  constructor(path: ParameterPath, config: EncoderDecoderConfig, labels: number) {
    this.#layers = new DenseLayers(path, bartHeadSizes(config), bartHeads(config.classifier_dropout).text, labels);
    this.#eos = config.eos_token_id;
  }

  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return this.#layers.forward(lastEnds(hidden, batch, this.#eos), random); // [sequences, labels]
  }
}

/** A {@link LayeredHead} for whole texts on a BART. */
export class BartLayeredHead implements ClassificationHead {
  readonly pooling = 'cls';
  readonly #stack: LayerStack;
  readonly #eos: number;

  /** @param path the root of the names */
  constructor(path: ParameterPath, config: EncoderDecoderConfig, outputs: number, head: LayeredHead) {
    this.#stack = new LayerStack(path.at('classifier'), bartHeadSizes(config), outputs, head);
    this.#eos = config.eos_token_id;
  }

  forward(hidden: Tensor, batch: PackedBatch, random?: Random): Tensor {
    return this.#stack.forward(lastEnds(hidden, batch, this.#eos), random); // [sequences, outputs]
  }
}
