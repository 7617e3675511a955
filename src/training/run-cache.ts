import { ACTIVATION_CACHE_BYTES, ActivationCache, SharedWeights } from '../models/index.ts';

/** What the runs of one process share: the weights of backbones, what frozen layers make of examples, and these as tokens. */
export class RunCache {
  readonly weights = new SharedWeights();
  readonly activations: ActivationCache;
  readonly #values = new Map<string, unknown>();

  /** @param activationBytes so many bytes of frozen layers' output at most */
  constructor(activationBytes = ACTIVATION_CACHE_BYTES) {
    this.activations = new ActivationCache(activationBytes);
  }

  /** The value that `make` gave for this key the first time. */
  memo<T>(key: readonly unknown[], make: () => T): T {
    const text = JSON.stringify(key);
    if (!this.#values.has(text)) this.#values.set(text, make());
    return this.#values.get(text) as T;
  }

  /** Forgets all of it; what runs have of it stays theirs. */
  dispose(): void {
    this.weights.dispose();
    this.activations.clear();
    this.#values.clear();
  }
}
