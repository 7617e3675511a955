import { indexSelect } from '../ops/gather.ts';
import type { Random } from '../random/random.ts';
import { batchInvariant } from '../tensor/batch-invariant.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { AttachmentPoints } from './attachments.ts';
import { type PackedBatch, packSequences, type TokenSequence } from './batch.ts';
import type { Head, ReadOutput } from './encoder.ts';
import type { EncoderDecoder } from './encoder-decoder.ts';
import type { EncoderDecoderConfig } from './encoder-decoder-config.ts';
import { finiteValues } from './finite-output.ts';
import { shiftRight } from './seq2seq.ts';
import type { TokenEncoder } from './token-encoder.ts';

/**
 * BART as its heads for classes and answers use it: both sides read the same text, the decoder one token later, and the decoder's output
 * for a token is the vector of that token (`BartForSequenceClassification`, `BartForQuestionAnswering` of Hugging Face).
 */
export class BartReader implements TokenEncoder {
  readonly config: EncoderDecoderConfig;
  readonly #bart: EncoderDecoder;

  constructor(bart: EncoderDecoder) {
    this.config = bart.config;
    this.#bart = bart;
  }

  get points(): AttachmentPoints {
    return this.#bart.points;
  }

  readonly positionIds = (ids: readonly number[]): number[] => this.#bart.positionIds(ids);

  encode(batch: PackedBatch, random?: Random): [hidden: Tensor, batch: PackedBatch] {
    const rows = rowsByColumn(batch);
    const texts = Array.from(batch.keyCounts, (_, s) =>
      Array.from(rows.subarray(batch.offsets[s], batch.offsets[s + 1]), (row) => batch.inputIds[row]),
    );
    const target = packSequences(
      texts.map((ids) => ({ ids: shiftRight(ids, this.config) })),
      this.positionIds,
    );
    const hidden = this.#bart.forward(batch, target, random); // [rows, hidden], in the order of columns
    const places = new Int32Array(rows.length);
    rows.forEach((row, place) => {
      places[row] = place;
    });
    const isSorted = rows.every((row, place) => row === place);
    return [isSorted ? hidden : indexSelect(hidden, places), batch];
  }

  read(sequences: readonly TokenSequence[], head: Head): ReturnType<ReadOutput> {
    const batch = packSequences(sequences, this.positionIds);
    return finiteValues(tidy(() => noGrad(() => batchInvariant(() => head(...this.encode(batch))))));
  }
}

/** The rows of a batch, those of each sequence as its tokens follow each other: padding can lie between them. */
function rowsByColumn({ offsets, columns, keyCounts }: PackedBatch): Int32Array {
  const rows = Int32Array.from(columns.keys());
  keyCounts.forEach((_, s) => {
    rows.subarray(offsets[s], offsets[s + 1]).sort((a, b) => columns[a] - columns[b]);
  });
  return rows;
}
