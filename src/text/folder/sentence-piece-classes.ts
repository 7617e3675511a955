/**
 * The classes of tokenizers that have a model of sentencepiece. Source: convert_slow_tokenizer.py of Hugging Face
 * transformers 4.57, whose tokens are those of sentencepiece itself; 5.24 leaves the model's table of characters out of
 * some of them.
 */
import { InputError } from '../../errors.ts';
import { addedToken } from './added-token.ts';
import { mbart50Languages, mbartLanguages } from './languages.ts';
import type { Role } from './roles.ts';
import { type Piece, pieceTypes } from './sentence-piece-file.ts';
import { charsmapOf, metaspace, modelOf, type Scored, squeezedSpaces, vocabularyOf } from './sentence-piece-stages.ts';
import { layouts, template } from './templates.ts';
import type { ClassOf, Fields, Stages, TokenizerClass } from './tokenizer-class.ts';

type Names = Readonly<Partial<Record<Role, string>>>;
type SentencePieceClass = ClassOf<'sentencePiece'>;

interface Differences {
  /** The tokens with their scores, in the order of their ids. */
  vocabulary?(pieces: readonly Piece[], fields: Fields, named: Names): readonly Scored[];
  unkId?(unkId: number, fields: Fields): number;
  normalizers?(charsmap: readonly unknown[], fields: Fields): readonly unknown[] | null;
  preTokenizer?(fields: Fields): unknown;
  decoder?(fields: Fields): unknown;
  readonly byteFallback?: boolean;
}

const asTheyAre = (pieces: readonly Piece[]): readonly Scored[] => pieces;

/** Stages of sentencepiece: its table of characters, no space at the end, runs of spaces as one. */
const stagesOf =
  (differences: Differences = {}): SentencePieceClass['stages'] =>
  ({ model }, fields, named): Stages => {
    if (model.byteFallback && !differences.byteFallback) {
      throw new InputError(
        `${model.label} falls back to bytes, which its class of tokenizers does not do; provide the model's tokenizer.json.`,
      );
    }
    const scored = (differences.vocabulary ?? asTheyAre)(model.pieces, fields, named);
    const unkId = differences.unkId?.(model.unkId, fields) ?? model.unkId;
    const charsmap = charsmapOf(model);
    const normalizers = differences.normalizers
      ? differences.normalizers(charsmap, fields)
      : [...charsmap, { type: 'Strip', strip_left: false, strip_right: true }, squeezedSpaces('▁')];
    return {
      normalizer: normalizers && { type: 'Sequence', normalizers },
      pre_tokenizer: differences.preTokenizer ? differences.preTokenizer(fields) : metaspace('always'),
      decoder: differences.decoder?.(fields) ?? metaspace('always'),
      model: modelOf(model, scored, unkId, differences.byteFallback ?? false),
      vocabulary: vocabularyOf(scored),
      added: model.pieces
        .filter(({ type }) => type === pieceTypes.control || type === pieceTypes.userDefined)
        .map(({ piece, type }) => addedToken(piece, { special: type === pieceTypes.control, normalized: false })),
    };
  };

const zero = (piece: string): Scored => ({ piece, score: 0 });

/** The vocabulary of fairseq: four special tokens take the place of the first three pieces. */
const fairseq =
  (last: readonly string[]): Differences['vocabulary'] =>
  (pieces) => [...['<s>', '<pad>', '</s>', '<unk>'].map(zero), ...pieces.slice(3), ...last.map(zero)];

const three = () => 3;

const fairseqTokens: Names = {
  bos: '<s>',
  eos: '</s>',
  unk: '<unk>',
  sep: '</s>',
  pad: '<pad>',
  cls: '<s>',
  mask: '<mask>',
};
const bertLike: Names = {
  bos: '[CLS]',
  eos: '[SEP]',
  unk: '<unk>',
  sep: '[SEP]',
  pad: '<pad>',
  cls: '[CLS]',
  mask: '[MASK]',
};
const spaceBefore = { mask: { lstrip: true } } as const;

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

/** The class of mBART. @param isFirst whether the language begins a text; else it ends it */
const multilingual = (languages: readonly string[], isFirst: boolean, tokens: Names): SentencePieceClass => ({
  ...xlmRoberta,
  tokens,
  // The mask of mBART-50 is looked for in the normalized text.
  flags: { mask: { lstrip: true, normalized: isFirst } },
  hasLanguages: true,
  further: (_, given) => [...new Set([...languages, ...(given ?? [])])],
  stages: stagesOf({ vocabulary: fairseq([...languages, '<mask>']), unkId: three }),
  postProcessor: ({ token, idOf }, fields) => {
    const [language, eos] = [fields.src_lang ?? 'en_XX', token('eos')];
    const { single, pair } = layouts.around(isFirst ? [language] : [], isFirst ? [eos] : [eos, language]);
    return template(single, pair, idOf);
  },
});

const isAfterDigit = (piece: string) => [...piece].length > 1 && /\p{Nd},$/u.test(piece);

/** ALBERT and XLNet hardly ever take pieces with a comma after a digit. */
const withoutCommas = (pieces: readonly Piece[]): readonly Scored[] =>
  pieces.map(({ piece, score }) => ({ piece, score: isAfterDigit(piece) ? score - 100 : score }));

const albertStages = (lowercase: boolean) =>
  stagesOf({
    vocabulary: withoutCommas,
    normalizers: (charsmap, fields) => [
      { type: 'Replace', pattern: { String: '``' }, content: '"' },
      { type: 'Replace', pattern: { String: "''" }, content: '"' },
      ...(fields.keep_accents ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
      ...((fields.do_lower_case ?? lowercase) ? [{ type: 'Lowercase' }] : []),
      ...charsmap,
      squeezedSpaces(' '),
    ],
  });

const albert: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: bertLike,
  flags: spaceBefore,
  typeIds: true,
  stages: albertStages(true),
  postProcessor: bertTemplate,
};

const xlnet: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { bos: '<s>', eos: '</s>', unk: '<unk>', sep: '<sep>', pad: '<pad>', cls: '<cls>', mask: '<mask>' },
  flags: spaceBefore,
  typeIds: true,
  further: (_, given) => given ?? ['<eop>', '<eod>'],
  stages: albertStages(false),
  postProcessor: ({ token, idOf }) => {
    const { single, pair } = layouts.xlnet(token('cls'), token('sep'));
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
    normalizers: (charsmap, fields) => [
      ...(fields.do_lower_case ? [{ type: 'Lowercase' }] : []),
      { type: 'Strip', strip_left: true, strip_right: true },
      ...charsmap,
      squeezedSpaces(' '),
    ],
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

/** How a space is put before a text, by the settings of T5 and Llama. */
function prependScheme({ add_prefix_space: adds, legacy }: Fields): 'always' | 'first' | 'never' {
  if (adds === false) return 'never';
  return legacy === false ? 'first' : 'always';
}

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
const unusedOf = (fields: Fields) => Array.from({ length: offsetOf(fields) - 2 }, (_, i) => `<unk_${i + 2}>`);
const sentenceMask = (fields: Fields) =>
  fields.mask_token_sent === null ? [] : [fields.mask_token_sent ?? '<mask_1>'];

const pegasus: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { eos: '</s>', unk: '<unk>', pad: '<pad>', mask: '<mask_2>' },
  typeIds: false,
  further: (fields, given) => given ?? [...sentenceMask(fields), ...unusedOf(fields)],
  stages: stagesOf({
    vocabulary: (pieces, fields, { pad, eos, mask }) => [
      ...[pad ?? '<pad>', eos ?? '</s>', ...sentenceMask(fields), mask ?? '<mask_2>'].map(zero),
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

const llama: SentencePieceClass = {
  kind: 'sentencePiece',
  tokens: { bos: '<s>', eos: '</s>', unk: '<unk>' },
  typeIds: false,
  stages: stagesOf({
    byteFallback: true,
    vocabulary: (pieces) => pieces.map((one, i) => (i < 3 ? zero(one.piece) : one)),
    unkId: () => 0,
    normalizers: (_, fields) =>
      fields.legacy === false
        ? null
        : [
            ...(fields.add_prefix_space === false ? [] : [{ type: 'Prepend', prepend: '▁' }]),
            { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
          ],
    preTokenizer: (fields) => (fields.legacy === false ? { ...metaspace(prependScheme(fields)), split: false } : null),
    decoder: (fields) => ({
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(fields.add_prefix_space === false ? [] : [{ type: 'Strip', content: ' ', start: 1, stop: 0 }]),
      ],
    }),
  }),
  postProcessor: ({ token, idOf }, fields) => {
    const bos = (fields.add_bos_token ?? true) ? token('bos') : null;
    const eos = (fields.add_eos_token ?? false) ? token('eos') : null;
    const { single, pair } = layouts.each(bos, eos);
    return template(single, pair, idOf);
  },
};

export const sentencePieceClasses = {
  AlbertTokenizer: albert,
  BarthezTokenizer: barthez,
  BigBirdTokenizer: bigBird,
  CamembertTokenizer: camembert,
  DebertaV2Tokenizer: debertaV2,
  LlamaTokenizer: llama,
  MBartTokenizer: multilingual(mbartLanguages, false, fairseqTokens),
  MBart50Tokenizer: multilingual(mbart50Languages, true, { ...fairseqTokens, bos: undefined }),
  MT5Tokenizer: t5,
  PegasusTokenizer: pegasus,
  T5Tokenizer: t5,
  XLMRobertaTokenizer: xlmRoberta,
  XLNetTokenizer: xlnet,
} as const satisfies Readonly<Record<string, TokenizerClass>>;
