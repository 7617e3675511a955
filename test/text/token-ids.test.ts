import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { InputError } from '../../src/errors.ts';

import { Tokenizer, wordPieceDefinition } from '../../src/text/index.ts';

const test = suite('token ids of tokenizer.json');

type Changeable = {
  model: { vocab: Record<string, unknown> };
  added_tokens: Record<string, unknown>[];
  post_processor: { special_tokens: Record<string, { ids: unknown[] }> };
};

function changed(change: (definition: Changeable) => void): () => Tokenizer {
  const definition = structuredClone(wordPieceDefinition('[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\ncat\n', {}, 'v'));
  change(definition as unknown as Changeable);
  return () => new Tokenizer(definition);
}

const isRefusal = (token: string) => (error: unknown) => {
  assert.ok(error instanceof InputError, String(error));
  assert.match(error.message, /^tokenizer\.json: the id of the token .* it must be a whole number from 0 to \d+\.$/);
  assert.ok(error.message.includes(token), error.message);
  return true;
};

/** Not in the vocabulary, whose tokens are named instead of their places. */
const isRefusalAt = (field: string) => (error: unknown) => {
  assert.ok(error instanceof InputError, String(error));
  assert.match(error.message, /^tokenizer\.json: post_processor|^tokenizer\.json: added_tokens/);
  assert.ok(error.message.includes(field), error.message);
  return true;
};

test('an id that is no whole number from 0 on, or far too large, is refused with its token, at once', () => {
  for (const id of [1.5, '3', null, -1, [], {}, true, 1e9, 2 ** 53, Number.NaN]) {
    const inVocabulary = changed(({ model }) => {
      model.vocab.cat = id;
    });
    const added = changed(({ added_tokens }) => {
      added_tokens[4].id = id;
    });
    const inTemplate = changed(({ post_processor }) => {
      post_processor.special_tokens['[SEP]'].ids = [id];
    });
    const started = performance.now();
    assert.throws(inVocabulary, isRefusal('cat'));
    assert.throws(added, isRefusalAt('added_tokens[4].id'));
    assert.throws(inTemplate, isRefusalAt('post_processor.special_tokens["[SEP]"].ids[0]'));
    assert.ok(performance.now() - started < 1000);
  }
});

test("ids of RoBERTa's post-processor, also in a sequence of processors", () => {
  const roberta = { type: 'RobertaProcessing', sep: ['</s>', 1.5], cls: ['<s>', 0] };
  for (const processor of [roberta, { type: 'Sequence', processors: [{ type: 'ByteLevel' }, roberta] }]) {
    assert.throws(
      changed((definition) => Object.assign(definition, { post_processor: processor })),
      isRefusalAt('.sep'),
    );
  }
});

test('ids with gaps are taken', () => {
  assert.equal(changed(({ model }) => Object.assign(model.vocab, { cat: 1000 }))().vocabSize, 1001);
});

test.run();
