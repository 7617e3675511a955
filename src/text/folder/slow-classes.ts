/**
 * The classes of tokenizers that Hugging Face transformers leaves to sentencepiece itself: they have no tokenizer.json.
 * Source: the tokenizers of M2M100 and BertGeneration of transformers 4.57, and of Marian of 5.24.
 */
import { InputError } from '../../errors.ts';
import { m2m100Languages, wmt21Languages } from './languages.ts';
import { type Names, type SentencePieceClass, withoutPrefix } from './sentence-piece-class.ts';
import { type Piece, pieceTypes, readSentencePiece, type SentencePieceModel } from './sentence-piece-file.ts';
import { normalizerOf } from './sentence-piece-stages.ts';
import { layouts, template } from './templates.ts';
import type { Fields, Stages } from './tokenizer-class.ts';

type Ids = ReadonlyMap<string, number>;

/** Longer than any text has spaces at an end. */
const ALL = 2 ** 31 - 1;

/** No space is left at the ends of a text. */
const decoder = {
  type: 'Sequence',
  decoders: [
    { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
    { type: 'Fuse' },
    { type: 'Strip', content: ' ', start: ALL, stop: ALL },
  ],
};

/** Stages of sentencepiece itself. @param vocabularyOf the ids of its pieces and of the tokens of the class */
const ownStages =
  (
    vocabularyOf: (model: SentencePieceModel, given: Ids | undefined, fields: Fields) => Ids,
  ): SentencePieceClass['stages'] =>
  ({ bytes, label, ids }, fields, named): Stages => {
    const model = readSentencePiece(bytes, label);
    const others = model.pieces.find(({ type }) => type === pieceTypes.userDefined);
    if (others !== undefined || model.byteFallback) {
      const what =
        others === undefined ? 'falls back to bytes' : `has the user-defined symbol ${JSON.stringify(others.piece)}`;
      throw new InputError(
        `${model.label} ${what}, which its class of tokenizers is not known to do; use another model.`,
      );
    }
    if (!model.addsPrefix) throw withoutPrefix(model);
    const vocabulary = vocabularyOf(model, ids, fields);
    return {
      normalizer: normalizerOf(model),
      pre_tokenizer: null,
      decoder,
      model: {
        type: 'SentencePiece',
        kind: model.kind,
        pieces: model.pieces.filter(isNormal).map(({ piece, score }) => [piece, score]),
        vocab: Object.fromEntries(vocabulary),
        unk_token: named.unk ?? '<unk>',
      },
      vocabulary,
      added: [],
    };
  };

const isNormal = ({ type }: Piece) => type === pieceTypes.normal;

const tokens: Names = { bos: '<s>', eos: '</s>', unk: '<unk>', sep: '</s>', pad: '<pad>' };

const ENGLISH = 'en';
const languagesOf: Readonly<Partial<Record<string, readonly string[]>>> = {
  m2m100: m2m100Languages,
  wmt21: wmt21Languages,
};

export const m2m100: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens,
  typeIds: false,
  hasIds: true,
  hasLanguages: true,
  stages: ownStages(({ label }, given, { language_codes: codes }) => {
    if (given === undefined) {
      throw new InputError(`${label} does not give the ids of its pieces; put vocab.json there and read the folder.`);
    }
    const languages = languagesOf[codes ?? 'm2m100'];
    if (languages === undefined) {
      const known = Object.keys(languagesOf).join(' or ');
      throw new InputError(
        `${label}: language_codes of tokenizer_config.json must be ${known}, not ${JSON.stringify(codes)}.`,
      );
    }
    return new Map([...given, ...languages.map((code, i) => [`__${code}__`, given.size + i] as const)]);
  }),
  postProcessor: ({ token, idOf }, fields) => {
    const { single, pair } = layouts.around([`__${fields.src_lang ?? ENGLISH}__`], [token('eos')]);
    return template(single, pair, idOf);
  },
};

/** Marian: a model for each side; a language code before a text says what it is to be translated to. */
const marianStages = ownStages(({ label }, given) => {
  if (given !== undefined) return given;
  throw new InputError(`${label} does not give the ids of its pieces; put vocab.json there and read the folder.`);
});

export const marian: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { eos: '</s>', unk: '<unk>', pad: '<pad>' },
  typeIds: false,
  hasIds: true,
  hasSides: true,
  stages(file, fields, named) {
    const stages = marianStages(file, fields, named);
    return { ...stages, normalizer: { ...(stages.normalizer as object), type: 'MarianSentencePiece' } };
  },
  postProcessor: ({ token, idOf }, { tgt_lang: language }) => {
    const { single, pair } = layouts.around(language ? [`>>${language}<<`] : [], [token('eos')]);
    return template(single, pair, idOf);
  },
};

export const bertGeneration: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { ...tokens, sep: '<::::>' },
  typeIds: false,
  stages: ownStages(({ pieces }) => new Map(pieces.map(({ piece }, id) => [piece, id]))),
  postProcessor: () => null,
};
