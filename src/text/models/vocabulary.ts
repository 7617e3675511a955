import { InputError } from '../../errors.ts';
import { shown } from '../../settings/index.ts';
import { idProblem, isId } from '../token-ids.ts';

const UNPAIRED = /\p{Surrogate}/u;

/** The tokens of a model and their ids. */
export class Vocabulary {
  readonly #ids = new Map<string, number>();
  /** By their ids, which may leave gaps. */
  readonly #tokens: string[] = [];
  #size = 0;

  /** The vocabulary that maps tokens to ids. @throws InputError for a token or an id that cannot be one, or an id twice */
  static ofIds(ids: Readonly<Record<string, unknown>>): Vocabulary {
    const vocabulary = new Vocabulary();
    // Much faster than a list of keys.
    for (const token in ids) {
      const id = ids[token];
      if (!isId(id)) throw new InputError(idProblem(token, id));
      const other = vocabulary.#tokens[id];
      if (other !== undefined) {
        throw new InputError(
          `the tokens ${shown(other)} and ${shown(token)} both have the id ${id}; restore the file.`,
        );
      }
      vocabulary.#add(token, id);
    }
    return vocabulary;
  }

  /** The vocabulary of tokens whose ids are their places; of a token that is there twice, the last one. */
  static ofList(tokens: readonly string[]): Vocabulary {
    const vocabulary = new Vocabulary();
    for (const [id, token] of tokens.entries()) vocabulary.#add(token, id);
    return vocabulary;
  }

  get size(): number {
    return this.#size;
  }

  get entries(): Iterable<readonly [token: string, id: number]> {
    return this.#ids;
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.#tokens[id];
  }

  /** Returns the id of the unknown token. @throws InputError if there is no such token */
  idOfUnknown(token: string): number {
    const id = this.#ids.get(token);
    if (id !== undefined) return id;
    throw new InputError(`model.unk_token is ${shown(token)}, which model.vocab lacks; restore the file.`);
  }

  #add(token: string, id: number): void {
    if (UNPAIRED.test(token)) throw new InputError(`the token ${shown(token)} is no valid Unicode; restore the file.`);
    this.#ids.set(token, id);
    this.#tokens[id] = token;
    this.#size++;
  }
}
