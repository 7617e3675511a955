import type { Column } from './source.ts';

/** Requests to the reader of Parquet files. */
export type ParquetRequest =
  | { readonly ask: 'open'; readonly path: string; readonly columns: readonly Column[] }
  | { readonly ask: 'next' };

/** Its answers, one for each request. */
export type ParquetReply =
  | { readonly classes: readonly (readonly string[] | null)[]; readonly names: readonly string[] }
  /** Null at the end. */
  | { readonly part: unknown[][] | null }
  /** `isInput`: the message is for the user as it is. */
  | { readonly error: string; readonly isInput: boolean };
