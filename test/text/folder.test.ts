import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import { loadTokenizer, readTokenizerFolder, type TokenizerSettings } from '../../src/text/index.ts';
import { assertInputError } from '../io/input-error.ts';
import { temporaryFolder } from '../io/temporary.ts';

const test = suite('text: folders without a tokenizer.json');

interface Case {
  readonly name: string;
  /** Texts, or bytes in base64. */
  readonly files: Readonly<Record<string, string | { readonly base64: string }>>;
  /** A tokenizer.json; added tokens as `id flags content`, where the flags are letters of w, l, r, n, s. None of slow ones. */
  readonly definition?: Readonly<Record<string, unknown>> & { readonly added_tokens: readonly string[] };
  readonly settings: Omit<TokenizerSettings, 'cleanUpTokenizationSpaces'>;
  readonly ids: readonly (readonly number[])[];
  readonly pairs: readonly (readonly [ids: number[], typeIds?: number[]])[];
  /** Texts with the tokens of this case. */
  readonly more?: readonly (readonly [text: string, ids: number[]])[];
}

const { cases, texts, textPairs } = JSON.parse(readFileSync(new URL('folders.json', import.meta.url), 'utf8')) as {
  readonly cases: readonly Case[];
  readonly texts: readonly string[];
  readonly textPairs: readonly (readonly [string, string])[];
};

const folderOf = ({ files }: Pick<Case, 'files'>): string =>
  temporaryFolder(
    Object.fromEntries(
      Object.entries(files).map(([name, content]) => [
        name,
        typeof content === 'string' ? content : Buffer.from(content.base64, 'base64'),
      ]),
    ),
  );

const flagNames = { w: 'single_word', l: 'lstrip', r: 'rstrip', n: 'normalized', s: 'special' };

function expanded(line: string): object {
  const [, id, letters, content] = /^(\d+) (\w*) (.*)$/s.exec(line) ?? [];
  const flags = Object.entries(flagNames).map(([letter, name]) => [name, letters.includes(letter)]);
  return { id: Number(id), content, ...Object.fromEntries(flags) };
}

for (const one of cases) {
  test(`${one.name}: the definition and the settings are those of transformers 4.57`, () => {
    const { definition, settings } = readTokenizerFolder(folderOf(one));
    const { version, truncation, padding, ...stages } = definition;
    assert.deepEqual([version, truncation, padding], ['1.0', null, null]);
    assert.deepEqual(settings, { ...one.settings, cleanUpTokenizationSpaces: false });
    if (!one.definition) return;
    const expected = { ...one.definition, added_tokens: one.definition.added_tokens.map(expanded) };
    for (const name of Object.keys(expected)) {
      assert.deepEqual(stages[name], (expected as Record<string, unknown>)[name], name);
    }
    assert.deepEqual(Object.keys(stages).sort(), Object.keys(expected).sort());
  });
}

// Those of BigBird are what the Rust library 0.23 makes of the same definition, which its transformers changes once more in memory.
for (const one of cases) {
  test(`${one.name}: the ids and the token types are those of transformers 4.57`, () => {
    const tokenizer = loadTokenizer(folderOf(one));
    assert.deepEqual(
      texts.map((text) => tokenizer.encode(text).ids),
      one.ids,
    );
    for (const [text, ids] of one.more ?? []) assert.deepEqual(tokenizer.encode(text).ids, ids, text);
    textPairs.forEach(([first, second], i) => {
      const [ids, typeIds = ids.map(() => 0)] = one.pairs[i];
      const got = tokenizer.encode(first, second);
      assert.deepEqual([got.ids, got.typeIds], [ids, typeIds]);
    });
  });
}

test("M2M100's tokens are all in its vocabulary, or languages, which are those of one of two lists", () => {
  const { files } = cases.find(({ name }) => name === 'm2m100') as Case;
  const made = (fields: object) => () => {
    const config = JSON.stringify({ tokenizer_class: 'M2M100Tokenizer', ...fields });
    loadTokenizer(folderOf({ files: { ...files, 'tokenizer_config.json': config } }));
  };
  assertInputError(
    made({ additional_special_tokens: ['__en__', '<new>'] }),
    /the token "<new>" is neither in vocab\.json nor a language/,
  );
  assertInputError(made({ language_codes: 'base' }), /language_codes .* must be m2m100 or wmt21, not "base"\.$/);
  assertInputError(made({ src_lang: 'xx' }), /lacks the special token "__xx__"/);
});

test('there are cases of every kind of vocabulary', () => {
  const kinds = new Set(
    cases.flatMap(({ files }) => Object.keys(files)).filter((name) => !name.endsWith('config.json')),
  );
  for (const name of ['vocab.txt', 'merges.txt', 'spm.model', 'spiece.model', 'tokenizer.model', 'added_tokens.json']) {
    assert.ok(kinds.has(name), name);
  }
  assert.ok(cases.length >= 57);
});

test.run();
