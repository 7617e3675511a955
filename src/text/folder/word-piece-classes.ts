/** The classes of tokenizers that have a `vocab.txt`. Source: convert_slow_tokenizer.py of Hugging Face transformers 4.57. */
import type { Role } from './roles.ts';
import { layouts, template } from './templates.ts';
import type { ClassOf, SpecialIds, Stages, TokenizerClass } from './tokenizer-class.ts';

type Names = Readonly<Partial<Record<Role, string>>>;

const bertTokens: Names = { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' };

/** The class of BERT. @param clsType the token type of the first token */
function wordPiece(tokens: Names, typeIds: boolean, clsType = 0): ClassOf<'wordPiece'> {
  return {
    kind: 'wordPiece',
    tokens,
    typeIds,
    stages: ({ tokens: vocabulary }, fields, named): Stages => ({
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: fields.tokenize_chinese_chars ?? true,
        strip_accents: fields.strip_accents ?? null,
        lowercase: fields.do_lower_case ?? true,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: named.unk ?? '[UNK]',
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(vocabulary),
      },
      vocabulary,
      added: [],
    }),
    postProcessor: ({ token, idOf }: SpecialIds) => {
      const { single, pair } = layouts.bert(token('cls'), token('sep'), clsType);
      return template(single, pair, idOf);
    },
  };
}

const bert = wordPiece(bertTokens, true);

const mpnet: ClassOf<'wordPiece'> = {
  ...wordPiece({ bos: '<s>', eos: '</s>', unk: '[UNK]', sep: '</s>', pad: '<pad>', cls: '<s>', mask: '<mask>' }, false),
  flags: { mask: { lstrip: true } },
  postProcessor: ({ token, idOf }) => {
    const { single, pair } = layouts.roberta(token('cls'), token('sep'), 1);
    return template(single, pair, idOf);
  },
};

const funnelTokens: Names = {
  bos: '<s>',
  eos: '</s>',
  unk: '<unk>',
  sep: '<sep>',
  pad: '<pad>',
  cls: '<cls>',
  mask: '<mask>',
};

export const wordPieceClasses = {
  BertTokenizer: bert,
  ConvBertTokenizer: bert,
  DistilBertTokenizer: wordPiece(bertTokens, false),
  ElectraTokenizer: bert,
  FunnelTokenizer: wordPiece(funnelTokens, true, 2),
  LayoutLMTokenizer: bert,
  LxmertTokenizer: bert,
  MobileBertTokenizer: bert,
  MPNetTokenizer: mpnet,
  SqueezeBertTokenizer: bert,
} as const satisfies Readonly<Record<string, TokenizerClass>>;
