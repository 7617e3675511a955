import type { Random } from '../../src/random/index.ts';

/** One reader of files under test: what it reads, and how a user would have it read. */
interface Reader {
  /** The time that one input may take, if it is not the given one. */
  readonly limitMs?: number;
  /**
   * Reads an input. An InputError is as good as success; anything else that is thrown is a failure, and so is one that takes
   * longer than the limit.
   */
  read(input: Uint8Array): void | Promise<void>;
}

/** Reads changes of inputs that are right. */
interface Changing extends Reader {
  /** The way seeds are changed: texts of JSON by their structure too, others byte by byte. */
  readonly kind: 'json' | 'bytes';
  readonly seeds: readonly (Uint8Array | string)[];
}

/** Reads inputs that it makes itself, where changes of right ones would hardly ever be of the kind that is looked for. */
interface Making extends Reader {
  make(random: Random): Uint8Array;
}

export type Target = Changing | Making;
