/** The number of bytes that are read at once. */
export interface ChunkOptions {
  /** Bytes that are read at once. Default 256 KiB. */
  readonly chunkBytes?: number;
  /** Bytes of the longest line or record; more is a file of another kind, or a quote that nothing closes. Default 64 MiB. */
  readonly recordBytes?: number;
  /**
   * The encoding of a text, by a name of the WHATWG standard, where the user can say it. Left out: UTF-8, or UTF-16 with a byte-order
   * mark, and messages do not speak of the option.
   */
  readonly encoding?: string;
}

/** How a table of cells is written, as far as the user says it. */
export interface TableOptions extends ChunkOptions {
  /** The character between cells. Left out: told by the header. */
  readonly delimiter?: string;
}
