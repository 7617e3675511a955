/** The number of bytes that are read at once. */
export interface ChunkOptions {
  /** Bytes that are read at once. Default 256 KiB. */
  readonly chunkBytes?: number;
  /** Bytes of the longest line or record; more is a file of another kind, or a quote that nothing closes. Default 64 MiB. */
  readonly recordBytes?: number;
}
