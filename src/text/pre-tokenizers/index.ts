import * as v from 'valibot';
import { boolean, listOf } from '../../settings/index.ts';
import type { AlignedText } from '../aligned-text.ts';
import { type ComponentKinds, componentKind, componentSchema, makeComponent } from '../component.ts';
import { compilePattern, expressionPattern, type Pattern } from '../pattern.ts';
import type { PreTokenizer } from '../stages.ts';
import { numeric, punctuation } from '../unicode/character-classes.ts';
import type { CodePointSet } from '../unicode/code-points.ts';
import { byteLevel } from './byte-level.ts';
import { characterSchema } from './character.ts';
import { fixedLength } from './fixed-length.ts';
import { metaspace } from './metaspace.ts';
import { unicodeScripts } from './scripts.ts';
import { behaviorSchema, split, splitter } from './split.ts';
import { bertPreTokenizer, whitespace, whitespaceSplit } from './words.ts';

const anyOf = ({ source }: CodePointSet): Pattern => expressionPattern(new RegExp(`[${source}]`, 'gu'));

/** Cuts the pieces of each pre-tokenizer by the next. */
const inTurn =
  (stages: readonly PreTokenizer[]): PreTokenizer =>
  (text: AlignedText) => {
    let pieces: readonly AlignedText[] = [text];
    for (const stage of stages) {
      const smaller: AlignedText[] = [];
      for (const piece of pieces) for (const part of stage(piece)) if (part.text !== '') smaller.push(part);
      pieces = smaller;
    }
    return pieces;
  };

/** The pre-tokenizers that a tokenizer.json may name. */
export const preTokenizers: ComponentKinds<PreTokenizer> = {
  BertPreTokenizer: componentKind({}, () => bertPreTokenizer),
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
  Sequence: componentKind(
    { pretokenizers: listOf(v.lazy(() => componentSchema(preTokenizers))) },
    ({ pretokenizers: stages }) => inTurn(stages.map((fields) => makeComponent(preTokenizers, fields))),
  ),
  Split: split,
  UnicodeScripts: componentKind({}, () => unicodeScripts),
  Whitespace: componentKind({}, () => whitespace),
  WhitespaceSplit: componentKind({}, () => whitespaceSplit),
};
