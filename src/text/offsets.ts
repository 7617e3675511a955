import { InputError } from '../errors.ts';

/** The places of tokens in their text, in UTF-16 code units: token i is `text.slice(starts[i], ends[i])`. */
export interface TokenSpans {
  readonly starts: number[];
  readonly ends: number[];
}

/** The changes that a tokenizer makes to a text, as far as its tokens must be found again in it. */
export interface Spelling {
  /** Returns what a character (code point) becomes before it is cut into tokens, whatever its neighbours are. */
  normalize(character: string): string;
  /** The part of the normalized text that a token stands for. */
  spell(token: string): string;
  /** Whether tokens hold the white space between words; else it is between them. */
  readonly keepsSpaces: boolean;
  /** Stands for a whole word that the vocabulary lacks. */
  readonly unknown: string | null;
  /** Tokens that are recognised in the text as they are written, such as `[SEP]`. */
  readonly verbatim: ReadonlySet<string>;
}

/** A word as BERT cuts text: a mark of punctuation, or the characters between such and white space. */
const bertWord = /[\p{P}!-/:-@[-`{-~]|[^\s\p{P}!-/:-@[-`{-~]+/uy;

/**
 * Finds the tokens of a text in it, one after the other, without guessing: each normalized character remembers the character
 * that it came from. White space around a token is not part of its span. Accents that the tokenizer removes belong to the letter
 * before; a token that is a part of a character, as bytes are, spans the whole character.
 *
 * @throws InputError if they are not the tokens of this text
 */
export function locateTokens(text: string, tokens: readonly string[], spelling: Spelling): TokenSpans {
  const { normalized, starts, ends } = normalize(text, spelling);
  const isSpace = (i: number) => /\s/.test(normalized[i]) || /\s/.test(text[starts[i]]);
  const spans: TokenSpans = { starts: [], ends: [] };
  let at = 0;
  const skipSpaces = () => {
    while (at < normalized.length && isSpace(at)) at++;
  };
  for (const token of tokens) {
    const isVerbatim = spelling.verbatim.has(token);
    if (!spelling.keepsSpaces || isVerbatim) skipSpaces();
    let end = at;
    if (isVerbatim && text.startsWith(token, starts[at] ?? text.length)) {
      const last = starts[at] + token.length;
      while (end < normalized.length && starts[end] < last) end++;
    } else {
      end += token === spelling.unknown ? wordLength(normalized, at) : lengthAt(normalized, at, token, spelling);
    }
    if (end > normalized.length) throw misfit(text, token);
    let [from, to] = [at, end];
    while (from < to && isSpace(from)) from++;
    while (to > from && isSpace(to - 1)) to--;
    spans.starts.push(starts[from] ?? text.length);
    spans.ends.push(to > from ? ends[to - 1] : (starts[from] ?? text.length));
    at = end;
  }
  skipSpaces();
  if (at < normalized.length) throw misfit(text, normalized[at]);
  return spans;
}

/** Returns how much of the normalized text a token stands for. A space that is put before a text is no part of it. */
function lengthAt(normalized: string, at: number, token: string, { spell, keepsSpaces }: Spelling): number {
  const { length } = spell(token);
  const isAfterPrefix = keepsSpaces && !normalized.startsWith(token, at) && normalized.startsWith(token.slice(1), at);
  return isAfterPrefix ? length - 1 : length;
}

interface Normalized {
  readonly normalized: string;
  /** For each code unit of `normalized`, where the character that it comes from begins and ends in the text. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function normalize(text: string, { normalize }: Spelling): Normalized {
  let normalized = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let start = 0;
  for (const character of text) {
    const piece = normalize(character);
    const end = start + character.length;
    for (let i = 0; i < piece.length; i++) {
      starts.push(start);
      ends.push(end);
    }
    if (piece === '' && isMark(character)) extend(ends, start, end);
    normalized += piece;
    start = end;
  }
  return { normalized, starts, ends };
}

/** Lets the character that ends at `from` end at `to`. */
function extend(ends: number[], from: number, to: number): void {
  for (let i = ends.length - 1; i >= 0 && ends[i] === from; i--) ends[i] = to;
}

const isMark = (character: string): boolean => /^\p{M}$/u.test(character);

function wordLength(normalized: string, at: number): number {
  bertWord.lastIndex = at;
  return bertWord.exec(normalized)?.[0].length ?? 0;
}

function misfit(text: string, token: string): InputError {
  const sample = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return new InputError(
    `The place of token '${token}' in the text '${sample.replace(/\s+/g, ' ')}' cannot be told: this tokenizer changes text in a way that is not supported here.`,
  );
}

/** The fields of the `model` of a tokenizer.json that are read. */
export interface WordPieceModel {
  readonly type?: string;
  readonly unk_token?: string;
  readonly continuing_subword_prefix?: string;
}

/** The spelling of BERT's WordPiece. @param normalize the tokenizer's own normalizer */
export function wordPieceSpelling(
  { unk_token, continuing_subword_prefix = '##' }: WordPieceModel,
  normalize: (text: string) => string,
  verbatim: ReadonlySet<string>,
): Spelling {
  return {
    normalize: remembered(normalize),
    spell: (token) =>
      token.startsWith(continuing_subword_prefix) ? token.slice(continuing_subword_prefix.length) : token,
    keepsSpaces: false,
    unknown: unk_token ?? null,
    verbatim,
  };
}

/** The spelling of byte-level BPE: a token is a run of UTF-8 bytes, each written as a visible character. */
export function byteLevelSpelling(normalize: (text: string) => string, verbatim: ReadonlySet<string>): Spelling {
  const encoder = new TextEncoder();
  const bytes = (character: string) =>
    Array.from(encoder.encode(normalize(character)), (byte) => byteCharacters[byte]).join('');
  return { normalize: remembered(bytes), spell: (token) => token, keepsSpaces: true, unknown: null, verbatim };
}

/** GPT-2's visible character for each byte: itself where it is printable in Latin-1, else the next one from U+0100. */
const byteCharacters: readonly string[] = (() => {
  let next = 0x100;
  const isPrintable = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
})();

function remembered(normalize: (character: string) => string): (character: string) => string {
  const known = new Map<string, string>();
  return (character) => {
    const piece = known.get(character) ?? normalize(character);
    known.set(character, piece);
    return piece;
  };
}
