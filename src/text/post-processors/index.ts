import * as v from 'valibot';
import { InputError } from '../../errors.ts';
import {
  boolean,
  listOf,
  namedValues,
  oneOf,
  openFields,
  strictFields,
  text,
  wholeNumber,
} from '../../settings/index.ts';
import { type ComponentKinds, componentKind, componentSchema, makeComponent } from '../component.ts';
import { tokenId } from '../token-ids.ts';
import { type Piece, type PostProcessor, type Strip, withType } from './strip.ts';

const flag = v.optional(boolean);
const namedId = v.tuple([text, tokenId], 'a token and its id');

/** A part of a template: a special token by its name, or the place of a text. */
type TemplatePiece =
  | { readonly SpecialToken: { readonly id: string; readonly type_id: number } }
  | { readonly Sequence: { readonly id: 'A' | 'B'; readonly type_id: number } };

const pieceSchema: v.GenericSchema<unknown, TemplatePiece> = v.union(
  [
    strictFields({ SpecialToken: openFields({ id: text, type_id: wholeNumber }) }),
    strictFields({ Sequence: openFields({ id: oneOf(['A', 'B']), type_id: wholeNumber }) }),
  ],
  'a SpecialToken or a Sequence with id and type_id',
);

const hasText = (pieces: readonly TemplatePiece[], id: string): boolean =>
  pieces.some((piece) => 'Sequence' in piece && piece.Sequence.id === id);

const single = v.pipe(
  listOf(pieceSchema),
  v.check((pieces) => !hasText(pieces, 'B'), 'a template of one text, A'),
);
const pair = v.pipe(
  listOf(pieceSchema),
  v.check((pieces) => hasText(pieces, 'A') && hasText(pieces, 'B'), 'a template with the texts A and B'),
);

/** `[CLS] A [SEP] B [SEP]`, with types 0 and 1. */
const bert =
  ([, cls]: readonly [string, number], [, sep]: readonly [string, number]): PostProcessor =>
  (strips, addSpecialTokens) => {
    if (!addSpecialTokens) return strips;
    return strips.map((strip, i) => {
      const end: Piece = { ids: [sep], typeId: i === 0 ? 0 : 1 };
      return i === 0 ? [{ ids: [cls], typeId: 0 }, ...strip, end] : [...strip, end];
    });
  };

/** `<s> A </s></s> B </s>`, with type 0 everywhere. */
const roberta =
  ([, cls]: readonly [string, number], [, sep]: readonly [string, number]): PostProcessor =>
  (strips, addSpecialTokens) => {
    const ofOneType = strips.map((strip) => withType(strip, 0));
    if (!addSpecialTokens) return ofOneType;
    const special = (id: number): Piece => ({ ids: [id], typeId: 0 });
    return ofOneType.map((strip, i) => [
      special(i === 0 ? cls : sep),
      ...strip.map((piece) => ('ids' in piece ? piece : { ...piece, windowTypeId: 0 })),
      special(sep),
    ]);
  };

/** What stands where in one text, and in a pair. */
interface Templates {
  readonly single: readonly TemplatePiece[];
  readonly pair: readonly TemplatePiece[];
  readonly special_tokens: Readonly<Record<string, { readonly ids: readonly number[] }>>;
}

const template =
  ({ single, pair, special_tokens: specials }: Templates): PostProcessor =>
  (strips, addSpecialTokens) => {
    if (strips.length > 2) {
      throw new InputError(
        'A post_processor after a TemplateProcessing adds special tokens too, which has no meaning in the library either; remove one.',
      );
    }
    return (strips.length === 2 ? pair : single).flatMap((piece): Strip[] => {
      if ('Sequence' in piece) {
        const { id, type_id: typeId } = piece.Sequence;
        return [withType(strips[id === 'A' ? 0 : 1], typeId)];
      }
      const { id, type_id: typeId } = piece.SpecialToken;
      return addSpecialTokens ? [[{ ids: specials[id].ids, typeId }]] : [];
    });
  };

/** All kinds of post-processors, by their `type` in a tokenizer.json. */
export const postProcessors: ComponentKinds<PostProcessor> = {
  BertProcessing: componentKind({ cls: namedId, sep: namedId }, ({ cls, sep }) => bert(cls, sep)),
  RobertaProcessing: componentKind(
    { cls: namedId, sep: namedId, trim_offsets: flag, add_prefix_space: flag },
    ({ cls, sep }) => roberta(cls, sep),
  ),
  TemplateProcessing: componentKind(
    { single, pair, special_tokens: namedValues(openFields({ ids: listOf(tokenId) })) },
    (templates) => {
      const isKnown = (piece: TemplatePiece) =>
        'Sequence' in piece || Object.hasOwn(templates.special_tokens, piece.SpecialToken.id);
      if ([...templates.single, ...templates.pair].every(isKnown)) return template(templates);
      throw new InputError('post_processor must be a template whose special tokens are in its special_tokens.');
    },
  ),
  // The white space that it leaves out of spans is left out of all spans here.
  ByteLevel: componentKind(
    { add_prefix_space: flag, trim_offsets: flag, use_regex: flag },
    (): PostProcessor => (strips) => strips,
  ),
  Sequence: componentKind(
    { processors: listOf(v.lazy(() => componentSchema(postProcessors))) },
    ({ processors }): PostProcessor => {
      const steps = processors.map((processor) => makeComponent(postProcessors, processor));
      return (strips, addSpecialTokens) => steps.reduce((made, step) => step(made, addSpecialTokens), strips);
    },
  ),
};

/** Returns whether a post-processor, by its fields, leaves white space at their ends out of the places of byte-level tokens. */
export function trimsOffsets(fields: unknown): boolean {
  const {
    type,
    trim_offsets = true,
    processors = [],
  } = (fields ?? {}) as {
    readonly type?: string;
    readonly trim_offsets?: boolean;
    readonly processors?: readonly unknown[];
  };
  return (trim_offsets && (type === 'ByteLevel' || type === 'RobertaProcessing')) || processors.some(trimsOffsets);
}
