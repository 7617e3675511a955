/** The content of tokenizer.json and tokenizer_config.json, as far as it decides which tokens a text becomes. */
import * as v from 'valibot';
import {
  boolean,
  byName,
  chosenBy,
  finiteNumber,
  listOf,
  namedValues,
  nonEmptyText,
  oneOf,
  openFields,
  orNone,
  parseWith,
  positiveInteger,
  type Schema,
  text,
  wholeNumber,
} from '../settings/index.ts';
import type { TokenizerConfig, TokenizerDefinition } from './definitions.ts';

const flag = v.nullish(boolean);
const word = v.nullish(text);

/** A component of a kind that has others of that kind in it. */
const nested = (schema: () => Schema) => listOf(v.lazy(schema));

const pattern = v.union([openFields({ Regex: text }), openFields({ String: text })], 'a Regex or a String');

/** Components by the names of their types; one of another type is refused by it. */
const components = (types: Readonly<Record<string, v.ObjectEntries>>): Schema =>
  byName(
    'type',
    Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, openFields({ type: text, ...fields })])),
  );

const normalizer: Schema = components({
  BertNormalizer: { clean_text: flag, handle_chinese_chars: flag, strip_accents: flag, lowercase: flag },
  Precompiled: { precompiled_charsmap: word },
  Sequence: { normalizers: nested(() => normalizer) },
  Replace: { pattern, content: text },
  NFC: {},
  NFD: {},
  NFKC: {},
  NFKD: {},
  Strip: { strip_left: flag, strip_right: flag },
  StripAccents: {},
  Lowercase: {},
  Prepend: { prepend: text },
});

const byteLevel = { add_prefix_space: flag, trim_offsets: flag, use_regex: flag };
const metaspace = {
  replacement: v.nullish(nonEmptyText),
  add_prefix_space: flag,
  prepend_scheme: v.nullish(oneOf(['always', 'first', 'never'])),
  split: flag,
};

const preTokenizer: Schema = components({
  BertPreTokenizer: {},
  Sequence: { pretokenizers: nested(() => preTokenizer) },
  Whitespace: {},
  WhitespaceSplit: {},
  Metaspace: metaspace,
  ByteLevel: byteLevel,
  Split: { pattern, behavior: v.nullish(text), invert: flag },
  Punctuation: { behavior: v.nullish(text) },
  Digits: { individual_digits: flag },
  Replace: { pattern, content: text },
  FixedLength: { length: positiveInteger },
});

const namedId = v.strictTuple([text, wholeNumber], 'a token and its id');
const pieceOf = { type_id: wholeNumber };
const templatePiece = v.union(
  [
    openFields({ SpecialToken: openFields({ id: text, ...pieceOf }) }),
    openFields({ Sequence: openFields({ id: oneOf(['A', 'B']), ...pieceOf }) }),
  ],
  'a SpecialToken or a Sequence with id and type_id',
);
/** One of the two. */
interface TemplatePiece {
  readonly SpecialToken?: { readonly id: string };
  readonly Sequence?: { readonly id: string };
}

/** Returns whether a template has each of the texts once, in their order. */
const hasTexts = (pieces: readonly unknown[], texts: string): boolean =>
  (pieces as readonly TemplatePiece[]).flatMap(({ Sequence: text }) => (text ? [text.id] : [])).join('') === texts;

const template = v.pipe(
  openFields({
    type: v.literal('TemplateProcessing'),
    single: v.pipe(
      listOf(templatePiece),
      v.check((pieces) => hasTexts(pieces, 'A'), 'a list with Sequence A, once'),
    ),
    pair: v.pipe(
      listOf(templatePiece),
      v.check((pieces) => hasTexts(pieces, 'AB'), 'a list with the Sequences A and B, once each'),
    ),
    special_tokens: namedValues(openFields({ ids: listOf(wholeNumber) })),
  }),
  v.check(
    ({ single, pair, special_tokens: known }) =>
      ([...single, ...pair] as readonly TemplatePiece[]).every(
        ({ SpecialToken: special }) => !special || Object.hasOwn(known, special.id),
      ),
    'a template whose special tokens are among its special_tokens',
  ),
);

const pairProcessing = { sep: namedId, cls: namedId, trim_offsets: flag, add_prefix_space: flag };
const isOfBytes = (processor: unknown): boolean => (processor as { readonly type?: unknown })?.type === 'ByteLevel';
const postProcessor: Schema = byName('type', {
  TemplateProcessing: template as Schema,
  ByteLevel: openFields({ type: text, ...byteLevel }) as Schema,
  RobertaProcessing: openFields({ type: text, ...pairProcessing }) as Schema,
  BertProcessing: openFields({ type: text, ...pairProcessing }) as Schema,
  Sequence: openFields({
    type: text,
    processors: v.pipe(
      nested(() => postProcessor),
      v.check((all) => all.filter((one) => !isOfBytes(one)).length < 2, 'a list with one processor beside ByteLevel'),
    ),
  }) as Schema,
});

const decoder: Schema = components({
  ByteLevel: byteLevel,
  WordPiece: { prefix: text, cleanup: flag },
  Metaspace: metaspace,
  BPEDecoder: { suffix: word },
  CTC: { pad_token: word, word_delimiter_token: word, cleanup: flag },
  Sequence: { decoders: nested(() => decoder) },
  Replace: { pattern, content: text },
  Fuse: {},
  Strip: { content: text, start: wholeNumber, stop: wholeNumber },
  ByteFallback: {},
});

const isVocabulary = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(Number.isInteger);
/** Read in one go: real ones have hundreds of thousands of tokens. */
const vocabulary = v.custom<Readonly<Record<string, number>>>(isVocabulary, 'an object that maps tokens to ids');

const isIn = (vocab: object, token: string | null | undefined): boolean => token == null || Object.hasOwn(vocab, token);
const UNKNOWN = 'a model whose unk_token is in its vocab';

const wordPiece = v.pipe(
  openFields({
    unk_token: text,
    continuing_subword_prefix: v.nullish(text),
    max_input_chars_per_word: v.nullish(wholeNumber),
    vocab: vocabulary,
  }),
  v.check(({ vocab, unk_token: token }) => isIn(vocab, token), UNKNOWN),
);

const isMerge = (merge: unknown): boolean =>
  typeof merge === 'string'
    ? merge.split(' ').length === 2
    : Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === 'string');
/** All as texts, or all as pairs. */
const isMerges = (value: unknown): boolean =>
  Array.isArray(value) && value.every((merge) => isMerge(merge) && typeof merge === typeof value[0]);

const bpe = v.pipe(
  openFields({
    dropout: v.nullish(v.literal(0, 'null: tokens would be drawn at random')),
    unk_token: word,
    continuing_subword_prefix: word,
    end_of_word_suffix: word,
    fuse_unk: flag,
    byte_fallback: flag,
    ignore_merges: flag,
    vocab: vocabulary,
    merges: v.custom<unknown[]>(isMerges, 'a list of pairs of tokens'),
  }),
  v.check(({ vocab, unk_token: token }) => isIn(vocab, token), UNKNOWN),
);

const unigram = v.pipe(
  openFields({
    unk_id: v.nullish(wholeNumber),
    byte_fallback: flag,
    vocab: v.pipe(
      v.array(v.strictTuple([text, finiteNumber], 'a token and its score'), 'a list of tokens and their scores'),
      v.minLength(1, 'a list of tokens and their scores'),
    ),
  }),
  v.check(({ vocab, unk_id: id }) => id == null || id < vocab.length, 'a model whose unk_id is in its vocab'),
);

const models = { WordPiece: wordPiece as Schema, BPE: bpe as Schema, Unigram: unigram as Schema };

/** Older files do not name the type of their model: it follows from what it has. */
const model = chosenBy((fields) => {
  if (fields.type !== undefined) return byName('type', models);
  if (Array.isArray(fields.vocab)) return models.Unigram;
  return Object.hasOwn(fields, 'merges') ? models.BPE : models.WordPiece;
});

const addedToken = openFields({
  id: wholeNumber,
  content: nonEmptyText,
  special: flag,
  single_word: flag,
  lstrip: flag,
  rstrip: flag,
  normalized: flag,
});

const definitionSchema = openFields({
  added_tokens: listOf(addedToken),
  normalizer: orNone(normalizer),
  pre_tokenizer: orNone(preTokenizer),
  post_processor: orNone(postProcessor),
  decoder: orNone(decoder),
  model,
});

const configSchema = openFields({
  additional_special_tokens: v.nullish(listOf(v.union([text, openFields({ content: text })], 'a token'))),
  remove_space: flag,
  clean_up_tokenization_spaces: flag,
  do_lowercase_and_remove_accent: flag,
  do_lower_case: flag,
  strip_accents: flag,
  tokenize_chinese_chars: flag,
  add_prefix_space: flag,
});

const REMEDY = 'Use a tokenizer of BERT, RoBERTa or BART, or download it again.';

/** Checks the content of a tokenizer.json. @throws InputError naming the field that is not as it must be */
export function checkDefinition(definition: TokenizerDefinition, label: string): void {
  parseWith(definitionSchema, definition, label, REMEDY);
}

/** Checks the content of a tokenizer_config.json. @throws InputError naming the field that is not as it must be */
export function checkConfig(config: TokenizerConfig, label: string): void {
  parseWith(configSchema, config, label);
}
