import { ACTIVATION_CACHE_BYTES, ActivationCache, SharedWeights } from '../models/index.ts';

/** Cache shared by the runs of one process: backbone weights, outputs of frozen layers, and tokenized examples. */
export class RunCache {
  readonly weights = new SharedWeights();
  readonly activations: ActivationCache;
  readonly #values = new Map<string, unknown>();

  /** @param activationBytes limit in bytes for the outputs of frozen layers */
  constructor(activationBytes = ACTIVATION_CACHE_BYTES) {
    this.activations = new ActivationCache(activationBytes);
  }

  /** The value that `make` gave for this key the first time. */
  memo<T>(key: readonly unknown[], make: () => T): T {
    const text = JSON.stringify(key);
    if (!this.#values.has(text)) this.#values.set(text, make());
    return this.#values.get(text) as T;
  }

  /** Empties the cache; values that runs hold stay valid. */
  dispose(): void {
    this.weights.dispose();
    this.activations.clear();
    this.#values.clear();
  }
}
