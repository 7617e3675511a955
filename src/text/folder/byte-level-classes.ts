/**
 * The classes of tokenizers that have a `vocab.json` and a `merges.txt`. Source: convert_slow_tokenizer.py of Hugging Face
 * transformers 4.57.
 */
import type { TokenFlags } from './added-token.ts';
import { type Role, roles } from './roles.ts';
import { layouts, template } from './templates.ts';
import type { ClassOf, Stages, TokenizerClass } from './tokenizer-class.ts';

type Names = Readonly<Partial<Record<Role, string>>>;
type Flags = Readonly<Partial<Record<Role, TokenFlags>>>;

const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };

/** Special tokens that are looked for in the normalized text, and the mask that takes the space before it along. */
const flagsOf = (mask: TokenFlags): Flags => ({
  ...Object.fromEntries(roles.map((role) => [role, { normalized: true }])),
  mask: { lstrip: true, ...mask },
});

interface Differences {
  readonly normalizer?: unknown;
  readonly preTokenizer?: unknown;
  readonly suffix?: string;
  /** Whether the model has a token for what it lacks. */
  readonly hasUnknown?: boolean;
}

/** Stages of byte-level BPE. */
const stagesOf =
  (differences: Differences = {}): ClassOf<'byteLevel'>['stages'] =>
  ({ tokens: vocabulary, merges }, fields, named): Stages => ({
    normalizer: differences.normalizer ?? null,
    pre_tokenizer: differences.preTokenizer ?? { ...byteLevel, add_prefix_space: fields.add_prefix_space ?? false },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: differences.hasUnknown ? (named.unk ?? null) : null,
      continuing_subword_prefix: '',
      end_of_word_suffix: differences.suffix ?? '',
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary),
      merges: merges.map((merge) => merge.split(' ')),
    },
    vocabulary,
    added: [],
  });

const robertaTokens: Names = {
  bos: '<s>',
  eos: '</s>',
  unk: '<unk>',
  sep: '</s>',
  pad: '<pad>',
  cls: '<s>',
  mask: '<mask>',
};

const roberta: ClassOf<'byteLevel'> = {
  kind: 'byteLevel',
  tokens: robertaTokens,
  flags: flagsOf({ normalized: false }),
  typeIds: false,
  stages: stagesOf(),
  postProcessor: ({ token, idOf }, fields) => ({
    type: 'RobertaProcessing',
    sep: [token('sep'), idOf(token('sep'))],
    cls: [token('cls'), idOf(token('cls'))],
    trim_offsets: fields.trim_offsets ?? true,
    add_prefix_space: fields.add_prefix_space ?? false,
  }),
};

const bart: ClassOf<'byteLevel'> = { ...roberta, flags: flagsOf({ normalized: true }) };

const deberta: ClassOf<'byteLevel'> = {
  kind: 'byteLevel',
  tokens: {
    bos: '[CLS]',
    eos: '[SEP]',
    unk: '[UNK]',
    sep: '[SEP]',
    pad: '[PAD]',
    cls: '[CLS]',
    mask: '[MASK]',
  },
  flags: { mask: { lstrip: true, normalized: true } },
  typeIds: true,
  stages: stagesOf(),
  postProcessor: ({ token, idOf }) => {
    const { single, pair } = layouts.bert(token('cls'), token('sep'));
    return template(single, pair, idOf);
  },
};

const END = '<|endoftext|>';
const nothingAdded = { ...byteLevel, trim_offsets: false };

const gpt2: ClassOf<'byteLevel'> = {
  kind: 'byteLevel',
  tokens: { bos: END, eos: END, unk: END },
  flags: flagsOf({}),
  typeIds: false,
  stages: stagesOf(),
  postProcessor: ({ token, idOf }, fields) => {
    if (!fields.add_bos_token) return nothingAdded;
    const bos = token('bos');
    return template(
      [
        [bos, 0],
        ['$A', 0],
      ],
      [
        [bos, 0],
        ['$A', 0],
        ['$B', 1],
      ],
      idOf,
    );
  },
};

const split = (pattern: string, behavior: string, invert: boolean) => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior,
  invert,
});

const qwen2: ClassOf<'byteLevel'> = {
  kind: 'byteLevel',
  tokens: { eos: END, unk: END, pad: END },
  typeIds: false,
  stages: (file, fields, named) =>
    stagesOf({
      normalizer: { type: 'NFC' },
      preTokenizer: {
        type: 'Sequence',
        pretokenizers: [
          split(
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|" +
              '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+',
            'Isolated',
            false,
          ),
          { ...byteLevel, add_prefix_space: fields.add_prefix_space ?? false, use_regex: false },
        ],
      },
    })(file, fields, named),
  postProcessor: () => nothingAdded,
};

const clip: ClassOf<'byteLevel'> = {
  kind: 'byteLevel',
  tokens: { bos: '<|startoftext|>', eos: END, unk: END, pad: END },
  flags: { bos: { normalized: true }, unk: { normalized: true }, eos: { normalized: true } },
  typeIds: false,
  stages: stagesOf({
    suffix: '</w>',
    hasUnknown: true,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    preTokenizer: {
      type: 'Sequence',
      pretokenizers: [
        split("'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+", 'Removed', true),
        { ...byteLevel, add_prefix_space: false },
      ],
    },
  }),
  postProcessor: ({ token, idOf }) => ({
    type: 'RobertaProcessing',
    sep: [token('eos'), idOf(token('eos'))],
    cls: [token('bos'), idOf(token('bos'))],
    trim_offsets: false,
    add_prefix_space: false,
  }),
};

export const byteLevelClasses = {
  BartTokenizer: bart,
  CLIPTokenizer: clip,
  DebertaTokenizer: deberta,
  GPT2Tokenizer: gpt2,
  LEDTokenizer: bart,
  LongformerTokenizer: roberta,
  Qwen2Tokenizer: qwen2,
  RobertaTokenizer: roberta,
} as const satisfies Readonly<Record<string, TokenizerClass>>;
