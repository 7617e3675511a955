import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { loadTokenizer } from '../../src/text/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { bytesField, integerField, type PieceFields, sentencePieceFile } from './sentence-piece-writer.ts';

const test = suite('text: a tokenizer for each side');

/** Pieces after the end and the unknown one, as Marian's models have them. */
const model = (pieces: readonly (readonly [piece: string, score: number])[]): Uint8Array => {
  const all: PieceFields[] = [
    { piece: '</s>', type: 3, score: 0 },
    { piece: '<unk>', type: 2, score: 0 },
    ...pieces.map(([piece, score]) => ({ piece, score })),
  ];
  return sentencePieceFile(all, [bytesField(2, integerField(40, 1))]);
};

const letters = [...'abcdehirst'].map((letter, i) => [letter, -5 - i / 10] as const);
const source = model([['▁', -4], ['▁the', -1], ['▁cat', -2], ...letters]);
const target = model([['▁', -4], ['▁die', -1], ['at', -2.5], ['ze', -2], ...letters]);
const ids = [
  ...['</s>', '<unk>', '▁', '▁the', '▁cat', 's', '▁die', 'at', 'ze'],
  ...['a', 'c', 'd', 'e', 'h', 'i', 't', '>>deu<<', '>>fra<<', '<pad>'],
];
const files = {
  'source.spm': source,
  'target.spm': target,
  'vocab.json': JSON.stringify(Object.fromEntries(ids.map((token, id) => [token, id]))),
  'config.json': JSON.stringify({ model_type: 'marian' }),
  'tokenizer_config.json': JSON.stringify({ source_lang: 'eng', target_lang: 'deu' }),
};

/** Made with MarianTokenizer of transformers 5.24 and sentencepiece 0.2.3. */
const expected: readonly (readonly [text: string, source: number[], target: number[], written: string])[] = [
  ['the cats', [3, 4, 5, 0], [2, 15, 13, 12, 2, 10, 7, 5, 0], 'the cats'],
  [' the   cat  ', [3, 4, 0], [2, 15, 13, 12, 2, 10, 7, 0], 'the cat'],
  ['>>fra<< the cat', [17, 3, 4, 0], [17, 2, 15, 13, 12, 2, 10, 7, 0], '>>fra<< the cat'],
  ['>>xyz<<the', [1, 3, 0], [1, 2, 15, 13, 12, 0], 'the'],
  ['a >>deu<< cat', [2, 9, 2, 1, 11, 12, 1, 4, 0], [2, 9, 2, 1, 11, 12, 1, 2, 10, 7, 0], 'a de cat'],
  ['', [0], [0], ''],
  ['die katze', [2, 11, 14, 12, 2, 1, 9, 15, 1, 12, 0], [6, 2, 1, 7, 8, 0], 'die atze'],
  ['the</s> cat ÷', [3, 0, 4, 2, 1, 0], [2, 15, 13, 12, 0, 2, 10, 7, 2, 1, 0], 'the cat'],
  ['ｔｈｅ', [2, 1, 0], [2, 1, 0], ''],
];

test('the ids of both sides are those of MarianTokenizer', () => {
  const tokenizer = loadTokenizer(temporaryFolder(files));
  for (const [text, read, written, decoded] of expected) {
    assert.deepEqual(tokenizer.encode(text).ids, read, text);
    assert.deepEqual(tokenizer.targets.encode(text).ids, written, text);
    assert.equal(tokenizer.targets.decode(written), decoded, text);
  }
  assert.deepEqual([tokenizer.targetStart, tokenizer.targets.targets], [null, tokenizer.targets]);
});

test('a target language is put before a text to read, as one that begins with its code', () => {
  const folder = temporaryFolder(files);
  const [plain, french] = [loadTokenizer(folder), loadTokenizer(folder, { target: 'fra' })];
  assert.deepEqual(french.encode('the cat').ids, plain.encode('>>fra<<the cat').ids);
  assert.deepEqual(french.targets.encode('die').ids, plain.targets.encode('die').ids);
});

test('a table of ids for each side', () => {
  const own = JSON.stringify({ '</s>': 0, '<unk>': 1, '▁die': 2, '<pad>': 3 });
  const separate = JSON.stringify({ separate_vocabs: true });
  const folder = temporaryFolder({ ...files, 'target_vocab.json': own, 'tokenizer_config.json': separate });
  const tokenizer = loadTokenizer(folder);
  assert.deepEqual(tokenizer.encode('the').ids, [3, 0]);
  assert.deepEqual(tokenizer.targets.encode('die').ids, [2, 0]);
  assert.equal(tokenizer.targets.decode([2, 0]), 'die');
});

test('a file that is missing, and a language that there is not, are told by name', () => {
  const { 'target.spm': _, ...without } = files;
  assertInputError(() => loadTokenizer(temporaryFolder(without)), /no target\.spm/);
  const folder = temporaryFolder(files);
  assertInputError(() => loadTokenizer(folder, { target: 'xyz' }), />>xyz<</);
  assertInputError(() => loadTokenizer(folder, { source: 'eng' }), /no source language; leave --source-lang/);
});

test('mBART tells the language of both sides, and what a text to be written begins with', () => {
  const pieces = ['<unk>', '<s>', '</s>'].map((piece, i) => ({ piece, score: 0, type: i === 0 ? 2 : 3 }));
  const file = sentencePieceFile([...pieces, { piece: '▁a', score: -1 }, { piece: '▁b', score: -2 }]);
  const folder = (type: string) =>
    temporaryFolder({ 'sentencepiece.bpe.model': file, 'config.json': JSON.stringify({ model_type: type }) });
  const first = loadTokenizer(folder('mbart'), { source: 'fr_XX', target: 'ro_RO' });
  const [french, romanian] = ['fr_XX', 'ro_RO'].map((language) => first.idOf(language));
  assert.deepEqual(first.encode('a').ids.slice(-2), [2, french]);
  assert.deepEqual(first.targets.encode('a').ids.slice(-2), [2, romanian]);
  assert.deepEqual(first.targetStart, { decoderStartTokenId: romanian, forcedBosTokenId: null });
  const later = loadTokenizer(folder('mbart50'), { source: 'fr_XX', target: 'ro_RO' });
  assert.equal(later.encode('a').ids[0], later.idOf('fr_XX'));
  assert.deepEqual(later.targetStart, { decoderStartTokenId: 2, forcedBosTokenId: later.idOf('ro_RO') });
  assert.equal(loadTokenizer(folder('mbart')).targetStart, null);
  assertInputError(() => loadTokenizer(folder('mbart'), { target: 'xx_XX' }), /xx_XX/);
  assertInputError(
    () => loadTokenizer(folder('xlm-roberta'), { target: 'ro_RO' }),
    /no target language; leave --target/,
  );
});

test.run();
