import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { InputError } from '../errors.ts';
import { printable, shown } from '../settings/index.ts';
import type { TokenizerConfig, TokenizerDefinition } from './definitions.ts';
import {
  byteLevelSpelling,
  locateTokens,
  type Spelling,
  type TokenSpans,
  type WordPieceModel,
  wordPieceSpelling,
} from './offsets.ts';
import {
  type Encoding,
  fillTemplate,
  type PostProcessor,
  parseTemplate,
  secondStart,
  specialIds,
  type Template,
} from './template.ts';
import { checkTokenIds } from './token-ids.ts';
import { checkConfig, checkDefinition } from './tokenizer-schema.ts';
import { longestFirst } from './truncation.ts';

/** The part of the library that is used; TypeScript does not find its own declarations under Node's module rules. */
interface Library {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[]; tokens: string[] };
  decode(ids: number[], options: { skip_special_tokens: boolean }): string;
  get_vocab(): Map<string, number>;
  token_to_id(token: string): number | undefined;
  get_added_tokens_decoder(): Map<number, { content: string }>;
  normalizer: ((text: string) => string) | null;
}

/** A text as tokens without special ones, and the place of each in it. */
export interface LocatedTokens extends TokenSpans {
  readonly ids: number[];
}

/** A pair of texts as a model reads it. */
export interface PairEncoding extends Encoding {
  /** The index in `ids` at which the second text begins. */
  readonly secondStart: number;
}

/**
 * Turns text into token ids and back, exactly as the model's tokenizer.json says. Padding and truncation settings
 * stored in that file are ignored: batches are packed, and `encode` has a parameter for the longest result.
 */
export class Tokenizer {
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly padId: number;
  /** The special token that begins every encoding. */
  readonly clsId: number;
  /** The special token that ends every encoding. */
  readonly sepId: number;
  readonly #library: Library;
  readonly #template: Template;
  readonly #definition: TokenizerDefinition;
  readonly #label: string;
  #singleType = false;
  #spelling: Spelling | null = null;

  /**
   * @param definition the content of a tokenizer.json
   * @param config the content of tokenizer_config.json, if there is one
   * @param label names the file in messages
   * @throws InputError when the definition is invalid, of an unsupported kind or without special tokens
   */
  constructor(definition: TokenizerDefinition, config: TokenizerConfig = {}, label = 'tokenizer.json') {
    checkTokenIds(definition, label);
    checkDefinition(definition, label);
    checkConfig(config, 'tokenizer_config.json');
    try {
      this.#library = new LibraryTokenizer(definition, config);
      this.#template = parseTemplate(definition.post_processor as PostProcessor | null);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InputError(
        printable(`${label} cannot be used: ${reason.slice(0, 300)}; use a tokenizer of BERT, RoBERTa or BART.`),
      );
    }
    const specials = specialIds(this.#template.single);
    const padId = this.#library.token_to_id('[PAD]') ?? this.#library.token_to_id('<pad>');
    if (specials.length < 2 || padId === undefined) {
      throw new InputError(
        `${label} has no tokens for start, end and padding; use a tokenizer of BERT, RoBERTa or BART.`,
      );
    }
    this.#definition = definition;
    this.#label = label;
    this.padId = padId;
    this.clsId = specials[0];
    this.sepId = specials[specials.length - 1];
    this.vocabSize = 1 + [...this.#library.get_vocab().values()].reduce((a, b) => Math.max(a, b), 0);
    const strange = [...specials, ...specialIds(this.#template.pair)].find((id) => id >= this.vocabSize);
    if (strange !== undefined) {
      throw new InputError(
        `${label}: its post_processor adds the token ${strange}, and there are ${this.vocabSize}; download it again.`,
      );
    }
  }

  /**
   * The ids of a text or a pair, with special tokens.
   *
   * @param pair the second text; an empty string is a (short) second text, `null` is none
   * @param options.maxLength the largest number of ids, special tokens included. A single text loses its end; of a pair
   *   the longer text loses one token at a time, the second when both are equally long.
   * @throws InputError when a text is no string, or the special tokens alone exceed `maxLength`
   */
  encode(text: string, pair?: string | null, options: { readonly maxLength?: number } = {}): Encoding {
    const { maxLength = Number.POSITIVE_INFINITY } = options;
    const isPair = pair !== undefined && pair !== null;
    checkText('the text', text);
    if (isPair) checkText('the second text', pair);
    const pieces = isPair ? this.#template.pair : this.#template.single;
    const specialCount = specialIds(pieces).length;
    const room = maxLength - specialCount;
    if (!(room >= 0)) {
      throw new InputError(`A maximum length of ${maxLength} leaves no room for the ${specialCount} special tokens.`);
    }
    const first = this.#tokenize(text);
    if (!isPair) return this.#filled(pieces, [first.slice(0, room)]);
    const second = this.#tokenize(pair);
    const [keptFirst, keptSecond] = longestFirst(first.length, second.length, room);
    return this.#filled(pieces, [first.slice(0, keptFirst), second.slice(0, keptSecond)]);
  }

  /**
   * Returns the tokens of a text, without special ones, and the place of each in it.
   *
   * @throws InputError when the tokenizer is neither WordPiece nor byte-level BPE
   */
  locate(text: string): LocatedTokens {
    checkText('the text', text);
    this.#spelling ??= this.#spellingOf();
    const { ids, tokens } = this.#encoded(text);
    return { ids, ...locateTokens(text, tokens, this.#spelling) };
  }

  /** One more than the largest token type of a pair of texts. */
  get tokenTypes(): number {
    return this.#singleType ? 1 : 1 + Math.max(0, ...this.joinPair([0], [0]).typeIds);
  }

  /** Sets the type of every token to 0 from now on, for a model that has no other. */
  useSingleType(): void {
    this.#singleType = true;
  }

  /** Returns the number of special tokens around a pair of texts. */
  get pairSpecials(): number {
    return specialIds(this.#template.pair).length;
  }

  /** A pair of texts that are ids already. */
  joinPair(first: readonly number[], second: readonly number[]): PairEncoding {
    const { pair } = this.#template;
    return { ...this.#filled(pair, [first, second]), secondStart: secondStart(pair, first.length) };
  }

  #filled(pieces: Template['single'], texts: readonly (readonly number[])[]): Encoding {
    const encoding = fillTemplate(pieces, texts);
    return this.#singleType ? { ...encoding, typeIds: encoding.typeIds.map(() => 0) } : encoding;
  }

  #spellingOf(): Spelling {
    const { model, pre_tokenizer } = this.#definition as { model?: WordPieceModel; pre_tokenizer?: unknown };
    const normalize = (text: string) => this.#library.normalizer?.(text) ?? text;
    const verbatim = new Set([...this.#library.get_added_tokens_decoder().values()].map(({ content }) => content));
    if (model?.type === 'WordPiece') return wordPieceSpelling(model, normalize, verbatim);
    if (JSON.stringify(pre_tokenizer ?? null).includes('"ByteLevel"')) return byteLevelSpelling(normalize, verbatim);
    throw new InputError(
      `${this.#label}: where tokens stand in a text can be told for WordPiece and byte-level BPE only.`,
    );
  }

  /** The text of ids, special tokens left out. */
  decode(ids: Iterable<number>): string {
    const list = [...ids];
    return list.length === 0 ? '' : this.#library.decode(list, { skip_special_tokens: true });
  }

  #tokenize(text: string): number[] {
    return this.#encoded(text).ids;
  }

  /** Returns the ids without unknown parts: a vocabulary without a token for the unknown skips them, as in Rust. */
  #encoded(text: string): { ids: number[]; tokens: string[] } {
    const { ids, tokens } = this.#library.encode(text, { add_special_tokens: false });
    if (!ids.includes(undefined as never)) return { ids, tokens };
    const isKnown = (_: unknown, i: number) => ids[i] !== undefined;
    return { ids: ids.filter(isKnown), tokens: tokens.filter(isKnown) };
  }
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== 'string') throw new InputError(`${name} must be a string, not ${shown(value)}.`);
}
