import * as v from 'valibot';
import { listOf } from '../../settings/index.ts';
import type { AlignedText } from '../aligned-text.ts';
import { type ComponentKinds, componentKind, componentSchema, makeComponent } from '../component.ts';
import type { PreTokenizer } from '../stages.ts';
import { bertPreTokenizer, whitespaceSplit } from './words.ts';

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

/** The pre-tokenizers that a tokenizer.json may name; the others are in further-pre-tokenizers.ts. */
export const preTokenizers: ComponentKinds<PreTokenizer> = {
  BertPreTokenizer: componentKind({}, () => bertPreTokenizer),
  Sequence: componentKind(
    { pretokenizers: listOf(v.lazy(() => componentSchema(preTokenizers))) },
    ({ pretokenizers: stages }) => inTurn(stages.map((fields) => makeComponent(preTokenizers, fields))),
  ),
  WhitespaceSplit: componentKind({}, () => whitespaceSplit),
};
