/** One reader of files under test: what it reads, and how a user would have it read. */
export interface Target {
  /** What is changed before it is read: texts of JSON by their structure too, others byte by byte. */
  readonly kind: 'json' | 'bytes';
  /** What one input may take, if that is another time than is given. */
  readonly limitMs?: number;
  /** Inputs that are right. */
  readonly seeds: readonly (Uint8Array | string)[];
  /**
   * Reads a changed input. An InputError is as good as success; anything else that is thrown is a failure, and so is one that takes
   * longer than the limit.
   */
  read(input: Uint8Array): void | Promise<void>;
}
