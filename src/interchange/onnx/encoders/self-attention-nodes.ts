import { attention, splitHeads } from '../attention.ts';
import { withPrefix } from '../prefix.ts';
import type { EncoderSite } from './encoder-site.ts';

/** What attends to each other: heads [batch, heads, rows, size]. */
export interface Heads {
  readonly query: string;
  readonly key: string;
}

/** What a scheme of positions makes of heads. */
export interface Placed extends Heads {
  /** Added to the scores [batch, heads, rows, rows], the mask included. */
  readonly bias: string;
  /** Products are multiplied with it. Default: one by the root of the width of a head. */
  readonly scale?: number;
}

/** How positions enter an attention. */
export type GraphScheme = (heads: Heads) => Placed;

/**
 * The attention of rows to each other, [batch, rows, hidden].
 *
 * @param seen the point of keys and values
 * @param rows queries, keys and values, [batch, rows, hidden]
 */
export function selfAttention(
  { graph, config, parts, bias }: EncoderSite,
  seen: string,
  rows: Heads & { readonly value: string },
  scheme: GraphScheme = (heads) => ({ ...heads, bias }),
): string {
  const { num_attention_heads: heads, hidden_size: hidden } = config;
  const [query, key, value] = [rows.query, rows.key, rows.value].map((x) => splitHeads(graph, x, heads, hidden));
  const { scale, ...placed } = scheme({ query, key });
  // What stands before the keys has no position.
  const own = { key: placed.key, value, bias: placed.bias };
  const all = withPrefix(graph, parts, seen, own, heads);
  return attention(graph, [placed.query, all.key, all.value], all.bias, { heads, hidden, scale });
}
