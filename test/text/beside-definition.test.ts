import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { readTokenizerFolder, wordPieceDefinition } from '../../src/text/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';

const test = suite('text: what goes before what beside a tokenizer.json');

type Json = Readonly<Record<string, unknown>>;

const words = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat';
const bert = wordPieceDefinition(words, { do_lower_case: false, strip_accents: true }, 'vocab.txt');
const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };
const roberta: Json = {
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: byteLevel,
  post_processor: { type: 'RobertaProcessing', sep: ['</s>', 1], cls: ['<s>', 0], add_prefix_space: true },
  decoder: byteLevel,
  model: { type: 'BPE', vocab: { '<s>': 0, '</s>': 1, a: 2 }, merges: [] },
};

function read(definition: Json, config: Json | null, others: Readonly<Record<string, Json>> = {}) {
  const files = { 'tokenizer.json': definition, ...(config ? { 'tokenizer_config.json': config } : {}), ...others };
  return readTokenizerFolder(
    temporaryFolder(Object.fromEntries(Object.entries(files).map(([name, json]) => [name, JSON.stringify(json)]))),
  );
}

const stage = (name: string, ...args: Parameters<typeof read>) => read(...args).definition[name] as Json;
const model = (type: string) => ({ 'config.json': { model_type: type } });

test('a setting that the configuration replaces is checked before', () => {
  const wrong = (change: Json) => () => read(change, { tokenizer_class: 'BertTokenizer', do_lower_case: true });
  const normalizer = { ...(bert.normalizer as Json), lowercase: 1 };
  assertInputError(
    wrong({ ...bert, normalizer }),
    /tokenizer\.json: normalizer\.lowercase must be true or false, not 1\./,
  );
  const spaced = (change: Json) => () => read({ ...roberta, ...change }, { add_prefix_space: true });
  assertInputError(
    spaced({ pre_tokenizer: { ...byteLevel, add_prefix_space: 'yes' } }),
    /tokenizer\.json: pre_tokenizer\.add_prefix_space must be true or false, not "yes"\./,
  );
  assertInputError(
    spaced({ post_processor: { ...(roberta.post_processor as Json), add_prefix_space: 0 } }),
    /tokenizer\.json: post_processor\.add_prefix_space must be true or false, not 0\./,
  );
});

test('a folder with nothing else: tokenizer.json as it is', () => {
  const { definition, settings } = read(bert, null);
  assert.deepEqual(definition, bert);
  assert.deepEqual(settings, {
    specialTokens: {},
    modelMaxLength: null,
    truncationSide: 'right',
    cleanUpTokenizationSpaces: false,
    usesTypeIds: true,
  });
});

test('BERT: the configuration, and the defaults of its class, go before the normalizer of tokenizer.json', () => {
  const settingsOf = (config: Json, others = {}) => {
    const { lowercase, strip_accents, handle_chinese_chars } = stage('normalizer', bert, config, others);
    return [lowercase, strip_accents, handle_chinese_chars];
  };
  const named = { tokenizer_class: 'BertTokenizer' };
  assert.deepEqual(settingsOf(named), [true, null, true]);
  assert.deepEqual(settingsOf({}, model('bert')), [true, null, true]);
  assert.deepEqual(settingsOf({ tokenizer_class: 'ElectraTokenizerFast', do_lower_case: false }), [false, null, true]);
  const all = { do_lower_case: false, strip_accents: false, tokenize_chinese_chars: false };
  assert.deepEqual(settingsOf({ ...named, ...all }), [false, false, false]);
  assert.deepEqual(settingsOf({ tokenizer_class: 'PreTrainedTokenizerFast', ...all }), [false, true, true]);
  assert.deepEqual(settingsOf({ do_lower_case: true }), [true, true, true]);
  assert.deepEqual(stage('normalizer', { ...bert, normalizer: { type: 'NFC' } }, named), { type: 'NFC' });
});

test('RoBERTa, BART and GPT-2: add_prefix_space, false if it is not stated, goes before that of tokenizer.json', () => {
  const adds = (...args: [config: Json, others?: Readonly<Record<string, Json>>]) => {
    const { pre_tokenizer, post_processor } = read(roberta, ...args).definition as Record<string, Json>;
    return [pre_tokenizer.add_prefix_space, post_processor.add_prefix_space];
  };
  assert.deepEqual(adds({ tokenizer_class: 'RobertaTokenizer' }), [false, false]);
  assert.deepEqual(adds({}, model('bart')), [false, false]);
  assert.deepEqual(adds({ tokenizer_class: 'RobertaTokenizerFast', add_prefix_space: true }), [true, true]);
  assert.deepEqual(adds({ tokenizer_class: 'PreTrainedTokenizerFast' }), [true, true]);
  assert.deepEqual(adds({ tokenizer_class: 'PreTrainedTokenizerFast', add_prefix_space: false }), [false, false]);
  const sequence = { ...roberta, pre_tokenizer: { type: 'Sequence', pretokenizers: [byteLevel] } };
  assert.deepEqual(stage('pre_tokenizer', sequence, { tokenizer_class: 'GPT2Tokenizer' }), sequence.pre_tokenizer);
});

test('add_bos_token, do_lower_case of ALBERT and others that transformers 4 or 5 leaves alone change nothing', () => {
  const config = { add_bos_token: true, add_eos_token: true, do_lower_case: false, keep_accents: true, legacy: false };
  for (const name of ['LlamaTokenizer', 'AlbertTokenizer', 'T5Tokenizer', 'TokenizersBackend']) {
    const { definition } = read(roberta, { tokenizer_class: name, ...config });
    assert.deepEqual({ ...definition, added_tokens: [] }, roberta);
  }
});

const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: false };

test('added_tokens_decoder adds tokens and changes how they are found; new ones get the next ids', () => {
  const { definition } = read(bert, {
    added_tokens_decoder: {
      90: { ...flags, content: '<late>', rstrip: true },
      6: { ...flags, content: 'cat', normalized: true },
      4: { ...flags, content: '[MASK]', lstrip: true, special: true },
      7: { ...flags, content: '<early>' },
    },
  });
  const before = bert.added_tokens as Json[];
  assert.deepEqual(definition.added_tokens, [
    ...before.slice(0, 4),
    { id: 4, content: '[MASK]', ...flags, lstrip: true, special: true },
    { id: 5, content: 'cat', ...flags, normalized: true },
    { id: 6, content: '<early>', ...flags },
    { id: 7, content: '<late>', ...flags, rstrip: true },
  ]);
});

test('special_tokens_map.json and added_tokens.json count as long as there is no added_tokens_decoder', () => {
  const others = {
    'special_tokens_map.json': { pad_token: '[SEP]', unk_token: { content: '<u>', lstrip: true } },
    'added_tokens.json': { '<b>': 9, '<a>': 8 },
  };
  const config = { pad_token: '[PAD]', cls_token: '[CLS]' };
  const counted = read(bert, config, others);
  assert.deepEqual(counted.settings.specialTokens, { unk: '<u>', pad: '[SEP]', cls: '[CLS]' });
  const added = (counted.definition.added_tokens as Json[]).slice(5);
  assert.deepEqual(added, [
    { id: 6, content: '<a>', ...flags, normalized: true },
    { id: 7, content: '<b>', ...flags, normalized: true },
    { id: 8, content: '<u>', ...flags, lstrip: true, special: true },
  ]);
  const ignored = read(bert, { ...config, added_tokens_decoder: {} }, others);
  assert.deepEqual(ignored.settings.specialTokens, { pad: '[PAD]', cls: '[CLS]' });
  assert.deepEqual(ignored.definition.added_tokens, bert.added_tokens);
});

test('special tokens: those that the files name, else those of the class that the vocabulary has', () => {
  const tokens = (config: Json, others = {}) => read(bert, config, others).settings.specialTokens;
  const ofClass = { unk: '[UNK]', sep: '[SEP]', pad: '[PAD]', cls: '[CLS]', mask: '[MASK]' };
  assert.deepEqual(tokens({ tokenizer_class: 'BertTokenizer' }), ofClass);
  assert.deepEqual(tokens({ mask_token: null, eos_token: '[SEP]' }, model('bert')), {
    eos: '[SEP]',
    unk: '[UNK]',
    sep: '[SEP]',
    pad: '[PAD]',
    cls: '[CLS]',
  });
  assert.deepEqual(tokens({}, model('roberta')), {});
  assert.deepEqual(read({ ...bert, padding: { pad_token: '[PAD]' } }, {}).settings.specialTokens, { pad: '[PAD]' });
  const named = read(bert, {
    additional_special_tokens: ['<x>', 'cat'],
    extra_special_tokens: { image_token: '<image>' },
  });
  assert.deepEqual(
    (named.definition.added_tokens as Json[]).slice(5).map(({ id, content, special }) => [id, content, special]),
    [
      [5, 'cat', true],
      [6, '<x>', true],
      [7, '<image>', true],
    ],
  );
});

test('lengths, sides, spaces and token types', () => {
  const settings = (config: Json, others = {}) => read(bert, config, others).settings;
  assert.equal(settings({ model_max_length: 512 }).modelMaxLength, 512);
  assert.equal(settings({ model_max_length: 1e30 }).modelMaxLength, null);
  assert.equal(settings({ max_len: 77 }).modelMaxLength, 77);
  assert.equal(settings({ truncation_side: 'left' }).truncationSide, 'left');
  const left = { ...bert, truncation: { direction: 'Left', max_length: 3 } };
  assert.equal(read(left, {}).settings.truncationSide, 'left');
  assert.equal(read(left, { truncation_side: 'right' }).settings.truncationSide, 'right');
  assert.equal(settings({ clean_up_tokenization_spaces: true }).cleanUpTokenizationSpaces, true);
  assert.equal(read(roberta, { clean_up_tokenization_spaces: true }).settings.cleanUpTokenizationSpaces, false);
  const uses = (name: string) => settings({ tokenizer_class: name }).usesTypeIds;
  const names = [
    'BertTokenizer',
    'AlbertTokenizer',
    'DebertaV2Tokenizer',
    'PreTrainedTokenizerFast',
    'TokenizersBackend',
  ];
  assert.deepEqual(names.map(uses), [true, true, true, true, true]);
  const zeros = ['RobertaTokenizer', 'XLMRobertaTokenizer', 'DistilBertTokenizer', 'MPNetTokenizer', 'T5Tokenizer'];
  assert.deepEqual(zeros.map(uses), [false, false, false, false, false]);
  const inputs = { model_input_names: ['input_ids', 'attention_mask'] };
  assert.equal(settings({ tokenizer_class: 'BertTokenizer', ...inputs }).usesTypeIds, false);
});

test("mBART's template follows src_lang, which must be in the vocabulary", () => {
  const words = ['<s>', '<pad>', '</s>', '<unk>', 'en_XX', 'de_DE'].map((token) => [token, 0]);
  const definition = { added_tokens: [], post_processor: null, model: { type: 'Unigram', unk_id: 3, vocab: words } };
  const mbart = { tokenizer_class: 'MBartTokenizer', src_lang: 'de_DE' };
  const { single, special_tokens } = stage('post_processor', definition, mbart);
  assert.deepEqual(single, [
    { Sequence: { id: 'A', type_id: 0 } },
    { SpecialToken: { id: '</s>', type_id: 0 } },
    { SpecialToken: { id: 'de_DE', type_id: 0 } },
  ]);
  assert.deepEqual((special_tokens as Record<string, Json>).de_DE, { id: 'de_DE', ids: [5], tokens: ['de_DE'] });
  assertInputError(
    () => read(definition, { ...mbart, src_lang: 'xx' }),
    /tokenizer\.json lacks the special token "xx"/,
  );
});

test("NLLB's template is that of its class, if the vocabulary has the language", () => {
  const tokens = ['<s>', '<pad>', '</s>', '<unk>', 'eng_Latn', 'fra_Latn'];
  const [a, b] = ['A', 'B'].map((id) => ({ Sequence: { id, type_id: 0 } }));
  const old = { type: 'TemplateProcessing', single: [a], pair: [a, b], special_tokens: {} };
  const definition = (words: readonly string[]) => ({
    added_tokens: [],
    post_processor: old,
    model: { type: 'Unigram', unk_id: 3, vocab: words.map((token) => [token, 0]) },
  });
  const ids = (config: Json, words = tokens) => {
    const { single } = stage('post_processor', definition(words), { tokenizer_class: 'NllbTokenizer', ...config });
    return (single as readonly Json[]).map((part) => (Object.values(part)[0] as Json).id);
  };
  assert.deepEqual(ids({}), ['eng_Latn', 'A', '</s>']);
  assert.deepEqual(ids({ src_lang: 'fra_Latn' }), ['fra_Latn', 'A', '</s>']);
  assert.deepEqual(ids({ legacy_behaviour: true }), ['A', '</s>', 'eng_Latn']);
  assert.deepEqual(ids({}, tokens.slice(0, 4)), ['A']);
  assertInputError(() => ids({ src_lang: 'fra_Latn' }, tokens.slice(0, 4)), /lacks the special token "fra_Latn"/);
});

test('added tokens that are none are refused', () => {
  const refused = (added: unknown) => () => read({ ...bert, added_tokens: added }, null);
  assertInputError(
    refused([{ id: 1.5, content: 'a' }]),
    /tokenizer\.json: added_tokens\[0\]\.id must be a whole number/,
  );
  assertInputError(refused([{ id: 1, content: '' }]), /added_tokens\[0\]\.content must be a text that is not empty/);
  assertInputError(refused('x'), /added_tokens must be a list/);
});

test.run();
