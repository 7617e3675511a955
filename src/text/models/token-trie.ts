import { PairTable } from './pair-table.ts';

/** The tokens of a vocabulary as a tree of their code units, in which those that begin a text are found. */
export class TokenTrie {
  static readonly ROOT = 0;
  readonly #children = new PairTable();
  /** The id of the token that ends at a node; -1 where none does. */
  readonly #ids: Int32Array;

  /** A token that is there twice has the last of its ids. */
  constructor(tokens: Iterable<readonly [token: string, id: number]>) {
    const ids = [-1];
    for (const [token, id] of tokens) {
      let node = TokenTrie.ROOT;
      for (let i = 0; i < token.length; i++) {
        node = this.#children.getOrSet(node, token.charCodeAt(i), ids.length);
        if (node === ids.length) ids.push(-1);
      }
      ids[node] = id;
    }
    this.#ids = Int32Array.from(ids);
  }

  /** Returns the node below another one; -1 if no token goes on so. */
  child(node: number, unit: number): number {
    return this.#children.get(node, unit);
  }

  /** Returns the node at the end of a text; -1 if no token begins with it. */
  nodeAfter(text: string): number {
    let node = TokenTrie.ROOT;
    for (let i = 0; i < text.length && node >= 0; i++) node = this.child(node, text.charCodeAt(i));
    return node;
  }

  /** Returns the id of the token that ends at a node; -1 if none does. */
  idAt(node: number): number {
    return this.#ids[node];
  }
}
