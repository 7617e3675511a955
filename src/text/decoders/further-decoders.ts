import { boolean, text, wholeNumber } from '../../settings/index.ts';
import { type ComponentKinds, componentKind } from '../component.ts';
import { compilePattern, type PatternFields, patternSchema } from '../pattern.ts';
import { byteLevelFields } from '../pre-tokenizers/byte-level.ts';
import { characterSchema } from '../pre-tokenizers/character.ts';
import { checkMetaspace, metaspaceFields } from '../pre-tokenizers/metaspace.ts';
import type { Decoder } from '../stages.ts';
import { fromByteLetters, fromByteTokens } from './bytes.ts';
import { cleanedUp } from './clean-up.ts';
import { eachToken } from './each-token.ts';
import { stripped } from './strip.ts';

/** Puts spaces in place of marks, none for those of the first token if one was put before the text. */
function withoutMarks(mark: string, wasPrepended: boolean): Decoder {
  return eachToken((token, i) => token.replaceAll(mark, i === 0 && wasPrepended ? '' : ' '));
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

/** The decoders beyond BERT's that a tokenizer.json may name. */
export const furtherDecoders: ComponentKinds<Decoder> = {
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
  Strip: componentKind(
    { content: characterSchema, start: wholeNumber, stop: wholeNumber },
    ({ content, start, stop }) => eachToken((token) => stripped(token, content, start, stop)),
  ),
};
