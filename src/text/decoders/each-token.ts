import type { Decoder } from '../stages.ts';

/** Returns a text as all tokens are in it, each changed by itself. */
export const eachToken =
  (change: (token: string, i: number, count: number) => string): Decoder =>
  (tokens) =>
    tokens.map((token, i) => change(token, i, tokens.length));
