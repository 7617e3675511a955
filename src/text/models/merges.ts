import { InputError } from '../../errors.ts';
import { shown } from '../../settings/index.ts';
import { PairTable } from './pair-table.ts';
import type { Vocabulary } from './vocabulary.ts';

/** More than any file has; the queue of merges counts on it. */
const MOST_MERGES = 2 ** 22;

/** Pairs of tokens that become one, the best first: the place of a pair is its rank. */
export class Merges {
  readonly #ranks: PairTable;
  readonly #results: Int32Array;

  /**
   * @param merges texts `"a b"`, or pairs of tokens
   * @param prefix what the second token of a pair has before it, and loses
   * @throws InputError for a merge that is none, or of which a token is not in the vocabulary
   */
  constructor(merges: readonly unknown[], vocabulary: Vocabulary, prefix: string) {
    // Files that go back to a merges.txt have its first line.
    const pairs = typeof merges[0] === 'string' ? merges.filter((merge) => !isVersion(merge)) : merges;
    if (pairs.length > MOST_MERGES) {
      throw new InputError(`model.merges has ${pairs.length} merges; there may be ${MOST_MERGES}.`);
    }
    this.#ranks = new PairTable(pairs.length);
    this.#results = new Int32Array(pairs.length);
    for (let rank = 0; rank < pairs.length; rank++) {
      const merge = pairs[rank];
      const [first, second] = pairOf(merge, typeof pairs[0]);
      const idOf = (token: string): number => vocabulary.idOf(token) ?? refuse(merge, token);
      this.#ranks.set(idOf(first), idOf(second), rank);
      this.#results[rank] = idOf(first + second.slice(prefix.length));
    }
  }

  /** Returns the rank of a pair of ids; -1 if they do not become one. */
  rankOf(first: number, second: number): number {
    return this.#ranks.get(first, second);
  }

  /** Returns the id of what the pair of a rank becomes. */
  resultOf(rank: number): number {
    return this.#results[rank];
  }
}

const isVersion = (merge: unknown): boolean => typeof merge === 'string' && merge.startsWith('#version');

/** @throws InputError for a merge of which a token is not in the vocabulary */
function refuse(merge: unknown, token: string): never {
  throw new InputError(`model.merges has ${shown(merge)}, but model.vocab has no ${shown(token)}; restore the file.`);
}

/** @param kind the type of the first merge, which all must have */
function pairOf(merge: unknown, kind: string): readonly [string, string] {
  const pair: unknown = typeof merge === 'string' ? merge.split(' ') : merge;
  if (Array.isArray(pair) && pair.length === 2 && typeof merge === kind) {
    const [first, second] = pair as readonly unknown[];
    if (typeof first === 'string' && typeof second === 'string') return [first, second];
  }
  throw new InputError(
    `model.merges has ${shown(merge)}; all must be texts of two tokens with a space between, or all pairs of tokens; restore the file.`,
  );
}
