import { indexSelect } from '../../ops/gather.ts';
import { concat } from '../../ops/layout.ts';
import { batchInvariant } from '../../tensor/batch-invariant.ts';
import { noGrad } from '../../tensor/graph.ts';
import { keep, tidy } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { KeysAndValues } from '../attachments.ts';
import type { PackedBatch } from '../batch.ts';
import type { DecoderRows, KVCache } from '../encoder-decoder-layers.ts';
import type { Columns } from '../parts/key-value-attention.ts';
import { offsetsOf, Pass, rowsOf } from '../pass.ts';
import type { Seq2SeqModel } from '../seq2seq.ts';

/** Texts in the making, which grow by one token at a time. At first there is an empty one for each source. */
export interface Decoding {
  /**
   * Continues texts of the last step, each of them any number of times; those that nothing continues are forgotten.
   *
   * @param parents the number of the text that each new one continues, those of one source side by side and in its order
   * @param ids the token that each one adds
   * @returns scores (logits) of the token to come next, [texts, vocab]; the caller disposes of it
   */
  advance(parents: readonly number[], ids: readonly number[]): Tensor;
  /** Frees what it remembers. */
  dispose(): void;
}

/** Disposes of keys and values. */
const free = ({ key, value }: KeysAndValues): void => {
  key.dispose();
  value.dispose();
};

/** Keys and values that stay until they are freed. */
function kept(offered: KeysAndValues): KeysAndValues {
  keep(offered.key);
  keep(offered.value);
  return offered;
}

/** The encoder's side in the cache: for each layer of the decoder what the sources offer that are still read. */
class SourceCache {
  readonly #layers: KeysAndValues[];
  /** Numbers of the sources. */
  #sources: readonly number[];

  constructor({ transformer }: Seq2SeqModel, source: PackedBatch) {
    this.#sources = Array.from(source.keyCounts.keys());
    const offered = () => {
      const { offsets, keyCounts } = transformer.sourceRows(source);
      const pass = new Pass(offsets);
      const states = transformer.encode(source); // [source rows, hidden]
      return Array.from({ length: transformer.config.decoder_layers }, (_, index) =>
        kept(transformer.decoder.projectSourceKV(index, states, keyCounts, pass)),
      );
    };
    this.#layers = noGrad(() => batchInvariant(() => tidy(offered)));
  }

  layer(index: number): KeysAndValues {
    return this.#layers[index];
  }

  /** Forgets the sources that no text belongs to. @param sources those of the texts, ascending */
  narrow(sources: readonly number[]): void {
    const remaining = new Set(sources);
    const places = Array.from(this.#sources.keys()).filter((i) => remaining.has(this.#sources[i]));
    if (places.length === this.#sources.length) return;
    this.#sources = places.map((i) => this.#sources[i]);
    this.#layers.forEach((layer, index) => {
      const rows = rowsOf(layer.offsets, places);
      this.#layers[index] = kept({
        key: indexSelect(layer.key, rows),
        value: indexSelect(layer.value, rows),
        offsets: offsetsOf(layer.offsets, places),
        counts: Int32Array.from(places, (i) => layer.counts[i]),
      });
      free(layer);
    });
  }

  dispose(): void {
    this.#layers.forEach(free);
  }
}

/**
 * A decoding that remembers the keys and values of each token, so that a step computes those of one row per text. Texts have one
 * length, so the rows of text i are the `length` rows from i · length on.
 */
export class CachedDecoding implements Decoding, KVCache {
  readonly #model: Seq2SeqModel;
  readonly #source: SourceCache;
  /** Keys and values of the decoder's own side, by layer; none before the first step. */
  readonly #own: KeysAndValues[] = [];
  /** The source of each text. */
  #sourceOf: readonly number[];
  /** Tokens of each text. */
  #length = 0;
  #parents: readonly number[] = [];

  constructor(model: Seq2SeqModel, source: PackedBatch) {
    this.#model = model;
    this.#source = new SourceCache(model, source);
    this.#sourceOf = Array.from(source.keyCounts.keys());
  }

  advance(parents: readonly number[], ids: readonly number[]): Tensor {
    const { transformer } = this.#model;
    this.#parents = parents;
    this.#sourceOf = parents.map((parent) => this.#sourceOf[parent]);
    this.#source.narrow(this.#sourceOf);
    this.#length++;
    const texts = evenOffsets(ids.length, 1);
    const logits = () => {
      const rows: DecoderRows = {
        inputIds: Int32Array.from(ids),
        positionIds: new Int32Array(ids.length).fill(transformer.positionOf(this.#length - 1)),
        keyCounts: new Int32Array(ids.length).fill(1),
        pass: new Pass(texts),
        own: { queryOffsets: texts, causal: false },
        columns: columnsOf(ids.length, this.#length),
        // All texts of a source read one copy of its keys.
        source: { queryOffsets: runOffsets(this.#sourceOf), causal: false },
      };
      const states = transformer.decoder.hiddenStates(rows, this);
      return this.#model.logits(states[states.length - 1]); // [texts, vocab]
    };
    return noGrad(() => batchInvariant(() => tidy(logits), 'few rows'));
  }

  /** Each text's rows are those of the one it continues, and its new one. */
  own(index: number, rows: KeysAndValues): KeysAndValues {
    const before = this.#own[index];
    this.#own[index] = before ? kept(this.#continued(before, rows)) : kept(rows);
    if (before) free(before);
    return this.#own[index];
  }

  #continued(before: KeysAndValues, rows: KeysAndValues): KeysAndValues {
    const past = this.#length - 1;
    const pastRows = before.key.shape[0];
    const order = this.#parents.flatMap((parent, text) => [
      ...Array.from({ length: past }, (_, i) => parent * past + i),
      pastRows + text,
    ]);
    return {
      key: indexSelect(concat([before.key, rows.key]), order),
      value: indexSelect(concat([before.value, rows.value]), order),
      offsets: evenOffsets(this.#parents.length, this.#length),
      counts: new Int32Array(this.#parents.length).fill(this.#length),
    };
  }

  source(index: number): KeysAndValues {
    return this.#source.layer(index);
  }

  dispose(): void {
    this.#source.dispose();
    this.#own.forEach(free);
  }
}

/** The columns of the last token of each text, and of all its tokens. */
const columnsOf = (texts: number, length: number): Columns => ({
  queries: new Int32Array(texts).fill(length - 1),
  keys: Int32Array.from({ length: texts * length }, (_, row) => row % length),
});

/** First rows of `count` blocks of `length` rows, and the number of rows. */
const evenOffsets = (count: number, length: number): Int32Array =>
  Int32Array.from({ length: count + 1 }, (_, i) => i * length);

/** Returns the places where each run of equal numbers begins, and their number: [3, 3, 5] -> [0, 2, 3]. */
function runOffsets(numbers: readonly number[]): Int32Array {
  const starts = [...numbers.keys()].filter((i) => i === 0 || numbers[i] !== numbers[i - 1]);
  return Int32Array.from([...starts, numbers.length]);
}
