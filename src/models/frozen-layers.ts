import type { FloatArray } from '../backends/backend.ts';
import { tensor } from '../tensor/create.ts';
import { noGrad } from '../tensor/graph.ts';
import { tidy } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type PackedBatch, sequenceAt } from './batch.ts';

/** What {@link ActivationCache} holds by default, in bytes: with BERT-base some 350 000 tokens. */
export const ACTIVATION_CACHE_BYTES = 2 ** 30;

/** Hidden states of sequences, as floats beside the memory of the steps. When it is full it takes no more. */
export class ActivationCache {
  readonly capacity: number;
  readonly #states = new Map<string, FloatArray>();
  #bytes = 0;

  /** @param capacity in bytes */
  constructor(capacity = ACTIVATION_CACHE_BYTES) {
    this.capacity = capacity;
  }

  /** Of all states in it. */
  get bytes(): number {
    return this.#bytes;
  }

  find(key: string): FloatArray | undefined {
    return this.#states.get(key);
  }

  /** Remembers states if there is room. */
  add(key: string, states: FloatArray): void {
    if (this.#bytes + states.byteLength > this.capacity) return;
    this.#states.set(key, states);
    this.#bytes += states.byteLength;
  }

  clear(): void {
    this.#states.clear();
    this.#bytes = 0;
  }
}

/**
 * The embeddings and first layers of an encoder whose weights stay as they are and in which no dropout acts: their output for a
 * sequence is the same in every epoch, and is computed once as long as the memory has room.
 *
 * Each sequence passes through them alone: in a larger product the sums are rounded otherwise, and a state must not depend on the
 * batch in which its sequence came first.
 */
export class FrozenLayers {
  /** So many layers, from the first. */
  readonly count: number;
  readonly #compute: (batch: PackedBatch) => Tensor;
  readonly #memory: ActivationCache;
  readonly #owner: string;

  /**
   * @param compute the output of the layers [rows, hidden], without dropout
   * @param owner tells these weights from others that share the memory
   */
  constructor(count: number, compute: (batch: PackedBatch) => Tensor, memory: ActivationCache, owner: string) {
    this.count = count;
    this.#compute = compute;
    this.#memory = memory;
    this.#owner = `${owner}\n${count}`;
  }

  /** The input of the layer behind them [rows, hidden]; no gradient flows through it. */
  forward(batch: PackedBatch): Tensor {
    const states = Array.from(batch.keyCounts, (_, s) => this.#statesOf(sequenceAt(batch, s)));
    const rows = batch.inputIds.length;
    const size = states.reduce((sum, { length }) => sum + length, 0);
    const all = states[0] instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
    let start = 0;
    for (const own of states) {
      all.set(own, start);
      start += own.length;
    }
    return tensor(all, [rows, size / rows]);
  }

  /** [tokens · hidden] of one sequence. */
  #statesOf(sequence: PackedBatch): FloatArray {
    const { inputIds, tokenTypeIds, positionIds, keyCounts } = sequence;
    const key = [this.#owner, keyCounts, inputIds, tokenTypeIds, positionIds].join('\n');
    const known = this.#memory.find(key);
    if (known) return known;
    const states = tidy(() => noGrad(() => this.#compute(sequence).dataSync()));
    this.#memory.add(key, states);
    return states;
  }
}
