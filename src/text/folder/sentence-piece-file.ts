import { InputError } from '../../errors.ts';
import { type ProtobufField, protobufFields } from './protobuf.ts';

/** What a piece is for, as sentencepiece numbers it. */
export const pieceTypes = { normal: 1, control: 3, userDefined: 4 } as const;

export interface Piece {
  readonly piece: string;
  /** A logarithm of a probability, or minus the place among the merges. */
  readonly score: number;
  readonly type: number;
}

/** More than any piece has; the ways to put a longer one together would be too many. */
const LONGEST_PIECE = 4096;

/** The content of a model of sentencepiece, as far as a tokenizer needs it. */
export interface SentencePieceModel {
  /** Names the file in messages. */
  readonly label: string;
  readonly pieces: readonly Piece[];
  readonly kind: 'unigram' | 'bpe';
  readonly unkId: number;
  readonly unkPiece: string;
  readonly byteFallback: boolean;
  /** Whether a space is put before a text. */
  readonly addsPrefix: boolean;
  /** Whether spaces at the ends of a text go, and others than the first of a run. */
  readonly removesSpaces: boolean;
  /** Empty if the text is not normalized. */
  readonly charsmap: Uint8Array;
}

/** The numbers of the fields that are read. Source: sentencepiece_model.proto of github.com/google/sentencepiece. */
const MODEL = { piece: 1, trainer: 2, normalizer: 3 };
const PIECE = { piece: 1, score: 2, type: 3 };
const TRAINER = { kind: 3, spacesAsSuffix: 24, byteFallback: 35, unkId: 40, unkPiece: 45 };
const NORMALIZER = { charsmap: 2, addDummyPrefix: 3, removesSpaces: 4, escapeWhitespaces: 5 };
const KINDS: Readonly<Record<number, string>> = { 1: 'unigram', 2: 'bpe', 3: 'word', 4: 'char' };

/** The error for what the class of a tokenizer does not know of a model. */
export const unknownSetting = (label: string, setting: string) =>
  new InputError(`${label} has ${setting}, which its class of tokenizers does not know; put its tokenizer.json there.`);

/**
 * Reads a `.model` file of sentencepiece: `sentencepiece.bpe.model`, `spiece.model`, `spm.model`, `tokenizer.model`.
 *
 * @param label names the file in messages
 * @throws InputError when it is damaged, none, of a kind that is neither Unigram nor BPE, or treats spaces as no class does
 */
export function readSentencePiece(file: Uint8Array, label: string): SentencePieceModel {
  const refuse = (reason: string) => new InputError(`${label} ${reason}; download it again.`);
  const unknownSpaces = (setting: string) => unknownSetting(label, setting);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const textOf = ({ bytes }: ProtobufField): string => {
    try {
      if (bytes !== null) return decoder.decode(bytes);
    } catch {
      // Told below, as any other wrong field.
    }
    throw refuse('has a text that is no UTF-8');
  };
  const integerOf = ({ integer }: ProtobufField): number => {
    if (integer === null) throw refuse('has a field of a wrong type');
    return integer;
  };
  const bytesOf = ({ bytes }: ProtobufField): Uint8Array => {
    if (bytes === null) throw refuse('has a field of a wrong type');
    return bytes;
  };
  const readPiece = (message: Uint8Array): Piece => {
    let [piece, score, type]: [string, number, number] = ['', 0, pieceTypes.normal];
    for (const field of protobufFields(message, label)) {
      if (field.number === PIECE.piece) piece = textOf(field);
      else if (field.number === PIECE.type) type = integerOf(field);
      else if (field.number === PIECE.score) {
        const bytes = bytesOf(field);
        if (bytes.length !== 4) throw refuse('has a field of a wrong type');
        score = new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
      }
    }
    if (piece.length > LONGEST_PIECE) throw refuse(`has a piece of ${piece.length} characters`);
    if (piece === '' || !Number.isFinite(score)) throw refuse('has a piece without a text or a score');
    return { piece, score, type };
  };

  const pieces: Piece[] = [];
  let [kind, unkId, unkPiece, byteFallback]: [number, number, string, boolean] = [1, 0, '<unk>', false];
  let charsmap: Uint8Array = new Uint8Array();
  let [addsPrefix, removesSpaces] = [true, true];
  for (const field of protobufFields(file, label)) {
    if (field.number === MODEL.piece) pieces.push(readPiece(bytesOf(field)));
    else if (field.number === MODEL.trainer) {
      for (const part of protobufFields(bytesOf(field), label)) {
        if (part.number === TRAINER.kind) kind = integerOf(part);
        else if (part.number === TRAINER.spacesAsSuffix && integerOf(part) !== 0)
          throw unknownSpaces('treat_whitespace_as_suffix');
        else if (part.number === TRAINER.byteFallback) byteFallback = integerOf(part) !== 0;
        else if (part.number === TRAINER.unkId) unkId = integerOf(part);
        else if (part.number === TRAINER.unkPiece) unkPiece = textOf(part);
      }
    } else if (field.number === MODEL.normalizer) {
      for (const part of protobufFields(bytesOf(field), label)) {
        if (part.number === NORMALIZER.charsmap) charsmap = bytesOf(part);
        else if (part.number === NORMALIZER.removesSpaces) removesSpaces = integerOf(part) !== 0;
        else if (part.number === NORMALIZER.addDummyPrefix) addsPrefix = integerOf(part) !== 0;
        else if (part.number === NORMALIZER.escapeWhitespaces && integerOf(part) === 0)
          throw unknownSpaces('escape_whitespaces false');
      }
    }
  }
  if (pieces.length === 0) throw refuse('has no pieces');
  if (unkId >= pieces.length) throw refuse(`has ${pieces.length} pieces, and the unknown one is ${unkId}`);
  if (new Set(pieces.map(({ piece }) => piece)).size < pieces.length) throw refuse('has a piece twice');
  const name = KINDS[kind];
  if (name !== 'unigram' && name !== 'bpe') {
    throw new InputError(`${label} is of the kind ${name ?? kind}; only unigram and bpe can be used.`);
  }
  return { label, pieces, kind: name, unkId, unkPiece, byteFallback, addsPrefix, removesSpaces, charsmap };
}
