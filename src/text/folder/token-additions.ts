import { type AddedToken, isSameToken } from './added-token.ts';

/** The tokens that are added to the vocabulary of a model, as the Rust library keeps them. */
export class TokenAdditions {
  readonly #vocabulary: ReadonlyMap<string, number>;
  readonly #byId = new Map<number, AddedToken>();
  readonly #ids = new Map<string, number>();

  /** @param vocabulary of the model: tokens that are in it keep their ids */
  constructor(vocabulary: ReadonlyMap<string, number>) {
    this.#vocabulary = vocabulary;
  }

  /** Takes over a token of a tokenizer.json, which has an id. */
  set(id: number, token: AddedToken): void {
    this.#byId.set(id, token);
    this.#ids.set(token.content, id);
  }

  /** Adds a token, or changes how one is found. A new one gets the next id, whichever id its file gives it. */
  add(token: AddedToken): void {
    if (token.content === '') return;
    const present = this.at(token.content);
    if (present && isSameToken(present, token)) return;
    this.set(this.idOf(token.content) ?? this.#nextId(), token);
  }

  /** Returns undefined for what is no added token. */
  at(content: string): AddedToken | undefined {
    const id = this.#ids.get(content);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Returns the id of an added token or of one of the vocabulary. */
  idOf(content: string): number | undefined {
    return this.#ids.get(content) ?? this.#vocabulary.get(content);
  }

  /** In the form of a tokenizer.json. */
  list(): ({ readonly id: number } & AddedToken)[] {
    return [...this.#byId].sort(([a], [b]) => a - b).map(([id, token]) => ({ id, ...token }));
  }

  #nextId(): number {
    let last = this.#vocabulary.size - 1;
    for (const id of this.#byId.keys()) last = Math.max(last, id);
    return last + 1;
  }
}
