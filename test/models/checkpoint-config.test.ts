import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { longestSequence, parseEncoderConfig } from '../../src/models/index.ts';
import { tinyBert, tinyRoberta } from '../support/tiny-model.ts';

const test = suite('what a config.json says of head and length');

test('class names come from id2label, num_labels or the default of the architecture', () => {
  const labels = (more: object) => parseEncoderConfig({ ...tinyBert, ...more }).labels;
  assert.deepEqual(labels({ id2label: { 1: 'b', 0: 'a' } }), ['a', 'b']);
  assert.deepEqual(labels({ num_labels: 3 }), ['LABEL_0', 'LABEL_1', 'LABEL_2']);
  assert.deepEqual(labels({ architectures: ['BertForSequenceClassification'] }), ['LABEL_0', 'LABEL_1']);
  assert.equal(labels({ architectures: ['BertModel'] }), null);
  assert.equal(labels({}), null);
});

test('the longest sequence: RoBERTa keeps the first positions for itself', () => {
  const longest = (config: Readonly<Record<string, unknown>>) => longestSequence(parseEncoderConfig(config));
  assert.equal(longest({ ...tinyBert, max_position_embeddings: 512 }), 512);
  assert.equal(longest({ ...tinyRoberta, max_position_embeddings: 514 }), 512);
});

test.run();
