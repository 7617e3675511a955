import type { FloatArray } from '../backends/backend.ts';
import { concat } from '../ops/layout.ts';
import { tensor } from '../tensor/create.ts';
import { noGrad } from '../tensor/graph.ts';
import { keep, tidy } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { type PackedBatch, sequenceAt } from './batch.ts';

/** The default capacity of an {@link ActivationCache} in bytes: with BERT-base some 350 000 tokens. */
export const ACTIVATION_CACHE_BYTES = 2 ** 30;

/** Hidden states of sequences, as floats of the host, outside the memory of the backend. When it is full nothing is added. */
export class ActivationCache {
  readonly capacity: number;
  /** A tensor until its numbers have been read. */
  readonly #states = new Map<string, FloatArray | Tensor>();
  #bytes = 0;

  /** @param capacity in bytes */
  constructor(capacity = ACTIVATION_CACHE_BYTES) {
    this.capacity = capacity;
  }

  /** Bytes of all states in it. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the states of a sequence: their numbers, or while these are being read the tensor. */
  find(key: string): FloatArray | Tensor | undefined {
    return this.#states.get(key);
  }

  /** Copies states, asynchronously, if there is room for them. */
  add(key: string, states: Tensor): void {
    const bytes = states.size * (states.dtype === 'float64' ? 8 : 4);
    if (this.#bytes + bytes > this.capacity) return;
    const read = keep(states.detach());
    this.#states.set(key, read);
    this.#bytes += bytes;
    const settle = (values?: FloatArray) => {
      const isKnown = this.#states.get(key) === read;
      read.dispose();
      if (!isKnown) return;
      if (values) this.#states.set(key, values);
      else this.#forget(key, bytes);
    };
    // What cannot be read is computed again, and fails there if the device is lost.
    read.data().then(settle, () => settle());
  }

  #forget(key: string, bytes: number): void {
    this.#states.delete(key);
    this.#bytes -= bytes;
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

  /** Returns the input of the layer after them [rows, hidden]; no gradient flows through it. */
  forward(batch: PackedBatch): Tensor {
    const known = new Map<string, FloatArray | Tensor>();
    const states = Array.from(batch.keyCounts, (_, s) => {
      const sequence = sequenceAt(batch, s);
      const key = this.#keyOf(sequence);
      const own = known.get(key) ?? this.#statesOf(key, sequence);
      known.set(key, own);
      return own;
    });
    const arrays = states.filter((own): own is FloatArray => !(own instanceof Tensor));
    const rows = batch.inputIds.length;
    if (arrays.length === states.length) return joined(arrays, rows);
    const width = states.find((own) => own instanceof Tensor)?.shape[1] ?? 0;
    return noGrad(() =>
      concat(states.map((own) => (own instanceof Tensor ? own : tensor(own, [own.length / width, width])))),
    );
  }

  #keyOf({ inputIds, tokenTypeIds, positionIds, keyCounts }: PackedBatch): string {
    return [this.#owner, keyCounts, inputIds, tokenTypeIds, positionIds].join('\n');
  }

  /** Returns the states of one sequence, [tokens, hidden]. */
  #statesOf(key: string, sequence: PackedBatch): FloatArray | Tensor {
    const known = this.#memory.find(key);
    if (known) return known;
    const states = tidy(() => noGrad(() => this.#compute(sequence)));
    this.#memory.add(key, states);
    return states;
  }
}

/** Returns the rows of all arrays as one tensor, which is uploaded once. */
function joined(arrays: readonly FloatArray[], rows: number): Tensor {
  const size = arrays.reduce((sum, { length }) => sum + length, 0);
  const all = arrays[0] instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  let start = 0;
  for (const own of arrays) {
    all.set(own, start);
    start += own.length;
  }
  return tensor(all, [rows, size / rows]);
}
