import { InputError } from '../errors.ts';
import { checkOptions, type OptionNames, shown } from '../settings/index.ts';
import { AddedTokens, checkAddedIds } from './added-tokens.ts';
import type { AlignedText } from './aligned-text.ts';
import { type ComponentKinds, makeComponent } from './component.ts';
import { withoutTokenizationSpaces } from './decoders/clean-up.ts';
import { decoders } from './decoders/index.ts';
import type { TokenizerDefinition } from './definitions.ts';
import { type Encoding, emptyLists, listedTokens, type TokenizedText, type TokenSource } from './encoding.ts';
import type { SpecialTokens, TokenizerSettings } from './folder/index.ts';
import { makeModel } from './models/index.ts';
import { normalizers } from './normalizers/index.ts';
import { takeMarks, trimmedEnd, trimmedStart } from './places.ts';
import { postProcessors, trimsOffsets } from './post-processors/index.ts';
import { fillStrip, type PostProcessor, specialCount } from './post-processors/strip.ts';
import { Templates } from './post-processors/templates.ts';
import { preTokenizers } from './pre-tokenizers/index.ts';
import type { Decoder, PreTokenizer, TokenModel } from './stages.ts';
import { TokenList } from './token-list.ts';
import { checkTokenizerJson } from './tokenizer-json.ts';
import {
  type TruncationSide,
  type TruncationStrategy,
  truncationSides,
  truncationStrategies,
  windowsOf,
} from './truncation.ts';

/** How texts are put together to what a model reads. */
export interface EncodeOptions {
  /** The largest number of tokens, special ones included. Default: no limit. */
  readonly maxLength?: number;
  /** Which text loses tokens beyond that. Default `longest_first`. */
  readonly truncation?: TruncationStrategy;
  /** The side on which a text is cut. Default: as the tokenizer's folder says, else `right`. */
  readonly truncationSide?: TruncationSide;
  /** Tokens that neighbouring windows share. Default 0. */
  readonly stride?: number;
  /** Whether the tokens that were cut off come as further windows, in `overflowing`. Default false. */
  readonly returnOverflowingTokens?: boolean;
  /** Whether the model's special tokens are put around texts. Default true. */
  readonly addSpecialTokens?: boolean;
}

export interface DecodeOptions {
  /** Whether special tokens are left out. Default true. */
  readonly skipSpecialTokens?: boolean;
  /** Whether spaces before marks and in English contractions are removed. Default: as the tokenizer's folder says. */
  readonly cleanUpTokenizationSpaces?: boolean;
}

/** The tokenizer of the texts that a model writes. */
export interface TargetTokenizer {
  readonly tokenizer: Tokenizer;
  /** Whether its special tokens tell the model which language to write. Default false */
  readonly hasLanguage?: boolean;
}

/** The tokens that a text to be written begins with, where they tell its language. */
export interface TargetStart {
  /** Read by the decoder first. */
  readonly decoderStartTokenId: number;
  /** Written first; null: any. */
  readonly forcedBosTokenId: number | null;
}

/** A text on its way to tokens. */
export interface TokenizerStages {
  /** The normalized text, cut where added tokens such as `[SEP]` are in it, which are parts of their own. */
  readonly normalized: readonly string[];
  /** What the model turns into tokens, as the pre-tokenizer cuts and spells it. */
  readonly words: readonly string[];
  readonly tokens: readonly string[];
}

const encodeOptions: OptionNames<EncodeOptions> = {
  maxLength: true,
  truncation: true,
  truncationSide: true,
  stride: true,
  returnOverflowingTokens: true,
  addSpecialTokens: true,
};
const decodeOptions: OptionNames<DecodeOptions> = { skipSpecialTokens: true, cleanUpTokenizationSpaces: true };

/**
 * Turns text into token ids and back, exactly as the model's tokenizer.json says.
 *
 * A text passes the stages of that file in their order: added tokens are cut out, the rest is normalized, cut into words
 * (pre-tokenized) and tokenized by the model; the post-processor puts special tokens around. Padding and truncation settings stored
 * in that file are ignored: batches are packed, and `encode` has options.
 */
export class Tokenizer {
  /** One more than the largest id. */
  readonly vocabSize: number;
  readonly #added: AddedTokens;
  readonly #preTokenize: PreTokenizer;
  readonly #model: TokenModel;
  readonly #decode: Decoder;
  readonly #templates: Templates;
  /** The token of a space alone in bytes, which has no place where it was put before a text; undefined where it has one. */
  readonly #placelessId: number | undefined;
  readonly #settings: Partial<TokenizerSettings>;
  readonly #targets: TargetTokenizer | null;
  /** The tokens of the texts at hand: to make lists takes longer than to cut a short text. */
  readonly #first = new TokenList();
  readonly #second = new TokenList();
  #singleType: boolean;

  /**
   * @param definition the content of a tokenizer.json
   * @param settings what lies beside it
   * @param label names the file in messages
   * @param targets the tokenizer of the texts to be written, where it is another one
   * @throws InputError when the definition is invalid or something in it is not supported
   */
  constructor(
    definition: TokenizerDefinition,
    settings: Partial<TokenizerSettings> = {},
    label = 'tokenizer.json',
    targets: TargetTokenizer | null = null,
  ) {
    const json = checkTokenizerJson(definition, label);
    this.#model = labelled(label, () => makeModel(json.model));
    checkAddedIds(json.added_tokens, this.#model, label);
    /** Returns the component of a stage, or what stands for none. */
    const made = <Made>(kinds: ComponentKinds<Made>, fields: unknown, none: Made): Made =>
      fields === null ? none : labelled(label, () => makeComponent(kinds, fields));
    const normalize = made(normalizers, json.normalizer, unchanged);
    this.#added = new AddedTokens(json.added_tokens, normalize, label);
    this.#preTokenize = made(preTokenizers, json.pre_tokenizer, whole);
    this.#decode = made(decoders, json.decoder, spaced);
    this.#templates = new Templates(made(postProcessors, json.post_processor, asGiven));
    this.#placelessId = trimsOffsets(json.post_processor) ? this.#model.idOf('Ġ') : undefined;
    this.#settings = settings;
    this.#targets = targets;
    this.#singleType = settings.usesTypeIds === false;
    this.vocabSize = 1 + largest(this.#model.vocabulary, this.#added.ids);
    const specials = [1, 2].flatMap((texts) =>
      this.#templates.of(texts, true).flatMap((piece) => ('ids' in piece ? piece.ids : [])),
    );
    const strange = specials.find((id) => id >= this.vocabSize);
    if (strange !== undefined) {
      throw new InputError(
        `${label}: its post_processor adds the token ${strange}, and there are ${this.vocabSize}; download it again.`,
      );
    }
  }

  /**
   * The ids of a text or a pair, with special tokens.
   *
   * @param text or its words, of which each is tokenized by itself
   * @param pair the second text; an empty one is a (short) second text, `null` is none
   * @throws InputError when a text is no string, or it cannot be cut to `maxLength` as the options say
   */
  encode(
    text: string | readonly string[],
    pair?: string | readonly string[] | null,
    options: EncodeOptions = {},
  ): Encoding {
    const tokens = [this.#tokenize(text, 'the text', this.#first)];
    if (pair !== undefined && pair !== null) tokens.push(this.#tokenize(pair, 'the second text', this.#second));
    const encoding = this.#assemble(tokens, options);
    for (const list of tokens) list.clear();
    return encoding;
  }

  /** Returns the tokens of a text, or of its words, without special ones. @throws InputError if it is neither */
  tokenize(text: string | readonly string[], name = 'the text'): TokenizedText {
    const tokens = this.#tokenize(text, name, this.#first);
    const { length } = tokens;
    const lists = emptyLists(length);
    tokens.copyTo(lists, 0, { from: 0, to: length });
    tokens.clear();
    return lists;
  }

  /** Returns what each stage makes of a text, to be looked at. @throws InputError if it is no string */
  stages(text: string): TokenizerStages {
    const parts = this.#added.split(wellFormed(asText('the text', text)));
    const isWord = ({ length }: AlignedText) => length > 0;
    const words = parts.flatMap(({ id, text }) => (id === null ? this.#preTokenize(text).filter(isWord) : [text]));
    const { ids } = this.tokenize(text);
    return {
      normalized: parts.map(({ text }) => text.text),
      words: words.map(({ text }) => text),
      tokens: ids.map((id) => this.tokenOf(id) as string),
    };
  }

  /** What {@link encode} returns, for texts that are tokens already. */
  assemble(first: TokenizedText, second: TokenizedText | null = null, options: EncodeOptions = {}): Encoding {
    return this.#assemble((second === null ? [first] : [first, second]).map(listedTokens), options);
  }

  #assemble(texts: readonly TokenSource[], options: EncodeOptions): Encoding {
    checkOptions('encode', options, encodeOptions);
    const {
      addSpecialTokens = true,
      truncation = 'longest_first',
      stride = 0,
      returnOverflowingTokens = false,
    } = options;
    const { maxLength = Number.POSITIVE_INFINITY, truncationSide = this.#settings.truncationSide ?? 'right' } = options;
    checkOneOf('truncation', truncation, truncationStrategies);
    checkOneOf('truncationSide', truncationSide, truncationSides);
    checkWhole('stride', stride);
    if (maxLength !== Number.POSITIVE_INFINITY) checkWhole('maxLength', maxLength);
    checkFlag('addSpecialTokens', addSpecialTokens);
    checkFlag('returnOverflowingTokens', returnOverflowingTokens);
    const strip = this.#templates.of(texts.length, addSpecialTokens);
    const room = maxLength - specialCount(strip);
    if (!(room >= 0)) {
      throw new InputError(
        `A maximum length of ${maxLength} leaves no room for the ${specialCount(strip)} special tokens.`,
      );
    }
    const singleRoom = maxLength - specialCount(this.#templates.of(1, true));
    if (singleRoom >= 0 && stride > singleRoom) {
      throw new InputError(
        `A stride of ${stride} is too long for a maximum length of ${maxLength}, which leaves room for ${singleRoom} tokens of a text; it must be shorter.`,
      );
    }
    const lengths = texts.map(({ length }) => length);
    const windows = windowsOf(lengths, room, { strategy: truncation, side: truncationSide, stride });
    const encoding = fillStrip(strip, texts, windows, returnOverflowingTokens);
    return this.#singleType ? withoutTypes(encoding) : encoding;
  }

  /** The text of ids. Ids that no token has are left out. */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    checkOptions('decode', options, decodeOptions);
    const { skipSpecialTokens = true } = options;
    const { cleanUpTokenizationSpaces = this.#settings.cleanUpTokenizationSpaces ?? false } = options;
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.tokenOf(id);
      if (token !== undefined && !(skipSpecialTokens && this.#added.isSpecial(token))) tokens.push(token);
    }
    const text = this.#decode(tokens).join('');
    return cleanUpTokenizationSpaces ? withoutTokenizationSpaces(text) : text;
  }

  /** The id of a token; undefined if there is no such token. */
  idOf(token: string): number | undefined {
    return this.#added.idOf(token) ?? this.#model.idOf(token);
  }

  /** The token of an id; undefined if there is no such id. */
  tokenOf(id: number): string | undefined {
    return this.#added.contentOf(id) ?? this.#model.tokenOf(id);
  }

  /** The tokenizer of the texts that the model writes: this one, but for models that have a vocabulary or a language for each side. */
  get targets(): Tokenizer {
    return this.#targets?.tokenizer ?? this;
  }

  /** The tokens that tell the language of a text to be written; null where none do. */
  get targetStart(): TargetStart | null {
    const { tokenizer, hasLanguage = false } = this.#targets ?? {};
    if (!hasLanguage || tokenizer?.sepId === undefined) return null;
    return { decoderStartTokenId: tokenizer.sepId, forcedBosTokenId: tokenizer.clsId ?? null };
  }

  /** The special tokens by their roles, as far as the tokenizer's folder says. */
  get specialTokens(): SpecialTokens {
    return this.#settings.specialTokens ?? {};
  }

  /** The padding token; undefined if there is none. */
  get padId(): number | undefined {
    const { pad } = this.specialTokens;
    return pad === undefined ? (this.idOf('[PAD]') ?? this.idOf('<pad>')) : this.idOf(pad);
  }

  /** The special token that begins every encoding; undefined if none does. */
  get clsId(): number | undefined {
    const [first] = this.#templates.of(1, true);
    return first && 'ids' in first ? first.ids[0] : undefined;
  }

  /** The special token that ends every encoding; undefined if none does. */
  get sepId(): number | undefined {
    const last = this.#templates.of(1, true).at(-1);
    return last && 'ids' in last ? last.ids.at(-1) : undefined;
  }

  /** One more than the largest token type of a pair of texts. */
  get tokenTypes(): number {
    return this.#singleType ? 1 : 1 + Math.max(0, ...this.#templates.of(2, true).map(({ typeId }) => typeId));
  }

  /** The number of special tokens around a pair of texts. */
  get pairSpecials(): number {
    return specialCount(this.#templates.of(2, true));
  }

  /** Sets the type of every token to 0 from now on, for a model that has no other. */
  useSingleType(): void {
    this.#singleType = true;
  }

  /** Returns a list with the tokens of a text, and no others. */
  #tokenize(text: string | readonly string[], name: string, tokens: TokenList): TokenList {
    tokens.clear();
    if (Array.isArray(text)) {
      text.forEach((word: unknown, i) => {
        this.#tokenizeInto(tokens, asText(`word ${i} of ${name}`, word), i);
      });
    } else {
      this.#tokenizeInto(tokens, asText(name, text), null);
    }
    return tokens;
  }

  /** @param listed the number of the text in a list of words; null for a text alone, whose words are counted */
  #tokenizeInto(tokens: TokenList, text: string, listed: number | null): void {
    const original = wellFormed(text);
    const first = tokens.length;
    tokens.word = listed ?? 0;
    for (const { id, text: part } of this.#added.split(original)) {
      const pieces = id === null ? this.#preTokenize(part) : [part];
      for (let p = 0; p < pieces.length; p++) {
        const piece = pieces[p];
        if (piece.length === 0) continue;
        const from = tokens.length;
        if (id === null) this.#model.tokenize(piece.text, tokens);
        else tokens.add(id, 0, piece.length);
        this.#place(tokens, first, from, piece, original);
        if (listed === null) tokens.word++;
      }
    }
    takeMarks(original, tokens, first, tokens.length, original.length);
  }

  /** Gives tokens their places in the original text. @param from the first one of the piece, whose places are in that */
  #place(tokens: TokenList, first: number, from: number, piece: AlignedText, original: string): void {
    const { ids, starts, ends, length } = tokens;
    for (let i = from; i < length; i++) {
      let [start, end] = [0, 0];
      if (ends[i] > starts[i]) {
        start = end = piece.startOf(starts[i]);
        // What was put before a text has the place of its first character.
        const isPlaceless = ids[i] === this.#placelessId && ends[i] < piece.length && piece.startOf(ends[i]) === start;
        if (!isPlaceless) {
          end = piece.endOf(ends[i] - 1);
          start = trimmedStart(original, start, end);
          end = trimmedEnd(original, start, end);
        }
      }
      takeMarks(original, tokens, first, i, start);
      starts[i] = start;
      ends[i] = end;
    }
  }
}

function asText(name: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new InputError(`${name} must be a string, not ${shown(value)}.`);
}

/** Puts the name of a file before the message of an input error. */
function labelled<T>(label: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${label}: ${error.message}`) : error;
  }
}

const unchanged = (text: AlignedText): AlignedText => text;
const whole: PreTokenizer = (text) => [text];
const spaced: Decoder = (tokens) => [tokens.join(' ')];
const asGiven: PostProcessor = (strips) => strips;

/** Returns a text with U+FFFD for each half of a character, of which UTF-8 has none. */
const wellFormed = (text: string): string => text.toWellFormed();

function largest(vocabulary: Iterable<readonly [string, number]>, ids: Iterable<number>): number {
  let most = -1;
  for (const [, id] of vocabulary) if (id > most) most = id;
  for (const id of ids) if (id > most) most = id;
  return most;
}

const withoutTypes = (encoding: Encoding): Encoding => ({
  ...encoding,
  typeIds: encoding.typeIds.map(() => 0),
  overflowing: encoding.overflowing.map(withoutTypes),
});

function checkWhole(name: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= 0)) {
    throw new InputError(`${name} must be a whole number, 0 or more, not ${shown(value)}.`);
  }
}

function checkFlag(name: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new InputError(`${name} must be true or false, not ${shown(value)}.`);
}

function checkOneOf(name: string, value: unknown, known: readonly string[]): void {
  if (!known.includes(value as string)) {
    throw new InputError(`${name} must be one of ${known.join(', ')}, not ${shown(value)}.`);
  }
}
