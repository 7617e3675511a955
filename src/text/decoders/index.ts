import * as v from 'valibot';
import { boolean, listOf, text, wholeNumber } from '../../settings/index.ts';
import { type ComponentKinds, componentKind, componentSchema, makeComponent } from '../component.ts';
import { compilePattern, type PatternFields, patternSchema } from '../pattern.ts';
import { byteLevelFields } from '../pre-tokenizers/byte-level.ts';
import { characterSchema } from '../pre-tokenizers/character.ts';
import { checkMetaspace, metaspaceFields } from '../pre-tokenizers/metaspace.ts';
import type { Decoder } from '../stages.ts';
import { fromByteLetters, fromByteTokens } from './bytes.ts';
import { cleanedUp } from './clean-up.ts';
import { stripped } from './strip.ts';

/** Returns a text as all tokens are in it, each changed by itself. */
const eachToken =
  (change: (token: string, i: number, count: number) => string): Decoder =>
  (tokens) =>
    tokens.map((token, i) => change(token, i, tokens.length));

/** Puts spaces in place of marks, none for those of the first token if one was put before the text. */
function withoutMarks(mark: string, wasPrepended: boolean): Decoder {
  return eachToken((token, i) => token.replaceAll(mark, i === 0 && wasPrepended ? '' : ' '));
}

/** Joins word pieces: those without the prefix of pieces begin a word. */
function joinedPieces(prefix: string, isCleanedUp: boolean): Decoder {
  return eachToken((token, i) => {
    const spaced = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
    return isCleanedUp ? cleanedUp(spaced) : spaced;
  });
}

function replacing(fields: PatternFields, content: string): Decoder {
  const pattern = compilePattern(fields);
  return eachToken((token) => {
    let replaced = '';
    let at = 0;
    pattern(token, (start, end) => {
      replaced += token.slice(at, start) + content;
      at = end;
    });
    return replaced + token.slice(at);
  });
}

/** Joins what connectionist temporal classification gives: tokens are repeated, and apart by `pad`. */
function withoutRepeats(pad: string, delimiter: string, isCleanedUp: boolean): Decoder {
  return (tokens) =>
    tokens
      .filter((token, i) => i === 0 || token !== tokens[i - 1])
      .map((token) => replaceIn(token, pad, ''))
      .map((token) => (isCleanedUp ? replaceIn(cleanedUp(token), delimiter, ' ') : token))
      .filter((token) => token !== '');
}

/** Replaces a text in another; an empty one stands before, between and behind its characters. */
function replaceIn(token: string, searched: string, replacement: string): string {
  if (searched !== '') return token.replaceAll(searched, replacement);
  return replacement + [...token].map((character) => character + replacement).join('');
}

/** The decoders that a tokenizer.json may name. */
export const decoders: ComponentKinds<Decoder> = {
  BPEDecoder: componentKind({ suffix: text }, ({ suffix }) =>
    eachToken((token, i, count) => replaceIn(token, suffix, i === count - 1 ? '' : ' ')),
  ),
  ByteFallback: componentKind({}, () => fromByteTokens),
  ByteLevel: componentKind(byteLevelFields, () => fromByteLetters),
  CTC: componentKind(
    { pad_token: text, word_delimiter_token: text, cleanup: boolean },
    ({ pad_token: pad, word_delimiter_token: delimiter, cleanup }) => withoutRepeats(pad, delimiter, cleanup),
  ),
  Fuse: componentKind({}, () => (tokens) => [tokens.join('')]),
  Metaspace: componentKind(metaspaceFields, (fields) => {
    checkMetaspace(fields);
    return withoutMarks(fields.replacement, fields.prepend_scheme !== 'never');
  }),
  Replace: componentKind({ pattern: patternSchema, content: text }, ({ pattern, content }) =>
    replacing(pattern as PatternFields, content),
  ),
  Sequence: componentKind({ decoders: listOf(v.lazy(() => componentSchema(decoders))) }, ({ decoders: stages }) => {
    const inTurn = stages.map((fields) => makeComponent(decoders, fields));
    return (tokens) => inTurn.reduce((decoded, decode) => decode(decoded), tokens);
  }),
  Strip: componentKind(
    { content: characterSchema, start: wholeNumber, stop: wholeNumber },
    ({ content, start, stop }) => eachToken((token) => stripped(token, content, start, stop)),
  ),
  WordPiece: componentKind({ prefix: text, cleanup: boolean }, ({ prefix, cleanup }) => joinedPieces(prefix, cleanup)),
};
