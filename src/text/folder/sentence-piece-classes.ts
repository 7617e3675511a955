/**
 * The classes of tokenizers that have a model of sentencepiece. Source: convert_slow_tokenizer.py of Hugging Face
 * transformers 4.57, whose tokens are those of sentencepiece itself; 5.24 leaves the model's table of characters out of
 * some of them.
 */
import { codeLlama, gemma, llama } from './byte-fallback-classes.ts';
import {
  fairseq,
  fairseqTokens,
  inTurn,
  type Names,
  prependScheme,
  type SentencePieceClass,
  spaceBefore,
  stagesOf,
  three,
  zero,
} from './sentence-piece-class.ts';
import type { Piece } from './sentence-piece-file.ts';
import { metaspace, type Scored, squeezedSpaces } from './sentence-piece-stages.ts';
import { bertGeneration, m2m100, marian } from './slow-classes.ts';
import { layouts, template } from './templates.ts';
import type { Fields, TokenizerClass } from './tokenizer-class.ts';
import { mbart, mbart50, nllb, seamless } from './translation-classes.ts';

const bertLike: Names = {
  bos: '[CLS]',
  eos: '[SEP]',
  unk: '<unk>',
  sep: '[SEP]',
  pad: '<pad>',
  cls: '[CLS]',
  mask: '[MASK]',
};
const robertaTemplate: SentencePieceClass['postProcessor'] = ({ token, idOf }) => {
  const { single, pair } = layouts.roberta(token('cls'), token('sep'));
  return template(single, pair, idOf);
};
const bertTemplate: SentencePieceClass['postProcessor'] = ({ token, idOf }) => {
  const { single, pair } = layouts.bert(token('cls'), token('sep'));
  return template(single, pair, idOf);
};

const xlmRoberta: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: fairseqTokens,
  flags: spaceBefore,
  typeIds: false,
  stages: stagesOf({ vocabulary: fairseq(['<mask>']), unkId: three }),
  postProcessor: robertaTemplate,
};

const camembert: SentencePieceClass = {
  ...xlmRoberta,
  further: (_, given) => given ?? ['<s>NOTUSED', '</s>NOTUSED', '<unk>NOTUSED'],
  stages: stagesOf({
    vocabulary: (pieces) => [
      ...['<s>NOTUSED', '<pad>', '</s>NOTUSED', '<unk>'].map(zero),
      { piece: '<unk>NOTUSED', score: -100 },
      ...pieces.slice(1),
      zero('<mask>'),
    ],
    unkId: three,
  }),
};

const barthez: SentencePieceClass = { ...xlmRoberta, stages: stagesOf({ unkId: three }) };

const isAfterDigit = (piece: string) => [...piece].length > 1 && /\p{Nd},$/u.test(piece);

/** ALBERT and XLNet hardly ever take pieces with a comma after a digit. */
const withoutCommas = (pieces: readonly Piece[]): readonly Scored[] =>
  pieces.map(({ piece, score }) => ({ piece, score: isAfterDigit(piece) ? score - 100 : score }));

const quotes = ['``', "''"].map((quote) => ({ type: 'Replace', pattern: { String: quote }, content: '"' }));

/** What is left of accents and of capital letters. @param keepsAll whether all is, if nothing is said */
const reduced = (
  { keep_accents: accents, do_lower_case: lowercase }: Fields,
  keepsAll: boolean,
): readonly unknown[] => [
  ...((accents ?? keepsAll) ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
  ...((lowercase ?? !keepsAll) ? [{ type: 'Lowercase' }] : []),
];

const albertStages = (reduce: (fields: Fields) => readonly unknown[]) =>
  stagesOf({
    vocabulary: withoutCommas,
    normalizer: (charsmap, fields) => inTurn([...quotes, ...reduce(fields), ...charsmap, squeezedSpaces(' ')]),
  });

const albert: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: bertLike,
  flags: spaceBefore,
  typeIds: true,
  stages: albertStages((fields) => reduced(fields, false)),
  postProcessor: bertTemplate,
};

const xlnet: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { bos: '<s>', eos: '</s>', unk: '<unk>', sep: '<sep>', pad: '<pad>', cls: '<cls>', mask: '<mask>' },
  flags: spaceBefore,
  typeIds: true,
  further: (_, given) => given ?? ['<eop>', '<eod>'],
  stages: albertStages((fields) => reduced({ ...fields, do_lower_case: fields.do_lower_case ?? false }, false)),
  postProcessor: ({ token, idOf }) => {
    const { single, pair } = layouts.xlnet(token('cls'), token('sep'));
    return template(single, pair, idOf);
  },
};

const fnet: SentencePieceClass = {
  ...albert,
  tokens: { ...bertLike, bos: undefined, eos: undefined },
  stages: albertStages((fields) => reduced(fields, true)),
};

const remBert: SentencePieceClass = {
  ...albert,
  tokens: { ...bertLike, unk: '[UNK]', pad: '[PAD]' },
  flags: { mask: { lstrip: true, normalized: true } },
  stages: stagesOf({
    normalizer: (charsmap, fields) => inTurn([...quotes, squeezedSpaces(' '), ...reduced(fields, true), ...charsmap]),
  }),
};

const reformer: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { eos: '</s>', unk: '<unk>' },
  typeIds: false,
  stages: stagesOf(),
  postProcessor: () => null,
};

const madeUpWords = Array.from({ length: 7 }, (_, i) => `<madeupword${i}>`);

const xglm: SentencePieceClass = {
  ...xlmRoberta,
  tokens: { ...fairseqTokens, mask: undefined },
  further: (_, given) => [...new Set([...(given ?? []), ...madeUpWords])],
  stages: stagesOf({ vocabulary: fairseq(madeUpWords), unkId: three }),
  postProcessor: ({ token, idOf }) => {
    const { single, pair } = layouts.begins(token('eos'));
    return template(single, pair, idOf);
  },
};

const bigBird: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { ...bertLike, bos: '<s>', eos: '</s>' },
  flags: {
    bos: { normalized: true },
    eos: { normalized: true },
    unk: { normalized: true },
    sep: { normalized: true },
    pad: { normalized: true },
    cls: { normalized: true },
    mask: { lstrip: true, normalized: true },
  },
  typeIds: false,
  stages: stagesOf(),
  postProcessor: bertTemplate,
};

const debertaV2: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { ...bertLike, unk: '[UNK]', pad: '[PAD]' },
  flags: { unk: { normalized: true } },
  typeIds: true,
  stages: stagesOf({
    normalizer: (charsmap, fields) =>
      inTurn([
        ...(fields.do_lower_case ? [{ type: 'Lowercase' }] : []),
        { type: 'Strip', strip_left: true, strip_right: true },
        ...charsmap,
        squeezedSpaces(' '),
      ]),
    preTokenizer: (fields) => ({
      type: 'Sequence',
      pretokenizers: [
        ...(fields.split_by_punct ? [{ type: 'Punctuation', behavior: 'Isolated' }] : []),
        metaspace('always'),
      ],
    }),
  }),
  postProcessor: bertTemplate,
};

const extraIds = (fields: Fields): string[] =>
  Array.from({ length: fields.extra_ids ?? 100 }, (_, i) => `<extra_id_${i}>`);

const t5: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { eos: '</s>', unk: '<unk>', pad: '<pad>' },
  typeIds: false,
  further: (fields, given) => [...new Set([...(given ?? []), ...extraIds(fields)])],
  stages: stagesOf({
    vocabulary: (pieces, fields) => [...pieces, ...extraIds(fields).reverse().map(zero)],
    preTokenizer: (fields) => metaspace(prependScheme(fields)),
    decoder: (fields) => metaspace(prependScheme(fields)),
  }),
  postProcessor: ({ token, idOf }) => {
    const { single, pair } = layouts.ends(token('eos'));
    return template(single, pair, idOf);
  },
};

/** The number of tokens that Pegasus puts before those of its model. */
const offsetOf = (fields: Fields) => fields.offset ?? 103;
const unusedOf = (fields: Fields) =>
  Array.from({ length: Math.max(0, offsetOf(fields) - 2) }, (_, i) => `<unk_${i + 2}>`);
const sentenceMask = (fields: Fields) =>
  fields.mask_token_sent === null ? [] : [fields.mask_token_sent ?? '<mask_1>'];
/** The mask stands behind that of sentences; without that one, it is among the pieces. */
const masksOf = (fields: Fields, mask = '<mask_2>') =>
  fields.mask_token_sent === null ? [] : [...sentenceMask(fields), ...(offsetOf(fields) > 3 ? [mask] : [])];

const pegasus: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { eos: '</s>', unk: '<unk>', pad: '<pad>', mask: '<mask_2>' },
  typeIds: false,
  further: (fields, given) => given ?? [...sentenceMask(fields), ...unusedOf(fields)],
  stages: stagesOf({
    vocabulary: (pieces, fields, { pad, eos, mask }) => [
      ...[pad ?? '<pad>', eos ?? '</s>', ...masksOf(fields, mask)].map(zero),
      ...unusedOf(fields).map((piece) => ({ piece, score: -100 })),
      ...pieces.slice(2),
    ],
    unkId: (unkId, fields) => unkId + offsetOf(fields),
    preTokenizer: () => ({ type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace('always')] }),
  }),
  postProcessor: ({ token, idOf }) => {
    const { single, pair } = layouts.around([], [token('eos')]);
    return template(single, pair, idOf);
  },
};

export const sentencePieceClasses = {
  AlbertTokenizer: albert,
  BarthezTokenizer: barthez,
  BertGenerationTokenizer: bertGeneration,
  BigBirdTokenizer: bigBird,
  CamembertTokenizer: camembert,
  CodeLlamaTokenizer: codeLlama,
  DebertaV2Tokenizer: debertaV2,
  FNetTokenizer: fnet,
  GemmaTokenizer: gemma,
  LlamaTokenizer: llama,
  M2M100Tokenizer: m2m100,
  MarianTokenizer: marian,
  MBartTokenizer: mbart,
  MBart50Tokenizer: mbart50,
  MT5Tokenizer: t5,
  NllbTokenizer: nllb,
  PegasusTokenizer: pegasus,
  ReformerTokenizer: reformer,
  RemBertTokenizer: remBert,
  SeamlessM4TTokenizer: seamless,
  T5Tokenizer: t5,
  XGLMTokenizer: xglm,
  XLMRobertaTokenizer: xlmRoberta,
  XLNetTokenizer: xlnet,
} as const satisfies Readonly<Record<string, TokenizerClass>>;
