import { SharedWeights } from '../models/index.ts';

/** What the runs of one process share: the weights of backbones, and the examples of data sets as tokens. */
export class RunCache {
  readonly weights = new SharedWeights();
  readonly #values = new Map<string, unknown>();

  /** The value that `make` gave for this key the first time. */
  memo<T>(key: readonly unknown[], make: () => T): T {
    const text = JSON.stringify(key);
    if (!this.#values.has(text)) this.#values.set(text, make());
    return this.#values.get(text) as T;
  }

  /** Forgets all of it; what runs have of it stays theirs. */
  dispose(): void {
    this.weights.dispose();
    this.#values.clear();
  }
}
