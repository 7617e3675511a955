import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { longestSequence, parseEncoderConfig } from '../../src/models/index.ts';
import { activations } from '../../src/ops/activations.ts';
import { assertInputError } from '../io/input-error.ts';
import { tinyBert, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('models: config.json');

const parse = (changes: Record<string, unknown>) => () => parseEncoderConfig({ ...tinyBert, ...changes });

test('an unsupported model type, activation or kind of position is named with what there is', () => {
  assertInputError(
    parse({ model_type: 'gpt2' }),
    /config\.json: model_type "gpt2" is not supported; .*bert, roberta, .* or /,
  );
  assertInputError(parse({ model_type: undefined }), /config\.json: model_type is missing/);
  assertInputError(parse({ hidden_act: 'mish' }), /hidden_act must be one of gelu, .*relu.*, not "mish"/);
  assertInputError(parse({ hidden_act: 'toString' }), /hidden_act must be one of .*, not "toString"/);
  assertInputError(
    parse({ position_embedding_type: 'relative_key' }),
    /position_embedding_type must be absolute .*, not "relative_key"/,
  );
});

test('sizes must be there and make sense', () => {
  for (const name of ['vocab_size', 'hidden_size', 'num_hidden_layers', 'num_attention_heads', 'intermediate_size']) {
    assertInputError(parse({ [name]: undefined }), new RegExp(`${name} is missing`));
    for (const bad of [0, -1, 1.5, '16'])
      assertInputError(parse({ [name]: bad }), new RegExp(`${name} must be a whole number above 0, not`));
  }
  assertInputError(parse({ num_attention_heads: 3 }), /num_attention_heads must be a divisor of hidden_size, not 3/);
  assertInputError(parse({ hidden_dropout_prob: -0.1 }), /hidden_dropout_prob must be .*, not -0\.1/);
});

test('dropout of 1 leaves nothing to train', () => {
  for (const name of ['hidden_dropout_prob', 'attention_probs_dropout_prob', 'classifier_dropout']) {
    assertInputError(parse({ [name]: 1 }), new RegExp(`${name} must be a number in \\[0, 1\\), not 1`));
  }
});

test('what a file leaves out has the default of Hugging Face', () => {
  const {
    hidden_size,
    vocab_size,
    num_hidden_layers,
    num_attention_heads,
    intermediate_size,
    max_position_embeddings,
  } = tinyBert;
  const sizes = { hidden_size, vocab_size, num_hidden_layers, num_attention_heads, intermediate_size };
  const config = parseEncoderConfig({ model_type: 'bert', ...sizes, max_position_embeddings });
  const { hidden_act, type_vocab_size, layer_norm_eps, pad_token_id, hidden_dropout_prob } = config;
  assert.deepEqual([hidden_act, type_vocab_size, layer_norm_eps, pad_token_id], ['gelu', 2, 1e-12, 0]);
  assert.deepEqual([hidden_dropout_prob, config.attention_probs_dropout_prob], [0.1, 0.1]);
  assert.deepEqual([config.classifier_dropout, config.labels], [null, null]);
  assert.equal(parseEncoderConfig({ ...tinyRoberta, pad_token_id: undefined }).pad_token_id, 1);
});

test('every activation there is can be named', () => {
  for (const name of Object.keys(activations)) assert.equal(parse({ hidden_act: name })().hidden_act, name);
});

test('the labels are those of the file in the order of their numbers', () => {
  const names = Array.from({ length: 11 }, (_, i) => `class ${i}`);
  const backwards = Object.fromEntries(names.map((name, i) => [String(i), name]).reverse());
  assert.deepEqual(parse({ id2label: backwards })().labels, names);
  assert.deepEqual(parse({ architectures: ['BertForSequenceClassification'] })().labels, ['LABEL_0', 'LABEL_1']);
  assert.deepEqual(parse({ num_labels: 1 })().labels, ['LABEL_0']);
});

test('the longest sequence fits the position table', () => {
  assert.equal(longestSequence(parseEncoderConfig(tinyBert)), 24);
  assert.equal(longestSequence(parseEncoderConfig(tinyRoberta)), 22);
});

test.run();
