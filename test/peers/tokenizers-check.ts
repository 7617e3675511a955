import { InputError } from '../../src/errors.ts';
import { type Encoding, Tokenizer, type TruncationStrategy } from '../../src/text/index.ts';
import { trimsOffsets } from '../../src/text/post-processors/index.ts';
import { encodingsDiffer } from './tokenizers-compare.ts';
import { type Library, type LibraryEncoding, LibraryError, type LibraryInput } from './tokenizers-library.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface Truncation {
  readonly maxLength: number;
  readonly truncation: TruncationStrategy;
  readonly truncationSide: 'left' | 'right';
  readonly stride: number;
}

/** What was compared, and where there was nothing to compare. */
export class Counts {
  /** Tokenizers that both made. */
  tokenizers = 0;
  texts = 0;
  pairs = 0;
  /** Texts and pairs that were cut, with all windows. */
  cut = 0;
  decoded = 0;
  /** What both refuse. */
  refused = 0;
  /** Where the library panics, as at a place within a character: it has no answer then. */
  panics = 0;

  toString(): string {
    return `${this.texts} texts, ${this.pairs} pairs, ${this.cut} truncations, ${this.decoded} decoded; ${this.refused} refused by both, ${this.panics} panics of the library`;
  }
}

/** What a call returns, or why it refuses. */
type Outcome<T> =
  | { readonly value: T; readonly refused?: undefined }
  | { readonly refused: string; readonly isPanic: boolean };

async function outcome<T>(call: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call() };
  } catch (error) {
    if (error instanceof LibraryError) return { refused: error.message, isPanic: error.isPanic };
    if (error instanceof InputError) return { refused: error.message, isPanic: false };
    throw error;
  }
}

const strategies = { longest_first: 'LongestFirst', only_first: 'OnlyFirst', only_second: 'OnlySecond' } as const;

/** A tokenizer here and in the library, which must do the same; each check throws where they do not. */
export class BothTokenizers {
  readonly #ours: Tokenizer;
  readonly #library: Library;
  readonly #counts: Counts;
  readonly #isTrimming: boolean;
  /** Whether the library knows of which text the tokens of windows are: without a post-processor it forgets. */
  readonly #hasSequences: boolean;

  private constructor(ours: Tokenizer, library: Library, counts: Counts, processor: unknown) {
    this.#ours = ours;
    this.#library = library;
    this.#counts = counts;
    this.#isTrimming = trimsOffsets(processor);
    this.#hasSequences = processor !== null;
  }

  /** Makes both of a tokenizer.json; null if both refuse it, or the library panics. */
  static async of(fields: Fields, library: Library, counts: Counts): Promise<BothTokenizers | null> {
    const ours = await outcome(() => new Tokenizer(fields as ConstructorParameters<typeof Tokenizer>[0]));
    // Of tokens that are spelled alike the library takes one at random; one that is spelled as nothing it finds everywhere.
    if (/ are both looked for as |nothing is left of the added token/.test(ours.refused ?? '')) return null;
    const theirs = await outcome(() => library.load(JSON.stringify(fields)));
    const made = both(counts, 'the tokenizer', ours, theirs);
    if (made === null) return null;
    counts.tokenizers++;
    return new BothTokenizers(made[0], library, counts, fields.post_processor ?? null);
  }

  /** Encodes texts and pairs, decodes what comes out, and compares it. */
  async encode(inputs: readonly LibraryInput[]): Promise<void> {
    // The library works while this thread does.
    const asked = outcome(() => this.#library.encode(inputs));
    const all = inputs.map(({ text, pair, addSpecialTokens }) =>
      outcome(() => this.#ours.encode(text, pair, { addSpecialTokens })),
    );
    const theirs = await asked;
    if (theirs.refused !== undefined && inputs.length > 1) {
      for (const input of inputs) await this.encode([input]);
      return;
    }
    const compared: LibraryEncoding[] = [];
    for (const [i, { text, pair }] of inputs.entries()) {
      const name = JSON.stringify(pair === null ? text : [text, pair]);
      const ours = await all[i];
      const theirOne = theirs.refused === undefined ? { value: theirs.value[i] } : theirs;
      const encodings = both(this.#counts, name, ours, theirOne);
      if (encodings === null) continue;
      const texts = pair === null ? [text] : [text, pair];
      refuseIf(name, encodingsDiffer(texts, ...encodings, this.#isTrimming));
      compared.push(encodings[1]);
      this.#counts[pair === null ? 'texts' : 'pairs']++;
    }
    await this.decode(compared.map(({ ids }) => ids));
  }

  /** Encodes a text or a pair, cuts it, and compares all windows. */
  async cut(input: LibraryInput, { truncation, truncationSide, maxLength, stride }: Truncation): Promise<void> {
    const { text, pair, addSpecialTokens } = input;
    const name = JSON.stringify({ text, pair, truncation, truncationSide, maxLength, stride, addSpecialTokens });
    const options = { maxLength, truncation, truncationSide, stride, addSpecialTokens };
    const settings = { maxLength, strategy: strategies[truncation], direction: truncationSide, stride };
    const asked = outcome(() => this.#library.windows(input, settings));
    const ours = await outcome(() => this.#ours.encode(text, pair, { ...options, returnOverflowingTokens: true }));
    const theirs = await asked;
    // The library cuts nothing then: its length is below 0, which becomes a large number.
    if (ours.refused?.includes('leaves no room')) return;
    const encodings = both(this.#counts, name, ours, theirs);
    if (encodings === null) return;
    const [own, expected] = encodings;
    const texts = pair === null ? [text] : [text, pair];
    refuseIf(
      name,
      encodingsDiffer(texts, own, this.#hasSequences ? expected : withSequences(expected, own), this.#isTrimming),
    );
    this.#counts.cut++;
  }

  /** Decodes lists of ids, with and without special tokens, and compares the texts. */
  async decode(lists: readonly (readonly number[])[]): Promise<void> {
    const inputs = lists.flatMap((ids) => [true, false].map((skipSpecialTokens) => ({ ids, skipSpecialTokens })));
    const theirs = await outcome(() => this.#library.decode(inputs));
    if (theirs.refused !== undefined) {
      if (!theirs.isPanic) throw new Error(`the library does not decode: ${theirs.refused}`);
      this.#counts.panics++;
      return;
    }
    for (const [i, { ids, skipSpecialTokens }] of inputs.entries()) {
      const text = this.#ours.decode(ids, { skipSpecialTokens, cleanUpTokenizationSpaces: false });
      if (text === theirs.value[i]) continue;
      const expected = JSON.stringify(theirs.value[i]);
      throw new Error(`${ids} is ${JSON.stringify(text)} (skipping: ${skipSpecialTokens}), in the library ${expected}`);
    }
    this.#counts.decoded += inputs.length;
  }
}

function refuseIf(name: string, difference: string | null): void {
  if (difference !== null) throw new Error(`${name}: ${difference}`);
}

/** Returns what the library made with the sequence ids of another encoding. */
function withSequences(expected: LibraryEncoding, { sequenceIds, overflowing }: Encoding): LibraryEncoding {
  const windows = expected.overflowing.map((window, i) => ({
    ...window,
    sequenceIds: overflowing[i]?.sequenceIds ?? [],
  }));
  return { ...expected, sequenceIds, overflowing: windows };
}

/** Returns two results, or null if there are none. Throws if only one of both refuses, unless the library panics. */
function both<A, B>(counts: Counts, name: string, ours: Outcome<A>, theirs: Outcome<B>): readonly [A, B] | null {
  if (ours.refused === undefined && theirs.refused === undefined) return [ours.value, theirs.value];
  if (theirs.refused === undefined) throw new Error(`${name} is refused here only: ${ours.refused}`);
  if (ours.refused !== undefined) counts.refused++;
  else if (theirs.isPanic) counts.panics++;
  else throw new Error(`${name} is refused by the library only: ${theirs.refused}`);
  return null;
}
