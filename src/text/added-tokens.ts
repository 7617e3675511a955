import * as v from 'valibot';
import { InputError } from '../errors.ts';
import { boolean, nonEmptyText, openFields, shown } from '../settings/index.ts';
import { AlignedText } from './aligned-text.ts';
import { assertComplete } from './further-kinds.ts';
import type { Normalizer, TokenModel } from './stages.ts';
import { tokenId } from './token-ids.ts';
import { isWhitespace } from './unicode/character-classes.ts';
import type { CodePointSet } from './unicode/code-points.ts';

const flag = v.optional(boolean, false);

/** A token of `added_tokens` in a tokenizer.json. */
export const addedTokenSchema = openFields({
  id: tokenId,
  content: nonEmptyText,
  /** Whether `decode` leaves it out when it is told to skip special tokens. */
  special: flag,
  /** Whether it is found between other characters than those of words only. */
  single_word: flag,
  /** Whether it takes the white space before it along. */
  lstrip: flag,
  /** Whether it takes the white space after it along. */
  rstrip: flag,
  /** Whether it is looked for in the normalized text, as it is spelled there. */
  normalized: v.optional(boolean, true),
});

export type AddedToken = v.InferOutput<typeof addedTokenSchema>;

let wordCharacters: () => CodePointSet;

/** Gives the characters of words, by which the ends of words are found for `single_word`. */
export function giveWordCharacters(characters: () => CodePointSet): void {
  wordCharacters = characters;
}

/**
 * Checks the ids of added tokens, which the library gives anew: the one of the model, else the next one after its tokens.
 *
 * @throws InputError naming a token whose id is another one in the file, or that of another token
 */
export function checkAddedIds(tokens: readonly AddedToken[], model: TokenModel, label: string): void {
  const seen = new Map<number, string>();
  let next = model.size;
  for (const { id, content } of tokens) {
    const other = seen.get(id);
    if (other !== undefined && other !== content) {
      throw new InputError(`${label}: the id ${id} is there twice, for ${shown(other)} and ${shown(content)}.`);
    }
    seen.set(id, content);
    const known = model.idOf(content);
    const own = known ?? (other === undefined ? next++ : id);
    if (own !== id) {
      throw new InputError(
        `${label}: the token ${shown(content)} is ${id} in added_tokens and ${own} in the ${known === undefined ? 'order of the tokens that are added to the model' : 'model'}; download it again.`,
      );
    }
  }
}

/** A part of a text: an added token by its id, or what lies between such, which has none. */
export interface TextPart {
  readonly id: number | null;
  readonly text: AlignedText;
}

/** A token as it is spelled where it is looked for. */
interface Spelled {
  readonly token: AddedToken;
  readonly content: string;
}

/** Tokens that are cut out of a text before a model sees it, such as `[SEP]` and `<mask>`. */
export class AddedTokens {
  readonly #byId: ReadonlyMap<number, Spelled>;
  readonly #byContent: ReadonlyMap<string, number>;
  readonly #special: ReadonlySet<string>;
  readonly #raw: TokenTrie;
  readonly #normalized: TokenTrie;
  readonly #normalize: Normalizer;

  constructor(tokens: readonly AddedToken[], normalize: Normalizer, label: string) {
    if (tokens.some(({ single_word: isWord }) => isWord)) assertComplete('single_word');
    const spelled = tokens.map((token) => ({
      token,
      content: token.normalized ? normalize(AlignedText.of(token.content)).text : token.content,
    }));
    this.#byId = new Map(spelled.map((one) => [one.token.id, one]));
    this.#byContent = new Map(tokens.map(({ content, id }) => [content, id]));
    this.#special = new Set(tokens.filter(({ special }) => special).map(({ content }) => content));
    this.#raw = new TokenTrie(
      spelled.filter(({ token }) => !token.normalized),
      label,
    );
    this.#normalized = new TokenTrie(
      spelled.filter(({ token }) => token.normalized),
      label,
    );
    this.#normalize = normalize;
  }

  /** Normalizes a text and cuts it into the added tokens in it and what lies between them. Empty parts are left out. */
  split(text: string): readonly TextPart[] {
    const parts: TextPart[] = [];
    for (const part of this.#raw.split(AlignedText.of(text))) {
      if (part.id !== null) parts.push(part);
      else for (const inner of this.#normalized.split(this.#normalize(part.text))) parts.push(inner);
    }
    return parts;
  }

  idOf(content: string): number | undefined {
    return this.#byContent.get(content);
  }

  /** Returns the text of a token as it is decoded: one that is looked for in normalized text, as it is spelled there. */
  contentOf(id: number): string | undefined {
    return this.#byId.get(id)?.content;
  }

  /** Returns whether a decoded token is a special one. */
  isSpecial(content: string): boolean {
    return this.#special.has(content);
  }

  get ids(): Iterable<number> {
    return this.#byId.keys();
  }

  /** The ids of the special ones. */
  get specialIds(): ReadonlySet<number> {
    const tokens = [...this.#byId.values()].map(({ token }) => token);
    return new Set(tokens.filter(({ special }) => special).map(({ id }) => id));
  }
}

interface Node {
  readonly next: Map<number, Node>;
  token: AddedToken | null;
}

const newNode = (): Node => ({ next: new Map(), token: null });

/** Finds tokens in a text, of those that begin at the same place the longest. */
class TokenTrie {
  readonly #root = newNode();
  /** 1 for each code unit that begins a token. */
  readonly #begins = new Uint8Array(0x10000);

  /** @throws InputError if two of the tokens are spelled alike, or one as nothing */
  constructor(tokens: readonly Spelled[], label: string) {
    for (const { token, content } of tokens) {
      // The library finds it between all characters, and takes one of those that are spelled alike at random.
      if (content === '') {
        throw new InputError(
          `${label}: nothing is left of the added token ${shown(token.content)} once it is normalized; set normalized to false for it.`,
        );
      }
      this.#begins[content.charCodeAt(0)] = 1;
      let node = this.#root;
      for (let i = 0; i < content.length; i++) {
        const unit = content.charCodeAt(i);
        const next = node.next.get(unit) ?? newNode();
        node.next.set(unit, next);
        node = next;
      }
      if (node.token) {
        throw new InputError(
          `${label}: the added tokens ${node.token.id} and ${token.id} are both looked for as ${shown(content)}; remove one of them.`,
        );
      }
      node.token = token;
    }
  }

  split(source: AlignedText): readonly TextPart[] {
    const { text } = source;
    const parts: TextPart[] = [];
    let done = 0;
    const add = (id: number | null, from: number, to: number) => {
      if (from < to) parts.push({ id, text: source.slice(from, to) });
    };
    for (let at = this.#nextStart(text, 0); at < text.length; ) {
      const token = this.#longestAt(text, at);
      if (token === null) {
        at = this.#nextStart(text, at + 1);
        continue;
      }
      const { length, token: found } = token;
      const end = at + length;
      if (!found.single_word || isApart(text, at, end)) {
        let [from, to] = [at, end];
        if (found.lstrip) {
          while (from > done && isWhitespace(text.charCodeAt(from - 1))) from--;
          // White space that the token before took along is its own, even where this token is white space.
          from = Math.max(from, done);
        }
        if (found.rstrip) while (to < text.length && isWhitespace(text.charCodeAt(to))) to++;
        add(null, done, from);
        add(found.id, from, to);
        done = to;
      }
      at = this.#nextStart(text, end);
    }
    add(null, done, text.length);
    return parts;
  }

  /** Returns the next place at which a token may begin, or the length of the text. */
  #nextStart(text: string, from: number): number {
    if (this.#root.next.size === 0) return text.length;
    const begins = this.#begins;
    let at = from;
    while (at < text.length && begins[text.charCodeAt(at)] === 0) at++;
    return at;
  }

  #longestAt(text: string, from: number): { readonly token: AddedToken; readonly length: number } | null {
    let found = null;
    let node: Node | undefined = this.#root;
    for (let at = from; at < text.length; at++) {
      node = node.next.get(text.charCodeAt(at));
      if (!node) break;
      if (node.token) found = { token: node.token, length: at + 1 - from };
    }
    return found;
  }
}

/** Returns whether no character of a word stands directly before or after a part of a text. */
function isApart(text: string, from: number, to: number): boolean {
  const before = from > 1 && isLowSurrogate(text.charCodeAt(from - 1)) ? from - 2 : from - 1;
  const isInWord = (at: number) => wordCharacters().has(text.codePointAt(at) as number);
  return (from === 0 || !isInWord(before)) && (to === text.length || !isInWord(to));
}

const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
