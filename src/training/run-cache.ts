import { ACTIVATION_CACHE_BYTES, ActivationCache, SharedWeights } from '../models/index.ts';

/** What the runs of one process share: the weights of backbones, what frozen layers make of examples, and these as tokens. */
export class RunCache {
  readonly weights = new SharedWeights();
  readonly states: ActivationCache;
  readonly #values = new Map<string, unknown>();

  /** @param stateBytes so many bytes of frozen layers' output at most */
  constructor(stateBytes = ACTIVATION_CACHE_BYTES) {
    this.states = new ActivationCache(stateBytes);
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
    this.states.clear();
    this.#values.clear();
  }
}
