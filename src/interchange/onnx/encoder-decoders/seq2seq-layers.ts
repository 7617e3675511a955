import { attention, splitHeads } from '../attention.ts';
import { type SeenNodes, withPrefix } from '../prefix.ts';
import { sublayerEnd } from '../sublayer.ts';
import type { AttentionNames, Seq2SeqGraph, Seq2SeqSite, SideLayer, SublayerNames } from './seq2seq-site.ts';

/** The layers of an encoder-decoder in one of its graphs. */
export class Seq2SeqLayers {
  readonly #site: Seq2SeqSite;
  readonly #own: Seq2SeqGraph;

  constructor(site: Seq2SeqSite, own: Seq2SeqGraph) {
    this.#site = site;
    this.#own = own;
  }

  /** A projection of rows [batch, length, hidden] as heads, [batch, heads, length, size]. */
  heads(x: string, name: string): string {
    const { graph } = this.#site;
    const { heads, hidden } = this.#own.sizes(this.#site);
    return splitHeads(graph, graph.linear(x, name), heads, hidden);
  }

  /** Attention with its projection of queries and of the result, [batch, length, hidden]. */
  attention(x: string, names: AttentionNames, seen: SeenNodes): string {
    const { graph, parts } = this.#site;
    const sizes = this.#own.sizes(this.#site);
    const { key, value, bias } = withPrefix(graph, parts, names.seen, seen, sizes.heads);
    const query = this.heads(x, names.query);
    return graph.linear(attention(graph, [query, key, value], bias, sizes), names.out);
  }

  /** A part of a layer with its norm, what adapters make of it, and its input added. */
  sublayer(x: string, { norm, point }: SublayerNames, inside: (entered: string) => string): string {
    const { graph, parts } = this.#site;
    const normalised = (value: string) => this.#own.norm(this.#site, value, norm);
    const { normsFirst } = this.#own;
    const end = { x, norm: normsFirst ? (sum: string) => sum : normalised };
    const h = inside(normsFirst ? normalised(x) : x);
    return point === undefined ? end.norm(graph.add(h, x)) : sublayerEnd(graph, parts, point, h, end);
  }

  perceptron(x: string, { perceptron }: SideLayer): string {
    return this.sublayer(x, perceptron, (entered) => perceptron.forward(entered));
  }
}
