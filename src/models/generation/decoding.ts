import { gatherRows } from '../../ops/gather.ts';
import { concat } from '../../ops/layout.ts';
import { noGrad } from '../../tensor/graph.ts';
import { keep, tidy } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { DecoderMemory, KeyValues, Reach } from '../bart.ts';
import type { PackedBatch } from '../batch.ts';
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

/** First rows of blocks of these lengths, and the number of rows. */
function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => {
    offsets[i + 1] = offsets[i] + length;
  });
  return offsets;
}

/** Disposes of keys and values. */
const free = ({ keys, values }: KeyValues): void => {
  keys.dispose();
  values.dispose();
};

/** The same on keys and values, which stay until they are freed. */
const mapKeyValues = ({ keys, values }: KeyValues, change: (x: Tensor) => Tensor): KeyValues => ({
  keys: keep(change(keys)),
  values: keep(change(values)),
});

/** The encoder's side in the cache: for each layer of the decoder the keys and values of the sources that are still read. */
class SourceMemory {
  readonly #layers: KeyValues[];
  /** Numbers of the sources. */
  #sources: readonly number[];
  #lengths: readonly number[];
  #keyCounts: readonly number[];

  constructor({ bart }: Seq2SeqModel, source: PackedBatch) {
    const { offsets, keyCounts } = source;
    this.#sources = Array.from(keyCounts.keys());
    this.#lengths = this.#sources.map((s) => offsets[s + 1] - offsets[s]);
    this.#keyCounts = [...keyCounts];
    this.#layers = noGrad(() =>
      tidy(() => {
        const states = bart.encode(source); // [source rows, hidden]
        return Array.from({ length: bart.config.decoder_layers }, (_, index) =>
          mapKeyValues(bart.decoder.sourceKeyValues(index, states, { offsets }), (x) => x),
        );
      }),
    );
  }

  keyValues(layer: number): KeyValues {
    return this.#layers[layer];
  }

  /** Forgets the sources that no text belongs to. @param sources those of the texts, ascending */
  narrow(sources: readonly number[]): void {
    const remaining = new Set(sources);
    const kept = Array.from(this.#sources.keys()).filter((i) => remaining.has(this.#sources[i]));
    if (kept.length === this.#sources.length) return;
    const offsets = offsetsOf(this.#lengths);
    const rows = kept.flatMap((i) => Array.from({ length: this.#lengths[i] }, (_, row) => offsets[i] + row));
    this.#layers.forEach((layer, index) => {
      this.#layers[index] = mapKeyValues(layer, (x) => gatherRows(x, rows));
      free(layer);
    });
    this.#sources = kept.map((i) => this.#sources[i]);
    this.#lengths = kept.map((i) => this.#lengths[i]);
    this.#keyCounts = kept.map((i) => this.#keyCounts[i]);
  }

  /** All texts of a source read it: one copy of its keys serves them. */
  reach(textsPerSource: Int32Array): Reach {
    return {
      queryOffsets: textsPerSource,
      keyOffsets: offsetsOf(this.#lengths),
      keyCounts: Int32Array.from(this.#keyCounts),
      causal: false,
    };
  }

  dispose(): void {
    this.#layers.forEach(free);
  }
}

/**
 * A decoding that remembers the keys and values of each token, so that a step computes those of one row per text. Texts have one
 * length, so the rows of text i are the `length` rows from i · length on.
 */
export class CachedDecoding implements Decoding, DecoderMemory {
  readonly #model: Seq2SeqModel;
  readonly #source: SourceMemory;
  /** Of the decoder's own side, by layer; none before the first step. */
  readonly #own: KeyValues[] = [];
  /** The source of each text. */
  #sourceOf: readonly number[];
  /** Tokens of each text. */
  #length = 0;
  #parents: readonly number[] = [];

  constructor(model: Seq2SeqModel, source: PackedBatch) {
    this.#model = model;
    this.#source = new SourceMemory(model, source);
    this.#sourceOf = Array.from(source.keyCounts.keys());
  }

  advance(parents: readonly number[], ids: readonly number[]): Tensor {
    const { bart } = this.#model;
    this.#parents = parents;
    this.#sourceOf = parents.map((parent) => this.#sourceOf[parent]);
    this.#source.narrow(this.#sourceOf);
    this.#length++;
    const texts = ids.length;
    const textsPerSource = offsetsOf(countRuns(this.#sourceOf));
    const own: Reach = {
      queryOffsets: offsetsOf(ids.map(() => 1)),
      keyOffsets: offsetsOf(ids.map(() => this.#length)),
      keyCounts: new Int32Array(texts).fill(this.#length),
      causal: false,
    };
    const rows = {
      inputIds: Int32Array.from(ids),
      positionIds: new Int32Array(texts).fill(bart.positionOf(this.#length - 1)),
      pass: { offsets: textsPerSource },
      reach: { own, source: this.#source.reach(textsPerSource) },
    };
    return noGrad(() =>
      tidy(() => {
        const states = bart.decoder.hiddenStates(rows, this);
        return this.#model.logits(states[states.length - 1]); // [texts, vocab]
      }),
    );
  }

  /** Each text's rows are those of the one it continues, and its new one. */
  own(layer: number, rows: KeyValues): KeyValues {
    const before = this.#own[layer];
    if (!before) {
      this.#own[layer] = mapKeyValues(rows, (x) => x);
      return this.#own[layer];
    }
    const past = this.#length - 1;
    const pastRows = before.keys.shape[0];
    const order = this.#parents.flatMap((parent, text) => [
      ...Array.from({ length: past }, (_, i) => parent * past + i),
      pastRows + text,
    ]);
    const next = (x: Tensor, fresh: Tensor) => keep(gatherRows(concat([x, fresh]), order));
    this.#own[layer] = { keys: next(before.keys, rows.keys), values: next(before.values, rows.values) };
    free(before);
    return this.#own[layer];
  }

  source(layer: number): KeyValues {
    return this.#source.keyValues(layer);
  }

  dispose(): void {
    this.#source.dispose();
    this.#own.forEach(free);
  }
}

/** How many times each number comes, of numbers that come in runs: [3, 3, 5] -> [2, 1]. */
function countRuns(numbers: readonly number[]): number[] {
  const starts = [...numbers.keys()].filter((i) => i === 0 || numbers[i] !== numbers[i - 1]);
  return starts.map((start, run) => (starts[run + 1] ?? numbers.length) - start);
}
