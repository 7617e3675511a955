import assert from 'node:assert/strict';
import fc from 'fast-check';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';
import { mergesOfPieces } from '../../src/text/folder/merges-of-pieces.ts';
import { protobufFields } from '../../src/text/folder/protobuf.ts';
import { readSentencePiece } from '../../src/text/folder/sentence-piece-file.ts';
import { sentencePieceDefinition } from '../../src/text/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { bytesField, floatField, integerField, type PieceFields, sentencePieceFile } from './sentence-piece-writer.ts';

const test = suite('text: files of sentencepiece');

const read = (...parts: readonly Uint8Array[]) => readSentencePiece(sentencePieceFile([], parts), 'm.model');
const piece = (fields: PieceFields) => sentencePieceFile([fields]);

test('pieces, kind and table of characters are read; defaults are those of the format', () => {
  const pieces: PieceFields[] = [
    { piece: '<unk>', type: 2 },
    { piece: '▁a', score: -1.5 },
    { piece: '😀', score: -2, type: 4 },
  ];
  assert.deepEqual(readSentencePiece(sentencePieceFile(pieces), 'm.model'), {
    label: 'm.model',
    pieces: [
      { piece: '<unk>', score: 0, type: 2 },
      { piece: '▁a', score: -1.5, type: 1 },
      { piece: '😀', score: -2, type: 4 },
    ],
    kind: 'unigram',
    unkId: 0,
    unkPiece: '<unk>',
    byteFallback: false,
    addsPrefix: true,
    removesSpaces: true,
    charsmap: new Uint8Array(),
  });
  const trainer = [
    integerField(3, 2),
    integerField(35, 1),
    integerField(40, 1),
    bytesField(45, 'u'),
    integerField(4, 8000),
  ];
  const more = [
    bytesField(2, ...trainer),
    bytesField(3, bytesField(1, 'nfkc'), bytesField(2, Uint8Array.of(1, 0, 255)), integerField(4, 0)),
  ];
  const { kind, unkId, unkPiece, byteFallback, removesSpaces, charsmap } = readSentencePiece(
    sentencePieceFile(pieces, more),
    'm.model',
  );
  assert.deepEqual(
    [kind, unkId, unkPiece, byteFallback, removesSpaces, [...charsmap]],
    ['bpe', 1, 'u', true, false, [1, 0, 255]],
  );
});

test('any fields are found again; any bytes are fields or an error of one line', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 2 ** 29 - 1 }), fc.nat()), { maxLength: 9 }), (fields) => {
      const message = Buffer.concat(fields.map(([number, value]) => integerField(number, value)));
      assert.deepEqual(
        [...protobufFields(message, 'm')].map(({ number, integer }) => [number, integer]),
        fields,
      );
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        for (const { bytes: value, integer } of protobufFields(bytes, 'm'))
          assert.ok(value === null || integer === null);
      } catch (error) {
        assert.ok(error instanceof InputError && !error.message.includes('\n'));
      }
    }),
  );
});

test('damaged files are refused by one line', () => {
  const whole = sentencePieceFile([
    { piece: '<unk>', type: 2 },
    { piece: '▁abc', score: -1 },
  ]);
  for (let length = 1; length < whole.length; length++) {
    // Cut between two pieces, the rest is a file too.
    const bytes = whole.subarray(0, length);
    if (length === sentencePieceFile([{ piece: '<unk>', type: 2 }]).length) continue;
    assertInputError(() => readSentencePiece(bytes, 'm.model'), /^m\.model is damaged or no file of sentencepiece/);
  }
  assertInputError(() => read(), /^m\.model has no pieces; download it again\.$/);
  assertInputError(() => read(Uint8Array.of(0)), /is damaged/);
  assertInputError(() => read(Uint8Array.of(15)), /is damaged/);
  assertInputError(() => read(new Uint8Array(11).fill(255)), /is damaged/);
  assertInputError(() => read(integerField(1, 5)), /has a field of a wrong type/);
  assertInputError(() => read(bytesField(1, bytesField(1, Uint8Array.of(0xff)))), /has a text that is no UTF-8/);
  assertInputError(() => read(bytesField(1, floatField(2, -1))), /has a piece without a text or a score/);
  assertInputError(() => read(piece({ piece: 'a', score: Number.NaN })), /without a text or a score/);
  assertInputError(() => read(piece({ piece: 'a'.repeat(5000) })), /has a piece of 5000 characters/);
  assertInputError(() => read(piece({ piece: 'a' }), piece({ piece: 'a' })), /has a piece twice/);
  const one = piece({ piece: 'a' });
  assertInputError(() => read(one, bytesField(2, integerField(40, 1))), /has 1 pieces, and the unknown one is 1/);
  assertInputError(() => read(one, bytesField(2, integerField(3, 3))), /is of the kind word; only unigram and bpe/);
});

test('a class that does not fall back to bytes refuses a model that does, and so does one without such files', () => {
  const file = sentencePieceFile([{ piece: '<unk>', type: 2 }], [bytesField(2, integerField(35, 1))]);
  const made = (name?: string) => () => sentencePieceDefinition(file, name ? { tokenizer_class: name } : {}, 'm.model');
  assertInputError(made('T5Tokenizer'), /^m\.model falls back to bytes, which its class of tokenizers does not do/);
  assertInputError(
    made('BertTokenizer'),
    /tokenizer_class must name a class with such a vocabulary, not BertTokenizer/,
  );
  assertInputError(made(), /tokenizer_class must name a class/);
});

test('a model that puts no space before a text is read by classes that may put none', () => {
  const pieces: PieceFields[] = ['<unk>', '<s>', '</s>'].map((piece, i) => ({ piece, type: i === 0 ? 2 : 3 }));
  const file = sentencePieceFile([...pieces, { piece: 'a' }], [bytesField(3, integerField(3, 0))]);
  const made = (config: object) => () => sentencePieceDefinition(file, { ...config }, 'm.model');
  for (const name of ['T5Tokenizer', 'LlamaTokenizer', 'BertGenerationTokenizer']) {
    assertInputError(made({ tokenizer_class: name }), /^m\.model has add_dummy_prefix false, which its class/);
  }
  made({ tokenizer_class: 'LlamaTokenizer', add_prefix_space: false })();
  const { normalizer } = made({ tokenizer_class: 'GemmaTokenizer', eos_token: '</s>', bos_token: '<s>' })();
  assert.deepEqual(normalizer, { type: 'Replace', pattern: { String: ' ' }, content: '▁' });
});

test('a class that leaves all to sentencepiece refuses what it is not known to do', () => {
  const unknown: PieceFields = { piece: '<unk>', type: 2 };
  const made = (file: Uint8Array, name: string) => () =>
    sentencePieceDefinition(file, { tokenizer_class: name }, 'm.model');
  const own = sentencePieceFile([unknown, { piece: '<u>', type: 4 }]);
  assertInputError(
    made(own, 'BertGenerationTokenizer'),
    /^m\.model has the user-defined symbol "<u>", which its class/,
  );
  const bytes = sentencePieceFile([unknown], [bytesField(2, integerField(35, 1))]);
  assertInputError(made(bytes, 'BertGenerationTokenizer'), /^m\.model falls back to bytes, which its class/);
  assertInputError(
    made(sentencePieceFile([unknown]), 'M2M100Tokenizer'),
    /^m\.model does not give the ids of its pieces/,
  );
});

test('merges: the best piece first, then the longer first part, by characters and not by units', () => {
  const ids = new Map(['a', 'b', 'ab', 'c', 'abc', 'bc', '😀', '😀a'].map((one, id) => [one, id] as const));
  const scores: Readonly<Record<string, number>> = { ab: -1, abc: -2, bc: -2, '😀a': -1 };
  const scored = Object.entries(scores).map(([one, score]) => ({ piece: one, score }));
  assert.deepEqual(mergesOfPieces(scored, ids), [
    ['a', 'b'],
    ['😀', 'a'],
    ['ab', 'c'],
    ['a', 'bc'],
    ['b', 'c'],
  ]);
});

test.run();
