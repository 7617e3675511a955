// How an attention kernel is told which rows attend to which; the host writes it as 32-bit words (src/backends/wasm/attention.ts).
import { dropRow } from './counter';
import { at } from './simd';

/** The part that all sequences share; their places follow it. */
@unmanaged
export class AttentionSpec {
  heads: i32;
  headDim: i32;
  scale: f32;
  /** Dropout of the probabilities: number (query row * heads + head) * mostKeys + key of the stream `seed` decides. */
  p: f32;
  seed: i32;
  mostKeys: i32;
  /** 1: the last query of a sequence sees all keys, each one before it one less. */
  causal: i32;

  @inline
  sequence(i: i32): Sequence {
    return changetype<Sequence>(changetype<usize>(this) + offsetof<AttentionSpec>() + <usize>i * offsetof<Sequence>());
  }

  /** How many keys query `i` of a sequence sees: the first ones. */
  @inline
  seen(s: Sequence, i: i32): i32 {
    return this.causal ? s.keys - s.queries + i + 1 : s.keys;
  }

  /** How many queries do not see key `i` of a sequence: the first ones. */
  @inline
  unseen(s: Sequence, i: i32): i32 {
    return this.causal ? max(0, min(s.queries, s.queries - s.keys + i)) : 0;
  }

  /** Dropout of the first `n` numbers of a row of scores in its place; `cell` is query row * heads + head. */
  @inline
  drop(row: usize, n: i32, cell: i32): void {
    if (this.p > 0) dropRow(row, row, n, this.p, 1 / (1 - this.p), this.seed, cell * this.mostKeys);
  }
}

/** Rows of the queries and of the keys. */
@unmanaged
export class Sequence {
  firstQuery: i32;
  queries: i32;
  firstKey: i32;
  keys: i32;
}

/** Sets the numbers [from, to) of a row to 0. */
@inline
export function clear(row: usize, from: i32, to: i32): void {
  if (from < to) memory.fill(at(row, from), 0, <usize>(to - from) << 2);
}
