import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { suite } from 'uvu';
import * as complete from '../../src/text/index.ts';
import { root } from '../support/modules.ts';

const test = suite('text: kinds that a page fetches');

const words = { type: 'WordLevel', vocab: { a: 0, b: 1 }, unk_token: 'a' };
const bpe = { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: ['a b'] };
const bert = complete.wordPieceDefinition('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\n##b', {}, 'vocab.txt');
/** Definitions that a page has all of, and those that need more. */
const own = { bert, words: { model: words, pre_tokenizer: { type: 'WhitespaceSplit' } } };
const further = {
  BPE: { model: bpe },
  'BPE without a type': { model: { ...bpe, type: undefined } },
  Split: {
    model: words,
    pre_tokenizer: { type: 'Split', pattern: { Regex: '\\w' }, behavior: 'Isolated', invert: false },
  },
  Sequence: { model: words, pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Whitespace' }] } },
  Nmt: { model: words, normalizer: { type: 'Nmt' } },
  Fuse: { model: words, decoder: { type: 'Fuse' } },
  single_word: { model: words, added_tokens: [{ id: 2, content: 'ab', single_word: true }] },
};
const text = 'a ab b';

/** What a page says that has not asked for more, and what it tokenizes before and after. */
const program = `
import * as text from ${JSON.stringify(pathToFileURL(`${root}/src/text/browser.ts`).href)};
const { own, further, text: written } = JSON.parse(process.argv[1]);
const said = {};
const attempt = (name, run) => {
  try {
    return run();
  } catch (error) {
    return error.name + ': ' + error.message;
  }
};
const ids = (definition) => new text.Tokenizer(definition).encode(written).ids;
const folder = (files) => text.readTokenizerFiles({
  label: 'f', has: (name) => name in files, pathOf: (name) => name, json: (name) => files[name],
}).settings.usesTypeIds;
const roberta = { 'tokenizer.json': own.words, 'tokenizer_config.json': { tokenizer_class: 'RobertaTokenizer' } };
const all = () => ({
  ...Object.fromEntries(Object.entries({ ...own, ...further }).map(([name, json]) => [name, attempt(name, () => ids(json))])),
  folder: attempt('', () => folder({ 'tokenizer.json': own.bert, 'config.json': { model_type: 'bert' } })),
  roberta: attempt('', () => folder(roberta)),
  byteLevel: attempt('', () => text.byteLevelDefinition({}, '', {}, 'vocab.json')),
});
const before = all();
await text.loadTokenizerKinds();
await text.loadTokenizerKinds();
console.log(JSON.stringify({ before, after: all() }));
`;

test('a page has those of BERT, names what is missing, and has all that Node.js has once it has asked', () => {
  const given = JSON.stringify({ own, further, text });
  const written = execFileSync(process.execPath, ['--input-type=module', '-e', program, given], { encoding: 'utf8' });
  const { before, after } = JSON.parse(written);
  for (const [name, definition] of Object.entries({ ...own, ...further })) {
    assert.deepEqual(after[name], new complete.Tokenizer(definition).encode(text).ids, name);
  }
  for (const name of ['bert', 'words', 'folder']) assert.deepEqual(before[name], after[name]);
  const remedy = "is no part of BERT's tokenizers; others need await loadTokenizerKinds() before.";
  for (const [name, part] of [
    ...['BPE', 'Split', 'Nmt', 'Fuse', 'single_word'].map((name) => [name, name]),
    ['BPE without a type', 'BPE'],
    ['Sequence', 'Whitespace'],
    ['roberta', 'RobertaTokenizer'],
    ['byteLevel', 'RobertaTokenizer'],
  ]) {
    assert.equal(before[name], `InputError: ${part} ${remedy}`, name);
  }
  assert.equal(after.roberta, false);
  assert.match(after.byteLevel, /^InputError: vocab\.json lacks the special token/);
});

test.run();
