/** What the classes of tokenizers with a model of sentencepiece share. Source: convert_slow_tokenizer.py of transformers 4.57. */
import { InputError } from '../../errors.ts';
import { addedToken } from './added-token.ts';
import type { Role } from './roles.ts';
import {
  type Piece,
  pieceTypes,
  readSentencePiece,
  type SentencePieceModel,
  unknownSetting,
} from './sentence-piece-file.ts';
import { charsmapOf, metaspace, modelOf, type Scored, squeezedSpaces, vocabularyOf } from './sentence-piece-stages.ts';
import type { ClassOf, Fields, Stages } from './tokenizer-class.ts';

export type Names = Readonly<Partial<Record<Role, string>>>;
export type SentencePieceClass = ClassOf<'sentencePiece'>;

/** What a class does in another way than sentencepiece itself. */
export interface Differences {
  /** The tokens with their scores, in the order of their ids. */
  vocabulary?(pieces: readonly Piece[], fields: Fields, named: Names): readonly Scored[];
  unkId?(unkId: number, fields: Fields): number;
  /** The pieces that others may be put together of, by their ids. */
  partIds?(ids: ReadonlyMap<string, number>): ReadonlyMap<string, number>;
  normalizer?(charsmap: readonly unknown[], fields: Fields): unknown;
  preTokenizer?(fields: Fields): unknown;
  decoder?(fields: Fields): unknown;
  readonly byteFallback?: boolean;
  /** Whether texts may have no space before them, as some models say; the others are refused. */
  goesWithoutPrefix?(fields: Fields): boolean;
  /** Special tokens that follow those of the model. */
  added?(fields: Fields): readonly string[];
  /** The pieces of the user that are special tokens. */
  readonly special?: readonly string[];
}

/** Normalizers one after the other. */
export const inTurn = (normalizers: readonly unknown[]) => ({ type: 'Sequence', normalizers });

const asTheyAre = (pieces: readonly Piece[]): readonly Scored[] => pieces;

export const withoutPrefix = ({ label }: SentencePieceModel) => unknownSetting(label, 'add_dummy_prefix false');

/** Stages of sentencepiece: its table of characters, no space at the end, runs of spaces as one. */
export const stagesOf =
  (differences: Differences = {}): SentencePieceClass['stages'] =>
  ({ bytes, label }, fields, named): Stages => {
    const model = readSentencePiece(bytes, label);
    if (model.byteFallback && !differences.byteFallback) {
      throw new InputError(
        `${model.label} falls back to bytes, which its class of tokenizers does not do; provide the model's tokenizer.json.`,
      );
    }
    if (!model.addsPrefix && !differences.goesWithoutPrefix?.(fields)) throw withoutPrefix(model);
    const scored = (differences.vocabulary ?? asTheyAre)(model.pieces, fields, named);
    const unkId = differences.unkId?.(model.unkId, fields) ?? model.unkId;
    const charsmap = charsmapOf(model);
    const isSpecial = ({ piece, type }: Piece) =>
      type === pieceTypes.control || (differences.special ?? []).includes(piece);
    return {
      normalizer: differences.normalizer
        ? differences.normalizer(charsmap, fields)
        : inTurn([...charsmap, { type: 'Strip', strip_left: false, strip_right: true }, squeezedSpaces('▁')]),
      pre_tokenizer: differences.preTokenizer ? differences.preTokenizer(fields) : metaspace('always'),
      decoder: differences.decoder?.(fields) ?? metaspace('always'),
      model: modelOf(model, scored, unkId, differences),
      vocabulary: vocabularyOf(scored),
      added: [
        ...model.pieces
          .filter(({ type }) => type === pieceTypes.control || type === pieceTypes.userDefined)
          .map((one) => addedToken(one.piece, { special: isSpecial(one), normalized: false })),
        ...(differences.added?.(fields) ?? []).map((token) => addedToken(token, { special: true })),
      ],
    };
  };

/** A token with the score that special tokens have. */
export const zero = (piece: string): Scored => ({ piece, score: 0 });

/** The vocabulary of fairseq: four special tokens take the place of the first three pieces. */
export const fairseq =
  (last: readonly string[]) =>
  (pieces: readonly Piece[]): readonly Scored[] => [
    ...['<s>', '<pad>', '</s>', '<unk>'].map(zero),
    ...pieces.slice(3),
    ...last.map(zero),
  ];

/** The place of the unknown token there. */
export const three = () => 3;

export const fairseqTokens: Names = {
  bos: '<s>',
  eos: '</s>',
  unk: '<unk>',
  sep: '</s>',
  pad: '<pad>',
  cls: '<s>',
  mask: '<mask>',
};

/** How a mask is found that takes the space before it along. */
export const spaceBefore = { mask: { lstrip: true } } as const;

/** How a space is put before a text, by the settings of T5 and Llama. */
export function prependScheme({ add_prefix_space: adds, legacy }: Fields): 'always' | 'first' | 'never' {
  if (adds === false) return 'never';
  return legacy === false ? 'first' : 'always';
}
