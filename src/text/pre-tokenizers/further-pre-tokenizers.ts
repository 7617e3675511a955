import * as v from 'valibot';
import { boolean } from '../../settings/index.ts';
import { type ComponentKinds, componentKind } from '../component.ts';
import { compilePattern, expressionPattern, type Pattern } from '../pattern.ts';
import type { PreTokenizer } from '../stages.ts';
import { punctuation } from '../unicode/character-classes.ts';
import type { CodePointSet } from '../unicode/code-points.ts';
import { numeric } from '../unicode/word-characters.ts';
import { byteLevel } from './byte-level.ts';
import { characterSchema } from './character.ts';
import { fixedLength } from './fixed-length.ts';
import { metaspace } from './metaspace.ts';
import { unicodeScripts } from './scripts.ts';
import { behaviorSchema, split, splitter } from './split.ts';
import { whitespace } from './whitespace.ts';

const anyOf = ({ source }: CodePointSet): Pattern => expressionPattern(new RegExp(`[${source}]`, 'gu'));

/** The pre-tokenizers beyond BERT's that a tokenizer.json may name. */
export const furtherPreTokenizers: ComponentKinds<PreTokenizer> = {
  ByteLevel: byteLevel,
  CharDelimiterSplit: componentKind({ delimiter: characterSchema }, ({ delimiter }) =>
    splitter(compilePattern({ String: delimiter }), 'Removed'),
  ),
  Digits: componentKind({ individual_digits: boolean }, ({ individual_digits: isEach }) =>
    splitter(anyOf(numeric), isEach ? 'Isolated' : 'Contiguous'),
  ),
  FixedLength: fixedLength,
  Metaspace: metaspace,
  Punctuation: componentKind({ behavior: v.optional(behaviorSchema, 'Isolated') }, ({ behavior }) =>
    splitter(anyOf(punctuation), behavior),
  ),
  Split: split,
  UnicodeScripts: componentKind({}, () => unicodeScripts),
  Whitespace: componentKind({}, () => whitespace),
};
