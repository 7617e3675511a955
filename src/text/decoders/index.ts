import * as v from 'valibot';
import { boolean, listOf, text } from '../../settings/index.ts';
import { type ComponentKinds, componentKind, componentSchema, makeComponent } from '../component.ts';
import type { Decoder } from '../stages.ts';
import { cleanedUp } from './clean-up.ts';
import { eachToken } from './each-token.ts';

/** Joins word pieces: those without the prefix of pieces begin a word. */
function joinedPieces(prefix: string, isCleanedUp: boolean): Decoder {
  return eachToken((token, i) => {
    const spaced = i === 0 ? token : token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
    return isCleanedUp ? cleanedUp(spaced) : spaced;
  });
}

/** The decoders that a tokenizer.json may name; the others are in further-decoders.ts. */
export const decoders: ComponentKinds<Decoder> = {
  Sequence: componentKind({ decoders: listOf(v.lazy(() => componentSchema(decoders))) }, ({ decoders: stages }) => {
    const inTurn = stages.map((fields) => makeComponent(decoders, fields));
    return (tokens) => inTurn.reduce((decoded, decode) => decode(decoded), tokens);
  }),
  WordPiece: componentKind({ prefix: text, cleanup: boolean }, ({ prefix, cleanup }) => joinedPieces(prefix, cleanup)),
};
