import type { GenerationSettings } from './settings.ts';

interface BeamHypothesis {
  readonly tokens: readonly number[];
  readonly score: number;
}

/** The best finished texts of a beam search, at most as many as beams. */
export class BeamHypotheses {
  readonly #settings: Pick<GenerationSettings, 'numBeams' | 'lengthPenalty' | 'earlyStopping'>;
  /** Best last. */
  readonly #texts: BeamHypothesis[] = [];

  constructor(settings: Pick<GenerationSettings, 'numBeams' | 'lengthPenalty' | 'earlyStopping'>) {
    this.#settings = settings;
  }

  /** Σ log p / length^penalty: a mean log-probability when the penalty is 1. */
  #score(sum: number, length: number): number {
    return sum / length ** this.#settings.lengthPenalty;
  }

  /** Keeps the text if it is among the best. @param sum Σ log p; @param length how many tokens count for its score */
  add(tokens: readonly number[], sum: number, length: number): void {
    const score = this.#score(sum, length);
    const isFull = this.#texts.length === this.#settings.numBeams;
    if (isFull && score <= this.#texts[0].score) return;
    const place = this.#texts.findLastIndex((other) => other.score <= score) + 1;
    this.#texts.splice(place, 0, { tokens, score });
    if (isFull) this.#texts.shift();
  }

  /** Returns whether no better text can follow. @param bestSum of the best continuation; @param length how many tokens would count for its score */
  isDone(bestSum: number, length: number): boolean {
    const { numBeams, earlyStopping } = this.#settings;
    if (this.#texts.length < numBeams) return false;
    return earlyStopping || this.#texts[0].score >= this.#score(bestSum, length);
  }

  /** The best texts, best first. */
  best(count: number): BeamHypothesis[] {
    return this.#texts.slice(-count).reverse();
  }
}
